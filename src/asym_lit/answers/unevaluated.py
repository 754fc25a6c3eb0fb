"""Answers that leave to do what the question asks to be done: `123\\times 456` for 56088."""

from __future__ import annotations

import re

from asym_lit.answers.cleaning import compact
from asym_lit.answers.questions import Question
from asym_lit.answers.splitting import cut
from asym_lit.answers.tokens import word_set

_BIG = re.compile(r"\\(?:sum|prod|int|iint|oint|lim|max|min|gcd|lcm|det|bmod|pmod|mod)(?![A-Za-z])")
_LITERAL = re.compile(
    r"-?(?:\d+(?:\.\d+)?|\\frac\{?-?\d+\}?\{?\d+\}?|-?\d+(?:/|:)\d+|-?\d+(?:\.\d+)?\\(?:times|cdot)10\^\{?-?\d+\}?)%?"
)
_OPERATIONS = {
    "\\+": "sum add added total plus altogether", "(?<=[\\w)}])-": "difference subtract minus less remain left",
    "\\\\times|\\\\cdot|\\*|\\)\\(": "product multiply multiplied times", "/|\\\\div|\\\\frac|:": "quotient divide divided",
    "!": "factorial", "\\\\binom": "choose combinations", "\\^": "power", "\\\\sqrt": "root",
}  # fmt: skip
_ASKED = re.compile(r"(?<![\d.])\d+(?:\.\d+)?(?:[-+*/]|\\times|\\cdot|\\div)\d+(?:\.\d+)?(?![\d.])")
_DO = word_set("compute evaluate calculate sum total product value")
_DRESS = re.compile(r"\$|\\left(?![A-Za-z])|\\right(?![A-Za-z])|\\[,;:! ()\[\]]")
_TOKEN = re.compile(r"\\[A-Za-z]+|\S")
_NUMERIC = re.compile(r"(?:\d|\\times|\\cdot|\\div|\\binom|\\frac|[-+*/!^(){}.:])+")


def left_undone(gold: str, answer: str, question: Question) -> bool:
    """True if an answer repeats an expression of the question, or holds an operation that the question asks to be done.

    Args:
        gold: Cleaned; what it holds itself may stand in the answer.
        answer: Cleaned.
        question: Nothing is said without one, but for sums, integrals and limits.
    """
    mine, theirs = compact(gold), compact(answer)
    theirs = re.sub(r"^\\?[A-Za-z]+(?:_\w|\([^=]*\))?=", "", theirs)
    if _LITERAL.fullmatch(theirs) or mine == theirs:
        return False
    done = cut(theirs, lambda token: token == "=")[0][-1]  # what was done may stand before the value
    if _BIG.search(done) and not _BIG.search(mine):
        return True
    if sorted(re.sub(r"[{}()\s]", "", mine)) == sorted(re.sub(r"[{}()\s]", "", theirs)):
        return False  # the gold answer's terms in another order
    one = not re.search(r"[,<>]|\\(?:leq|geq|in|infty|cup)(?![a-z])", theirs)
    if (
        one
        and re.search(r"(?<=[\w)}])[-+*/!^]|\\(?!(?:text|mathrm|degree|pi|infty)(?![a-z]))[a-z]+", theirs)
        and _holds(_DRESS.sub(" ", question.text).replace("\\dfrac", "\\frac"), theirs)
    ):
        return True
    if any(_stands(asked, done) and not _stands(asked, mine) for asked in _ASKED.findall(compact(question.text))):
        return True
    if not (_LITERAL.fullmatch(mine) and _NUMERIC.fullmatch(theirs)):
        return False
    if question.words & _DO and re.search(r"(?<=[\d)}!])(?:[-+*]|\\times|\\cdot|\\div)", theirs):
        return True
    held = [words for pattern, words in _OPERATIONS.items() if re.search(pattern, theirs) and not re.search(pattern, mine)]
    return any(question.words & set(words.split()) for words in held)


def _stands(operation: str, expression: str) -> bool:
    """True if an operation on two numbers stands in an expression, with these very numbers."""
    return bool(re.search(rf"(?<![\d.]){re.escape(operation)}(?![\d.])", expression))


def _holds(question: str, expression: str) -> bool:
    """True if the question has the expression by itself, not as a part of a longer one."""
    spaced = r"\s*".join(re.escape(token) for token in _TOKEN.findall(expression))
    return bool(re.search(rf"(?<![\w^+*/({{\\-])(?<![+*/^-]\s){spaced}(?!\s*[\w^+*/-])", question))
