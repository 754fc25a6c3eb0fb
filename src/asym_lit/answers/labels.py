"""Whether what an answer gives the value of is what the question asks for: m+n=204 for `Find $m+n$`, not m=204.

What a question asks for is read by `asked`.
"""

from __future__ import annotations

import re
from functools import lru_cache

from asym_lit.answers.asked import Asked, asked_for
from asym_lit.answers.cleaning import clean, compact
from asym_lit.answers.catalogue import Switches
from asym_lit.answers.kinds import Collection, Labelled, Reading
from asym_lit.answers.questions import Question
from asym_lit.answers.reading import Tree, read_expression
from asym_lit.answers.splitting import cut, wrapped
from asym_lit.answers.tokens import UnreadableError, word_set
from asym_lit.answers.values import equal, names_of

_SYMBOL = re.compile(r"\\?[A-Za-z]+(?:_\{?\w+\}?)?")
_RELATIONS = word_set("= \\leq \\geq < > \\neq \\approx \\in \\equiv")
_POINTS = re.compile(r"[A-Z]{2}")
_ANGLE = re.compile(r"(?:m\s*)?\\?(?:angle|measuredangle)\s*([A-Z]{3}|[A-Z]|\d)")
_AREA = re.compile(r"\[[A-Z]{3,8}\]|(?:S|A|K|\\text\{Area\}|Area)_?\{?\(?\\?(?:triangle|square)?\s*[A-Z]{3,8}\)?\}?")
_FUNCTION = re.compile(r"(\\?[A-Za-z]+(?:_\{?\w+\}?|'+|\^\{-1\})?)\((.*)\)")
_COMPOUND = re.compile(r"[\w)}]\s*[-+*/]|\\(?:frac|sum|prod|int|lim|cdots|ldots|dots|sqrt)(?![A-Za-z])")
_CHANCE = re.compile(r"\\?(?:P|Pr|E|Var|text\{P\}|mathbb\{P\}|mathbb\{E\})[(\[]")
_SOLUTIONS = word_set("root roots zero zeros zeroes solution solutions unknown variable answer pair pairs ordered point points")
_NUMBERS = word_set("number numbers integer integers value values prime primes digit")
_LENGTHS = word_set(
    "length lengths side sides distance hypotenuse leg radius diameter height altitude width base chord segment median bisector "
    "edge diagonal circumradius inradius path perpendicular"
)
_ANGLES = word_set("angle angles degree degrees measure")
_AREAS = word_set("area areas surface")
_CHANCES = word_set("probability chance likelihood odds expected expectation value variance fraction proportion mean")
_OF_TWO = {
    "add": "sum total perimeter", "sub": "difference", "mul": "product area", "div": "ratio quotient fraction average mean proportion",
    "abs": "difference distance magnitude absolute modulus",
}  # fmt: skip
"""What a worded quantity is of its parts: the sum of x and y is x+y."""
_QUANTITIES = word_set(
    "area perimeter volume length width height radius diameter circumference speed time distance cost price profit sum product "
    "difference quotient ratio mean median mode range average weight mass age remainder numerator denominator minimum maximum "
    "slope base altitude hypotenuse surface boys girls"
)
_EMPTY = word_set("answer result final solution value the of is total therefore thus so option choice text")


def without_asked(text: str, question: Question) -> str:
    """What an answer says of the very expression that is asked for; the text itself if it says it of another."""
    if "=" not in text or not question.text:
        return text
    parts, signs = cut(text, lambda token: token in _RELATIONS)
    if signs != ["="] or not all(parts) or _SYMBOL.fullmatch(parts[0]):
        return text
    return parts[1] if fits(parts[0], question) else text


def of_another(text: str, reading: Reading, question: Question) -> bool:
    """True if an answer says of what it gives the value, and the question asks for something else."""
    if not question.text:
        return False
    if isinstance(reading, Collection):
        labels = [item.label for item in reading.items if isinstance(item, Labelled)]
        return len(labels) == len(reading.items) and any(fits(label, question, among_all=True) is False for label in labels)
    if isinstance(reading, Labelled):
        return fits(reading.label, question) is False
    parts, signs = cut(text, lambda token: token == "=")
    return len(signs) == 1 and fits(parts[0], question) is False


def fits(label: str, question: Question, among_all: bool = False) -> bool | None:
    """Whether a label names what is asked for; None if that cannot be told, or the label is a name of the answer's own.

    Args:
        label: What stands before the `=` of an answer.
        question: What it answers.
        among_all: Any of the things asked for will do, not only the last one.
    """
    return _fits(label, question, among_all)


@lru_cache(maxsize=8192)
def _fits(label: str, question: Question, among_all: bool) -> bool | None:
    asked = asked_for(question.text)
    if not asked:
        return None
    label = _bare(label)
    wanted = asked if among_all else asked[-1:]
    formulas = [_bare(formula) for one in wanted for formula in one.formulas]
    if any(_same(label, formula, one.extreme) for one in wanted for formula in map(_bare, one.formulas)):
        return True
    if re.search(r"[A-Za-z]{3}", re.sub(r"\\(?!text|mathrm)[A-Za-z]+", "", label)) and not label.isupper():
        return _word_fits(label, asked[-1], question)
    names = _names(label)
    if not names:
        return None  # \sqrt{36} = 6 is work
    if among_all and not formulas:
        return None
    if formulas and wanted[-1].formulas:
        if label.startswith("(") and not any(formula.startswith("(") for formula in formulas):
            return None  # (x, y) of the point P
        own = not names & question.symbols and re.fullmatch(r"\\?[A-Za-z]+", label) is not None
        closed = not any(_names(formula) for formula in formulas)
        return None if own and (closed or (label.isupper() and any(map(_COMPOUND.search, formulas)))) else False
    return _in_words(label, names, asked[-1], question)


def _in_words(label: str, names: frozenset[str], asked: Asked, question: Question) -> bool | None:
    """Whether a label names what is asked for in words; names that the answer brings in itself may."""
    head = set(asked.head)
    if _CHANCE.match(label):
        return None if head & _CHANCES else False
    if _POINTS.fullmatch(label):
        return None if head & _LENGTHS else False
    if _ANGLE.fullmatch(label):
        return None if head & _ANGLES else False
    if _AREA.fullmatch(label):
        return None if head & _AREAS else False
    if head & _SOLUTIONS or not names & question.symbols:
        return None
    if len(names) > 1 or not re.fullmatch(r"\\?[A-Za-z]+", label):
        tree = _tree(label)
        mentioned = Question(asked.phrase).symbols
        of = set(_OF_TWO.get(tree[0], "").split()) if tree else set()
        if head & of and (not names & mentioned or names <= mentioned):
            return True
        if "square" in head and label.endswith("^2"):
            return None
        return None if re.search(r"_", label) and label not in compact(question.text) else False
    seen = not head.isdisjoint(_NUMBERS) and label in Question(asked.phrase).symbols  # the largest integer with 2x < 9
    return None if seen or _introduced(label, asked, question) else False


def _introduced(symbol: str, asked: Asked, question: Question) -> bool:
    """True if the question gives a thing asked for in words this symbol: the area $A$; let n be the number of."""
    named = rf"\$?\s*{re.escape(symbol)}(?![A-Za-z])"
    be = r"\s*\$?,?\s*(?:be|is|denote[sd]?|represents?|equals?|stands? for|as)\s+(?:the|a|an|its|this|that|their)\s+(?:\w+\s+){0,3}"
    for word in set(asked.head) - _EMPTY:
        thing = re.escape(word) + "s?"
        if re.search(
            rf"\b{thing}\b,?(?:\W+(?:is|be|equal|equals|of|to|it|has|as|by|length|called|denoted)\b){{0,3}}[^\w$]*{named}",
            question.text,
        ):
            return True
        if re.search(rf"(?<![A-Za-z\\]){re.escape(symbol)}{be}{thing}\b", question.text):
            return True
    return False


def _word_fits(label: str, asked: Asked, question: Question) -> bool | None:
    """False for a label in words that names another quantity, or another of the question's people."""
    words = re.findall(r"[A-Za-z]+", re.sub(r"\\(?:text|mathrm|angle|triangle)", " ", label))
    mine = {word.lower() for word in words} - _EMPTY
    theirs = {word.lower() for word in re.findall(r"[A-Za-z]+", asked.phrase)} | set(asked.head)
    if mine <= theirs:
        return None
    other = (mine & _QUANTITIES) - theirs
    if other and (theirs & _QUANTITIES or asked.formulas):
        return False
    people = {word for word in words if word[0].isupper() and len(word) > 2 and word.lower() not in _EMPTY | _QUANTITIES}
    known = {word for word in people if re.search(rf"(?<=[a-z,] ){word}\b", question.text)}
    named = set(re.findall(r"(?<=[a-z,] )[A-Z][a-z]{2,}", asked.phrase))
    return False if known and named and not known & named else None


def _same(label: str, formula: str, extreme: bool) -> bool:
    """True if a label names a formula: in another order of its terms, of its letters, with another argument."""
    if label == formula:
        return True
    ends = [text[1:-1] if re.fullmatch(r"\|[A-Z]{2}\|", text) else text for text in (label, formula)]
    if all(map(_POINTS.fullmatch, ends)):
        return ends[0] in (ends[1], ends[1][::-1])
    angles = [_ANGLE.fullmatch(text) for text in (label, formula)]
    if angles[1] or (angles[0] and len(formula) in (1, 3) and formula.isupper()):
        mine, theirs = (found[1] if found else text for found, text in zip(angles, (label, formula), strict=True))
        return (
            mine in (theirs, theirs[::-1]) or mine[len(mine) // 2] == theirs[len(theirs) // 2] and 1 in (len(mine), len(theirs))
        )
    if _AREA.fullmatch(label) and _AREA.fullmatch(formula):
        return sorted(re.findall(r"[A-Z]{3,}", label)[-1]) == sorted(re.findall(r"[A-Z]{3,}", formula)[-1])
    held, mine = wrapped(formula), wrapped(label)
    if mine and not held and mine[0] == "(" and formula in cut(mine[1], lambda token: token == ",")[0]:
        return True  # (A, B), where A and B are
    if held and held[0] == "(":
        if label in cut(held[1], lambda token: token == ",")[0]:
            return True  # x = 1 of the pair (x, y)
    function, other = _FUNCTION.fullmatch(label), _FUNCTION.fullmatch(formula)
    if function and (extreme or re.fullmatch(r"\\?[A-Za-z](?:,\\?[A-Za-z])*", function[2])):
        if function[1] == (other[1] if other else formula):
            return not other or extreme or re.fullmatch(r"\\?[A-Za-z](?:,\\?[A-Za-z])*", other[2]) is not None
    if other and re.fullmatch(r"[a-z]", other[2]) and label in ("y", other[1]):
        return True
    if re.fullmatch(r"\\?[A-Za-z]+", formula) and re.fullmatch(rf"{re.escape(formula)}_\{{?\w+\}}?", label):
        return True
    trees = _tree(label), _tree(formula)
    return bool(trees[0] and trees[1] and not function and names_of(trees[0]) and equal(trees[0], trees[1]))


@lru_cache(maxsize=4096)
def _bare(text: str) -> str:
    text = re.sub(r"\\(?:overline|overrightarrow|widehat|overarc|vec|mathrm|text)\s*\{\s*([A-Z]{2,3})\s*\}", r"\1", text)
    text = re.sub(r"∠", r"\\angle ", text)
    return compact(clean(text.strip(" .,"), Switches())).replace("{}", " ")


def _tree(text: str) -> Tree | None:
    try:
        return read_expression(re.sub(r"\\angle\s*", "", text))
    except (UnreadableError, RecursionError):
        return None


def _names(text: str) -> frozenset[str]:
    """Letters of a label or formula."""
    tree = _tree(text)
    if tree is not None:
        return frozenset(name.lstrip("\\")[:1] if not name.startswith("\\") else name for name in names_of(tree))
    return frozenset(re.findall(r"[A-Za-z]", re.sub(r"\\[A-Za-z]+", "", text)))
