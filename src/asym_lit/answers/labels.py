"""Whether what an answer gives the value of is what the question asks for: m+n=204 for `Find $m+n$`, not m=204.

What a question asks for is read by `asked`; what it asks for in words is `worded`.
"""

from __future__ import annotations

import re
from functools import lru_cache

from asym_lit.answers.asked import asked_for
from asym_lit.answers.catalogue import Switches
from asym_lit.answers.cleaning import clean, compact
from asym_lit.answers.functions import another_function, functions_of, untrue_function
from asym_lit.answers.kinds import Collection, Labelled, Reading
from asym_lit.answers.questions import Question
from asym_lit.answers.reading import Tree, read_expression
from asym_lit.answers.splitting import cut, listed, wrapped
from asym_lit.answers.tokens import UnreadableError, word_set
from asym_lit.answers.values import apart, equal, names_of, number_of
from asym_lit.answers.worded import ANGLE, AREA, POINTS, in_words, word_fits

_SYMBOL = re.compile(r"\\?[A-Za-z]+(?:_\{?\w+\}?)?")
_RELATIONS = word_set("= \\leq \\geq < > \\neq \\approx \\in \\equiv")
_FUNCTION = re.compile(r"(\\?[A-Za-z]+(?:_\{?\w+\}?|'+|\^\{-1\})?)\((.*)\)")
_ARGUMENTS = re.compile(r"[a-z](?:,[a-z])*|\\[a-z]+")
_SIZE = re.compile(r"\|([A-Z])\||(?:n|\\?#|card)\s*\(?([A-Z])\)?")
_TRIGONOMETRIC = re.compile(r"(\\(?:sin|cos|tan|cot|sec|csc))(?:\{\})?\s*\(?(.+?)\)?")
_DERIVED = word_set("derivative inverse antiderivative integral reciprocal square")
"""What is another function than the one that it is of."""
_COMPOUND = re.compile(r"[\w)}]\s*[-+*/]|\\(?:frac|sum|prod|int|lim|cdots|ldots|dots|sqrt)(?![A-Za-z])")


def without_asked(text: str, question: Question) -> str:
    """What an answer says of the very expression that is asked for; the text itself if it says it of another."""
    if "=" not in text or not question.text:
        return text
    if len(items := listed(text, delimiters=True)) > 1:
        return _each(items, question) or text
    parts, signs = cut(text, lambda token: token in _RELATIONS)
    if signs != ["="] or not all(parts) or _SYMBOL.fullmatch(parts[0]):
        return text
    return parts[1] if fits(parts[0], question) or _sizes(parts[0], question) else text


def _each(items: list[str], question: Question) -> str | None:
    """The values of x+y=4, x-y=2 in the order in which the question asks for x+y and x-y."""
    formulas = [bare(formula) for one in asked_for(question.text) for formula in one.formulas]
    values = dict[int, str]()
    for item in items:
        parts = item.split("=")
        if len(parts) != 2 or not all(parts) or len(formulas) != len(items):
            return None
        place = next((n for n, formula in enumerate(formulas) if _same(bare(parts[0]), formula, extreme=False)), None)
        if place is None or place in values:
            return None
        values[place] = parts[1].strip()
    compound = any(not _SYMBOL.fullmatch(item.split("=")[0].strip()) for item in items)
    return ", ".join(values[place] for place in sorted(values)) if compound else None


def _sizes(label: str, question: Question) -> bool:
    """True for the size of the set that is counted: |S|, n(S), where the question asks how many and speaks of no other set."""
    found = _SIZE.fullmatch(bare(label))
    if found is None or not question.count or not asked_for(question.text):
        return False
    sets = {letter for letter in question.symbols if letter.isupper()}
    return not sets or sets == {found[1] or found[2]}


def of_another(text: str, reading: Reading, question: Question, general: bool) -> bool:
    """True if an answer says of what it gives the value, and the question asks for something else.

    Args:
        text: Cleaned.
        reading: Of the text.
        question: What it answers.
        general: The gold answer holds names: what is asked for in words may then be called as one likes, y or f(x).
    """
    asked = asked_for(question.text) if re.search("[=:]", text) else ()
    if not asked:
        return False
    if general and not asked[-1].formulas:
        return isinstance(reading, Labelled) and _defined(reading.label, question) and not _DERIVED.isdisjoint(asked[-1].head)
    if isinstance(reading, Collection):
        labels = [item.label for item in reading.items if isinstance(item, Labelled)]
        return len(labels) == len(reading.items) and any(fits(label, question, among_all=True) is False for label in labels)
    if isinstance(reading, Labelled):
        return fits(reading.label, question) is False or _untrue(reading)
    parts, signs = cut(text, lambda token: token == "=")
    return len(signs) == 1 and fits(parts[0], question) is False


@lru_cache(maxsize=8192)
def fits(label: str, question: Question, among_all: bool = False) -> bool | None:
    """Whether a label names what is asked for; None if that cannot be told, or the label is a name of the answer's own.

    Args:
        label: What stands before the `=` of an answer.
        question: What it answers.
        among_all: Any of the things asked for will do, not only the last one.
    """
    asked = asked_for(question.text)
    if not asked:
        return None
    label = bare(label)
    wanted = asked if among_all else asked[-1:]
    formulas = [(bare(formula), one.extreme) for one in wanted for formula in one.formulas]
    if any(_same(label, formula, extreme) for formula, extreme in formulas):
        return True
    functions = [functions_of(text) for text in (label, *(formula for formula, _ in formulas))]
    if functions[0] and any(functions[1:]) and functions[0] not in functions[1:]:
        return False  # the lcm is no gcd
    if another_function(functions[0], wanted[-1].phrase):
        return False
    letters = re.sub(r"\\(?!text|mathrm)[A-Za-z]+", "", label)
    if re.search(r"[A-Za-z]{3}", letters) and not letters.isupper():
        return word_fits(label, asked[-1], question)
    names = _names(label)
    if not names or (among_all and not formulas):
        return None  # \sqrt{36} = 6 is work
    if not (formulas and wanted[-1].formulas):
        return in_words(label, names, asked[-1], question, _tree(label))
    if label.startswith("(") and not any(formula.startswith("(") for formula, _ in formulas):
        return None  # (x, y) of the point P
    own = not names & question.symbols and re.fullmatch(r"\\?[A-Za-z]+", label) is not None
    closed = not any(_names(formula) for formula, _ in formulas)
    named = label.isupper() and any(_COMPOUND.search(formula) for formula, _ in formulas)  # S for a sum, but y not for x
    return None if own and (closed or named) else False


def _untrue(reading: Labelled) -> bool:
    """True for work that has another value: sin 60 = 1/2."""
    work, result = number_of(bare(reading.label)), number_of(bare(reading.inner.text))
    if work is None or result is None:
        return result is not None and untrue_function(bare(reading.label), result)
    return apart(work, result, 1e-3)


def _defined(label: str, question: Question) -> bool:
    """True for a function that the question itself gives: f(x) in the derivative of f(x)=x^2."""
    return _FUNCTION.fullmatch(bare(label)) is not None and f"{bare(label)}=" in bare(question.text)


def _same(label: str, formula: str, extreme: bool) -> bool:
    """True if a label names a formula: in another order of its terms, of its letters, with another argument."""
    if label == formula or _alike(label, formula):
        return True
    both = [_TRIGONOMETRIC.fullmatch(text) for text in (label, formula)]
    if both[0] and both[1] and both[0][1] == both[1][1] and _alike(both[0][2].strip(), both[1][2].strip()):
        return True
    held, mine = wrapped(formula), wrapped(label)
    if mine and not held and mine[0] == "(" and formula in cut(mine[1], lambda token: token == ",")[0]:
        return True  # (A, B), where A and B are
    if held and held[0] == "(" and label in cut(held[1], lambda token: token == ",")[0]:
        return True  # x = 1 of the pair (x, y)
    function, other = _FUNCTION.fullmatch(label), _FUNCTION.fullmatch(formula)
    if function and function[1] == (other[1] if other else formula) and (extreme or _ARGUMENTS.fullmatch(function[2])):
        return not other or extreme or _ARGUMENTS.fullmatch(other[2]) is not None
    if other and re.fullmatch(r"[a-z]", other[2]) and label in ("y", other[1]):
        return True
    if re.fullmatch(r"\\?[A-Za-z]+", formula) and re.fullmatch(rf"{re.escape(formula)}_\{{?\w+\}}?", label):
        return True
    one, another = _tree(_one_name_each(label)), _tree(_one_name_each(formula))
    if function or one is None or another is None or not names_of(one):
        return False
    return equal(one, another) is True


def _one_name_each(text: str) -> str:
    """Angles and segments by a name each: AB times CD is not AC times BD, the angle ABC not ACB."""
    text = re.sub(r"\\angle\s*([A-Z]{3})(?![A-Za-z])", lambda corners: f"a_{{{min(corners[1], corners[1][::-1])}}}", text)
    return re.sub(r"(?<![A-Za-z\\])(?<!_\{)[A-Z]{2}(?![A-Za-z])", lambda ends: f"s_{{{''.join(sorted(ends[0]))}}}", text)


def _alike(label: str, formula: str) -> bool:
    """True for names of one thing of geometry: AB and |BA|, the angles ABC and B, [ABC] and the area of CAB."""
    ends = [text[1:-1] if re.fullmatch(r"\|[A-Z]{2}\|", text) else text for text in (label, formula)]
    if all(map(POINTS.fullmatch, ends)):
        return ends[0] in (ends[1], ends[1][::-1])
    angles = [ANGLE.fullmatch(text) for text in (label, formula)]
    if angles[1] or (angles[0] and re.fullmatch(r"[A-Z]|[A-Z]{3}", formula)):
        mine, theirs = (found[1] if found else text for found, text in zip(angles, (label, formula), strict=True))
        if not re.fullmatch(r"[A-Z]|[A-Z]{3}|\d", mine):
            return False
        vertex = mine[len(mine) // 2] == theirs[len(theirs) // 2]
        return mine in (theirs, theirs[::-1]) or (vertex and len(mine) != len(theirs))
    if AREA.fullmatch(label) and AREA.fullmatch(formula):
        corners = [sorted(re.findall(r"[A-Z]{3,}", text)[-1:]) for text in (label, formula)]
        return corners[0] == corners[1]
    return False


@lru_cache(maxsize=4096)
def bare(text: str) -> str:
    """A label or formula in the spelling in which they are compared."""
    text = re.sub(r"\\(?:overline|overrightarrow|widehat|overarc|vec|mathrm|text)\s*\{\s*([A-Z]{2,3})\s*\}", r"\1", text)
    text = re.sub(r"∠|\bangle (?=[A-Z\d])", r"\\angle ", text)
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
        return frozenset(name if name.startswith("\\") else name[:1] for name in names_of(tree))
    return frozenset(re.findall(r"[A-Za-z]", re.sub(r"\\[A-Za-z]+", "", text)))
