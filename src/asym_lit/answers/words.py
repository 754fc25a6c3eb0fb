"""Answers in words."""

from __future__ import annotations

import re

from asym_lit.answers.catalogue import Switches
from asym_lit.answers.cleaning import plain_text
from asym_lit.answers.findings import SAME, UNKNOWN, Finding, different
from asym_lit.answers.kinds import Expression, Words
from asym_lit.answers.questions import Question
from asym_lit.answers.tokens import word_set
from asym_lit.answers.values import equal, names_of

_STOP = word_set("a an the is are it its this there therefore thus hence so then")
_AUXILIARY = word_set("is are was were be must will would can has have does do any every all")
_DENIALS = word_set("not no never cannot neither nor without impossible except unless only none isn doesn aren")
_CHOICES = word_set("or and either both versus but if")
_EMPTY = word_set("answer correct right true solution result value final response gold same")
"""Words that judges are flattered with; as a part of a sentence they say nothing of mathematics."""
_WORD = re.compile(r"\\[A-Za-z]+|[A-Za-z]+(?:'[a-z]+)?|\d+(?:\.\d+)?|[^\sA-Za-z\d]")
_PAIRS = (
    "odd even, yes no, true false, increasing decreasing, positive negative, maximum minimum, convergent divergent, converges "
    "diverges, left right, rational irrational, prime composite, possible impossible, concave convex, up down, valid invalid"
)
_OPPOSITE = {one: other for pair in _PAIRS.split(",") for one, other in (pair.split(), pair.split()[::-1])}
_OPPOSITES = frozenset(_OPPOSITE)
LONGEST = 300


def words_of(text: str) -> tuple[str, ...]:
    """The words, numbers and signs of a text, in small letters but for single ones; none if there is no word among them."""
    plain = plain_text(text)
    if len(plain) > LONGEST or not re.search(r"(?<![\\A-Za-z])[A-Za-z]{2,}|[一-鿿]", plain):
        return ()
    return tuple(word if len(word) == 1 else word.lower() for word in _WORD.findall(plain.strip(" .")))


def same_words(gold: Words, answer: Words, question: Question, switches: Switches) -> Finding:
    """The same words in the same order, articles aside; or one or two for a sentence that only repeats the question besides."""
    if (
        gold.tree
        and answer.tree
        and (gold.text + answer.text).islower()
        and names_of(gold.tree) | names_of(answer.tree) <= question.letters
    ):
        same = equal(gold.tree, answer.tree)  # a product of names that the question gives
        return UNKNOWN if same is None else SAME if same and switches.allow("values") else different("another expression")
    content = [tuple(word for word in side.words if word not in _STOP) for side in (gold, answer)]
    run = "".join(gold.words) == "".join(answer.words) and max(map(len, (*gold.words, *answer.words))) > 12  # no spaces
    if gold.words == answer.words or run or (content[0] and content[0] == content[1]):
        return SAME if switches.allow("phrasing") else UNKNOWN
    if len(content[0]) == len(content[1]) == 1 and _exclude(content[0][0], content[1][0], question):
        return different("another choice")  # of other words, one may be another name for the same
    mine, theirs = (tuple(word for word in side.words if word not in ("a", "an", "the")) for side in (gold, answer))
    if (_part_of(mine, theirs, question) or _part_of(theirs, mine, question)) and switches.allow("phrasing"):
        return SAME
    return UNKNOWN


def _exclude(one: str, other: str, question: Question) -> bool:
    """True for the question's choices, and for words that are each other's opposite."""
    return {one, other} <= question.choices or _OPPOSITE.get(one) == other


def same_in_words(words: Words, other: Expression, question: Question) -> Finding:
    """Infinitely many is infinity, where a number of things is asked for; a product of given names is an expression."""
    if words.tree and words.text.islower() and names_of(words.tree) <= question.letters:
        same = equal(words.tree, other.tree)
        return UNKNOWN if same is None else SAME if same else different("another expression")
    if question.count and other.tree in (("constant", "\\infty"),) and set(words.words[:2]) & {"infinitely", "infinite"}:
        return SAME
    return UNKNOWN


def _part_of(sentence: tuple[str, ...], part: tuple[str, ...], question: Question) -> bool:
    """True if the part stands in a sentence, and all the rest of it is the question's, and none of that another choice."""
    size = len(part)
    if not 1 <= size <= 2 or not size < len(sentence) <= 15 or not all(word.isalpha() for word in part):
        return False
    if (set(sentence) | set(part)) & (_DENIALS | _CHOICES) or set(part) & _EMPTY or min(map(len, part)) < 3:
        return False
    places = [place for place in range(len(sentence) - size + 1) if sentence[place : place + size] == part]
    if len(places) != 1:
        return False
    rest = sentence[: places[0]] + sentence[places[0] + size :]
    said = [word for word in rest if word not in _AUXILIARY]
    if not said or set(said) & (question.choices | _OPPOSITES) or (len(said) == len(rest) and len(said) < 2):
        return False
    return all(word in question.text for word in said)  # as it stands there: in small letters, no proper names
