"""Answers that leave to do what the question asks to be done: `123\\times 456` for 56088."""

from __future__ import annotations

import re
from functools import lru_cache

from asym_lit.answers.asked import asked_for
from asym_lit.answers.catalogue import Switches
from asym_lit.answers.cleaning import clean, compact, plain_text
from asym_lit.answers.finished import unfinished
from asym_lit.answers.forms import another_form
from asym_lit.answers.literals import expression_of
from asym_lit.answers.questions import Question
from asym_lit.answers.reading import Tree
from asym_lit.answers.splitting import cut
from asym_lit.answers.tokens import word_set
from asym_lit.answers.units import unit_of
from asym_lit.answers.values import number_of

_LABEL = r"^\\?[A-Za-z]+(?:_\w|\([^=]*\))?="
_BIG = re.compile(r"\\(?:sum|prod|int|iint|oint|lim|max|min|gcd|lcm|det|bmod|pmod|mod)(?![A-Za-z])")
_AMOUNT = re.compile(r"(-?\d+(?:\.\d+)?) ?((?:\\degree|[A-Za-z])[A-Za-z/^\d .]*)")
_CONVERTED = re.compile(r"\b(?:convert|change|express|write|how many|in|to|into)\b", re.IGNORECASE)
_LITERAL = re.compile(
    r"-?(?:\d+(?:\.\d+)?|\\frac\{?-?\d+\}?\{?\d+\}?|-?\d+(?:/|:)\d+|-?\d+(?:\.\d+)?\\(?:times|cdot)10\^\{?-?\d+\}?)%?"
)
_FUNCTIONS = ("\\sin", "\\cos", "\\tan", "\\cot", "\\sec", "\\csc", "\\arc", "\\log", "\\ln", "\\sqrt", "\\binom", "|", "!")
_OPERATIONS = {
    "\\+": "sum add added total plus altogether", "(?<=[\\w)}])-": "difference subtract minus less remain left",
    "\\\\times|\\\\cdot|\\*|\\)\\(": "product multiply multiplied times", "/|\\\\div|\\\\frac|:": "quotient divide divided",
    "!": "factorial", "\\\\binom": "choose combinations", "\\^": "power cube cubed squared", "\\\\sqrt": "root",
    "\\|": "absolute", "\\\\frac|/": "reciprocal",
}  # fmt: skip
_ASKED = re.compile(
    r"(?<![\d.^_{])\d+(?:\.\d+)?(?:[-+*/]|\\times|\\cdot|\\div)\d+(?:\.\d+)?(?![\d.^(A-Za-z]|\\(?:sqrt|pi|frac|binom))"
)
_DO = word_set("compute evaluate calculate sum total product value")
_PART = re.compile(
    r"\bwork out\b|\bwhat is \$?-?\d[\d.]*\s*(?:x|\u00d7|times|plus|minus|divided|squared|cubed|to the)\b|"
    r"\bwhat is \$?\d+(?:\.\d+)?\s*(?:\\?%|percent)\$? of \$?\d",
    re.IGNORECASE,
)
_DRESS = re.compile(r"\$|\\left(?![A-Za-z])|\\right(?![A-Za-z])|\\[,;:! ()\[\]]")
_TOKEN = re.compile(r"\\[A-Za-z]+|\S")
_NUMERIC = re.compile(r"(?:\d|%|\||\\sqrt|\\times|\\cdot|\\div|\\binom|\\frac|[-+*/!^(){}.:])+")


def left_undone(gold: str, answer: str, question: Question) -> bool:
    """True if an answer repeats an expression of the question, or holds an operation that the question asks to be done.

    Args:
        gold: Cleaned; what it holds itself may stand in the answer.
        answer: Cleaned.
        question: Nothing is said without one, but for sums, integrals and limits.
    """
    mine, theirs = compact(gold), compact(answer)
    theirs = re.sub(_LABEL, "", theirs)
    if mine == theirs:
        return False
    done = cut(theirs, lambda token: token == "=")[0][-1]  # what was done may stand before the value
    if question.text and (amount := _AMOUNT.fullmatch(plain_text(answer))) and _unconverted(plain_text(gold), amount, question):
        return True
    if question.text and another_form(re.sub(_LABEL, "", mine), done, _spelled(question.text)):
        return True
    if question.text and unfinished(re.sub(_LABEL, "", mine), done, question.text):
        return True
    if _LITERAL.fullmatch(theirs):
        return False
    if _BIG.search(done) and not _BIG.search(mine):
        return True
    if sorted(re.sub(r"[{}()\s]", "", mine)) == sorted(re.sub(r"[{}()\s]", "", theirs)):
        return False  # the gold answer's terms in another order
    if _held_back(mine, theirs, question):
        return True
    if _NUMERIC.fullmatch(theirs) and _given(question) and (tree := expression_of(theirs)) and tree.tree in _given(question):
        return True
    one = not re.search(r"[,<>]|\\(?:leq|geq|in|infty|cup)(?![a-z])", theirs)
    if (
        one
        and re.search(r"(?<=[\w)}])[-+*/!^]|\||^-[-(]|\\(?!(?:text|mathrm|degree|pi|infty)(?![a-z]))[a-z]+", theirs)
        and _holds(_spelled(question.text), theirs)
    ):
        return True
    if any(_stands(asked, done) and not _stands(asked, mine) for asked in _ASKED.findall(compact(question.text))):
        return True
    if not (_LITERAL.fullmatch(mine) and _NUMERIC.fullmatch(theirs)):
        return False
    if (question.words & _DO or _to_compute(question)) and re.search(
        r"(?<=[\d)}!%])(?:[-+*]|\\times|\\cdot|\\div)|[\d)]!|-[-(]|\\binom", theirs
    ):
        return True
    if "^" in theirs and "^" not in mine and _to_compute(question):
        return True
    held = [words for pattern, words in _OPERATIONS.items() if re.search(pattern, theirs) and not re.search(pattern, mine)]
    return any(question.words & set(words.split()) for words in held)


@lru_cache(maxsize=1024)
def _to_compute(question: Question) -> bool:
    """True if an expression of numbers is asked for, or a part of a number: what is 3+4, what is 15% of 80."""
    asked = asked_for(question.text)
    formulas = [compact(clean(formula, Switches())) for formula in (asked[-1].formulas if asked else ())]
    return any(map(_NUMERIC.fullmatch, formulas)) or _PART.search(question.text) is not None


@lru_cache(maxsize=1024)
def _given(question: Question) -> frozenset[Tree]:
    """The question's expressions of numbers."""
    found = set()
    for formula in question.formulas:
        text = compact(clean(formula.strip(" .?"), Switches()))
        if _NUMERIC.fullmatch(text) and not _LITERAL.fullmatch(text) and (tree := expression_of(text)):
            found.add(tree.tree)
    return frozenset(found)


def _held_back(gold: str, answer: str, question: Question) -> bool:
    """True for a function of numbers that the question is about, where the gold answer has its value."""
    held = [name for name in _FUNCTIONS if name in answer and name not in gold]
    if not held or re.search(r"\.\d\d", gold):
        return False
    asked = re.sub(r"(?<![\d)])!", "", _spelled(question.text))  # of a sentence
    if "!" in held and "\\binom" in asked:
        return True
    return any(name in asked for name in held) and number_of(answer) is not None


@lru_cache(maxsize=1024)
def _spelled(question: str) -> str:
    """A question in the spelling of cleaned answers."""
    text = clean(_DRESS.sub(" ", question), Switches())
    return re.sub(r"\\frac\s*(\d)\s*(\d)", r"\\frac{\1}{\2}", re.sub(r"([\^_])\{(\w)\}", r"\1\2", text))


def _unconverted(gold: str, amount: re.Match[str], question: Question) -> bool:
    """True for an amount of the question that was to be had in another unit: 90 seconds, in minutes."""
    number, unit = re.escape(amount[1]), amount[2].strip()
    if re.match(rf"{number}(?![\d.])", gold) or not _CONVERTED.search(question.text):
        return False
    given = re.findall(rf"(?<![\d.]){number}\s*(\\degree|[A-Za-z]+(?:/[A-Za-z]+)?)", plain_text(_spelled(question.text)))
    mine, theirs = unit_of(unit), [unit_of(one) for one in given]
    sizes = [(known.dimension, known.size) for known in theirs if known]
    return unit in given or (mine is not None and (mine.dimension, mine.size) in sizes)


def _stands(operation: str, expression: str) -> bool:
    """True if an operation on two numbers stands in an expression, with these very numbers."""
    behind = r"(?![\d.^(A-Za-z]|\\(?:sqrt|pi|frac|binom))"
    return bool(re.search(rf"(?<![\d.^_])(?<!\^\{{){re.escape(operation)}{behind}", expression))


def _holds(question: str, expression: str) -> bool:
    """True if the question has the expression by itself, not as a part of a longer one."""
    spaced = r"\s*".join(re.escape(token) for token in _TOKEN.findall(expression))
    behind = r"(?!\w|\s*[\^+*/(-]|\s*\\(?:cdot|times|frac|sqrt|div)(?![A-Za-z])|\s*\w(?!\w))"
    return bool(re.search(rf"(?<![\w^+*/({{\\-])(?<![+*/^-]\s){spaced}{behind}", question))
