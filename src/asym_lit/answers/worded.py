"""Whether a label fits what a question asks for in words: [ABC] its area, x+y its sum, but AB no area and x no number of x.

Labels of what is asked for by formula: `labels`.
"""

from __future__ import annotations

import re

from asym_lit.answers.asked import Asked
from asym_lit.answers.cleaning import compact
from asym_lit.answers.questions import Question
from asym_lit.answers.reading import Tree
from asym_lit.answers.tokens import word_set

POINTS = re.compile(r"[A-Z]{2}")
"""A segment by its ends."""
ANGLE = re.compile(r"(?:m\s*)?\\(?:angle|measuredangle)\s*([A-Z]{3}|[A-Z]|\d)")
AREA = re.compile(
    r"\[(?:\\triangle\s*)?[A-Z]{3,8}\]|(?:S|A|K|\\text\{Area\}|Area)_?\{?\(?\\?(?:triangle|square)?\s*[A-Z]{3,8}\)?\}?"
)
"""The area of a figure by its corners."""
_CHANCE = re.compile(r"\\?(?:P|Pr|E|Var|text\{P\}|mathbb\{P\}|mathbb\{E\})[(\[]")
_SOLUTIONS = word_set("root roots zero zeros zeroes solution solutions unknown variable answer pair pairs ordered point points")
_NUMBERS = word_set("number numbers integer integers value values prime primes digit")
_LENGTHS = word_set(
    "length lengths side sides distance hypotenuse leg radius diameter height altitude width base chord segment median "
    "bisector edge diagonal circumradius inradius path perpendicular"
)
_ANGLES = word_set("angle angles degree degrees measure")
_AREAS = word_set("area areas surface")
_CHANCES = word_set("probability chance likelihood odds expected expectation value variance fraction proportion mean")
_OF_FUNCTIONS = word_set("term coefficients coefficient constant remainder maximum minimum value height")
_OF_TWO = {
    "add": "sum total perimeter", "sub": "difference", "mul": "product area", "div": "ratio quotient fraction average mean",
    "abs": "difference distance magnitude absolute modulus",
}  # fmt: skip
"""What a quantity in words is of its parts: the sum of x and y is x+y."""
_QUANTITIES = word_set(
    "area perimeter volume length width height radius diameter circumference speed time distance cost price profit sum product "
    "difference quotient ratio mean median mode range average weight mass age remainder numerator denominator minimum maximum "
    "slope base altitude hypotenuse surface"
)
_EMPTY = word_set("answer result final solution value the of is total therefore thus so option choice text")
_IS = r"is|be|equal|equals|to|it|has|as|by|length|called|denoted"
_CLAUSE = re.compile(r"\b(?:if|when|given|after|since|because|than|with|whose|where)\b")
_MEANS = r"be|is|denote[sd]?|represents?|equals?|stands? for|as"


def in_words(label: str, names: frozenset[str], asked: Asked, question: Question, tree: Tree | None) -> bool | None:
    """Whether a label names what is asked for in words; names that the answer brings in itself may.

    Args:
        label: In the spelling of formulas.
        names: Its letters.
        asked: What is asked for, in words.
        question: All of it.
        tree: Of the label, if it can be read.
    """
    head = set(asked.head)
    if _CHANCE.match(label):
        return None if head & _CHANCES else False
    if POINTS.fullmatch(label) or re.fullmatch(r"\|[A-Z]{2}\|", label):
        return None if head & _LENGTHS else False
    if ANGLE.fullmatch(label):
        return None if head & _ANGLES else False
    if AREA.fullmatch(label):
        return _area_fits(label, asked) if head & _AREAS else False
    if "coordinate" in head:
        return None if label in head or not names & question.symbols else False
    if re.fullmatch(r"\|[A-Z]\|", label) and "count" in head:
        return None  # of a set
    if (head & _SOLUTIONS and "count" not in head) or not names & question.symbols:
        return None
    if len(names) > 1 or not re.fullmatch(r"\\?[A-Za-z]+", label):
        return _part_fits(label, names, asked, question, tree)
    seen = (
        "count" not in head and head & _NUMBERS and label in Question(asked.phrase).symbols
    )  # the largest integer with 2x < 9
    return None if seen or _introduced(label, asked, question) else False


def _area_fits(label: str, asked: Asked) -> bool:
    """True if the question asks for the area of this very figure, or of the only one."""
    figures = re.findall(r"[A-Z]{3,8}", asked.phrase)
    return not figures or sorted(figures[0]) == sorted(re.findall(r"[A-Z]{3,8}", label)[-1])


def _part_fits(label: str, names: frozenset[str], asked: Asked, question: Question, tree: Tree | None) -> bool | None:
    """Whether an expression is what is asked for of its names: x+y the sum of x and y, a_3 the third term."""
    head, mentioned = set(asked.head), Question(asked.phrase).symbols
    of = set(_OF_TWO.get(tree[0], "").split()) if tree else set()
    if head & of and (not names & mentioned or names <= mentioned):
        return _in_turn(label, asked)
    if not head.isdisjoint(_OF_FUNCTIONS) and re.fullmatch(r"[A-Za-z]\([\d./-]+\)", label):
        return None  # the constant term is p(0)
    if "square" in head and label.endswith("^2"):
        return None
    return None if "_" in label and label not in compact(question.text) else False


def _in_turn(label: str, asked: Asked) -> bool | None:
    """False for the ratio of CD to AB in place of that of AB to CD, and for two sides in place of three."""
    mine, theirs = (re.findall(r"[A-Z]{2,8}|(?<![A-Za-z\\])[a-z](?![A-Za-z])", text) for text in (label, asked.phrase))
    if "perimeter" in asked.head:
        return len(mine) == len(theirs[0]) if theirs and mine else None
    both = [name for name in theirs if name in mine]
    if len(set(both)) < 2 or mine[:2] == both[:2] or not {"ratio", "quotient", "proportion", "difference"} & set(asked.head):
        return True
    return None if "difference" in asked.head else False


def _introduced(symbol: str, asked: Asked, question: Question) -> bool:
    """True if the question gives a thing asked for in words this symbol: the area $A$; let n be the number of."""
    named = rf"\$?\s*{re.escape(symbol)}(?![A-Za-z])"
    means = rf"(?<![A-Za-z\\]){re.escape(symbol)}\s*\$?,?\s*(?:{_MEANS})\s+(?:the|a|an|its|this|that|their)\s+(?:\w+\s+){{0,3}}"
    for word in {"number"} if "count" in asked.head else set(asked.head) - _EMPTY:
        thing = rf"\b{re.escape(word)}s?\b"
        if re.search(rf"{thing},?(?:\W+(?:{_IS})\b){{0,3}}[^\w$]*{named}", question.text):
            return True
        if re.search(means + thing, question.text):
            return True
    return False


def word_fits(label: str, asked: Asked, question: Question) -> bool | None:
    """False for a label in words that names another quantity, or another of the question's people."""
    words = re.findall(r"[A-Za-z]+", re.sub(r"\\(?:text|mathrm|angle|triangle)", " ", label))
    mine = {word.lower() for word in words} - _EMPTY
    clause = _CLAUSE.split(asked.phrase)[0]
    theirs = {word.lower() for word in re.findall(r"[A-Za-z]+", clause)} | set(asked.head)
    if mine <= theirs:
        return None
    if (mine & _QUANTITIES) - theirs and (theirs & _QUANTITIES or asked.formulas):
        return False
    people = {word for word in words if word[0].isupper() and word.lower() not in _EMPTY | _QUANTITIES}
    known = {word for word in people if len(word) > 1 and re.search(rf"\b{word}\b", question.text)}
    named = set(re.findall(r"(?<=[a-z,] )[A-Z][a-z]+", clause))
    if known and named and not known & named:
        return False
    counted = asked.head[1:2] if asked.head[:1] == ("count",) else ()
    told = re.findall(r"[a-z]+", question.text.lower())
    return False if counted and told.count(counted[0]) > 1 and mine <= set(told) else None
