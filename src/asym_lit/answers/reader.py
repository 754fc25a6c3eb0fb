"""Answers read whole: one text, one reading."""

from __future__ import annotations

import re
from collections.abc import Iterable

from asym_lit.answers.catalogue import Switches
from asym_lit.answers.cleaning import plain_text
from asym_lit.answers.kinds import (
    Cases,
    Collection,
    Date,
    Equation,
    Expression,
    Labelled,
    Line,
    Quantity,
    Reading,
    Unread,
    Words,
)
from asym_lit.answers.literals import expression_of, literal_of, quantity_of
from asym_lit.answers.nothing import NOTHING
from asym_lit.answers.numerals import in_digits
from asym_lit.answers.regions import Piece, condition_of, region_of, unknown_of
from asym_lit.answers.splitting import balanced, cut, listed, wrapped
from asym_lit.answers.words import words_of
from asym_lit.answers.working import behind_working

_TEXT = re.compile(r"\\(?:text|mathrm|mbox|textbf|textrm)\s*\{([^{}]*)\}")
_BRACKETED = re.compile(
    r"(?:\\left\s*)?[(\[]\s*\\begin\s*\{(matrix|array)\}(?:\{[^}]*\})?((?:(?!\\begin).)*)"
    r"\\end\s*\{\1\}\s*(?:\\right\s*)?[)\]]",
    re.DOTALL,
)
_MATRIX = re.compile(r"^\\begin\s*\{([pbBvV]?matrix|array)\}(?:\{[^}]*\})?(.*)\\end\s*\{\1\}$", re.DOTALL)
_CASES = re.compile(r"^\\begin\s*\{cases\}(.*)\\end\s*\{cases\}$", re.DOTALL)
_CASE = re.compile(r"(.+?)[\s,&]*\b(?:for|if|when)\b\s*(.+)", re.DOTALL)
_LABEL = re.compile(
    r"^(\(?\s*[A-Za-z\\](?:[\w\\{}'^, ]|(?<=\^\{)-(?=1\}))*(?:\([^()=]*\))?\s*\)?)\s*"
    r"(?:=|\\approx|\\equiv)(?![=<>])\s*(.+)$",
    re.DOTALL,
)
_TUPLE_LABEL = re.compile(r"^(\((?:[^()=]|\([^()]*\))*\))\s*=\s*(.+)$", re.DOTALL)
_COLON = re.compile(r"^((?:\\text\{)?[A-Za-z][A-Za-z ]{1,30}\d{0,3}\}?)\s*:\s*(.+)$", re.DOTALL)
_RELATION = re.compile(r"<|>|\\leq|\\geq|\\neq|\\in(?![A-Za-z])|\\cup|\\setminus|\\backslash|\\mid|\\equiv|\\cap|\\subset")
_ROW = re.compile(r"[+-]?\d+(?:\.\d+)?(?:\s+[+-]?\d+(?:\.\d+)?)+")
_COMMA = re.compile(r"-?0,\d+")  # which may be a decimal, or two numbers
_LETTERS = re.compile(r"[A-Za-z](?:\s+[A-Za-z])+")
_GROUPS = re.compile(r"\d{1,3}(?: \d{3})+")
_NAME = re.compile(r"(?!\\pi$)\\?[A-Za-z]+\s*\\?[A-Za-z]?(?:_\{?\w+\}?)?(?:\([^()]*\))?")
_REALS = re.compile(
    r"(?:[a-z]\s*\\in\s*)?\\mathbb\s*\{?\s*R\s*\}?|(?:the )?(?:set of )?all reals?(?: numbers?)?", re.IGNORECASE
)
_EXCEPT = re.compile(
    r"\breals?\b.*\b(?:except|excluding|other than|but not)\b|\\mathbb\s*\{?\s*R\s*\}?\s*-\s*\\\{", re.IGNORECASE
)
_MEMBER = re.compile(r"^[A-Za-z]\s*\\in\s*(?=\\\{)")
DEEPEST = 8


def read(text: str, switches: Switches, depth: int = 0) -> Reading:
    """What a cleaned answer is."""
    text = behind_working(_before_approximation(text.strip()))
    if bracketed := _BRACKETED.fullmatch(text):
        text = f"\\begin{{pmatrix}}{bracketed[2]}\\end{{pmatrix}}"
    if depth > DEEPEST or not text or _COMMA.fullmatch(text):
        return Unread(text)
    if inner := _TEXT.fullmatch(text):
        text = inner[1].strip()
    if _REALS.fullmatch(text):
        return Line(text, (Piece("-\\infty", "\\infty", False, False),), frozenset())
    text = in_digits(_MEMBER.sub("", text))
    if (_RELATION.search(text) or _EXCEPT.search(text)) and (region := region_of(text, switches)):
        return Line(text, region, frozenset(unknown_of(text)))
    if NOTHING.fullmatch(plain_text(text)):
        return Collection(text, "set", ())
    if cases := _cases(text, switches, depth):
        return cases
    if (total := quantity_of(text, switches)) and not total.amount.text:
        return total
    items = listed(text, "delimiters" in switches.on)
    if len(items) > 1 and not isinstance(literal_of(text, switches) if len(text) < 40 else None, Date):
        return _list(text, items, switches, depth)
    matrix = _MATRIX.match(text)
    if matrix and "vectors" in switches.on:
        return _matrix(text, matrix[1], matrix[2], switches, depth)
    if labelled := _labelled(text, switches):
        return _assigned(text, labelled[0], read(labelled[1], switches, depth + 1))
    held = wrapped(text)
    if held and not _RELATION.search(held[1]):
        return _bracketed(*held, text, switches, depth)
    if _RELATION.search(text):
        return _related(text, switches, depth)
    parts, signs = cut(text, lambda token: token in ("\\pm", "\\mp"))
    if len(signs) == 1 and "plus_minus" in switches.on:
        switches.allow("plus_minus")
        both = tuple(read(f"{parts[0]} {sign} {parts[1]}".strip(" +"), switches, depth + 1) for sign in "+-")
        return Collection(text, "list", both)
    return _single(text, switches)


def _before_approximation(text: str) -> str:
    r"""What is exact, where an approximation of it follows: A \approx B is one answer, A; x \approx 3 is a label."""
    if "\\approx" not in text:
        return text
    text = text.removeprefix("\\approx").strip()
    exact = cut(text, lambda token: token == "\\approx")[0][0]
    return exact if exact and not _NAME.fullmatch(exact) and expression_of(exact) else text


def _cases(text: str, switches: Switches, depth: int) -> Cases | None:
    """Values with their conditions, at least two of them."""
    array = _CASES.match(text)
    plain = text if array else plain_text(text)
    rows = cut(array[1], lambda token: token == "\\\\")[0] if array else cut(plain, lambda token: token in ",;")[0]
    found: list[tuple[str, Reading]] = []
    for row in filter(None, rows):
        match = _CASE.fullmatch(row)
        value, _, condition = (
            row.partition("&") if array and "&" in row else (match[1], "", match[2]) if match else ("", "", "")
        )
        if not value or not condition or re.match(r"all|any|every|each|some", condition):
            return None
        found.append((condition_of(condition, switches), read(value.strip(" ,"), switches, depth + 1)))
    return Cases(text, tuple(found)) if len(found) > 1 else None


def _list(text: str, items: list[str], switches: Switches, depth: int) -> Collection:
    if "," not in text:
        switches.allow("delimiters")
    inner = tuple(read(item, switches, depth + 1) for item in items)
    rows = ";" in text and all(item.startswith("[") and item.endswith("]") for item in items)
    return Collection(text, "row" if rows else "list", _flat(inner))


def _labelled(text: str, switches: Switches) -> tuple[str, str] | None:
    """What stands before `=` or a colon, and behind it; of a chain, the last part."""
    if "label" not in switches.on:
        return None
    match = _TUPLE_LABEL.match(text) or _LABEL.match(text) or _COLON.match(text)
    if (
        match is None
        or not balanced(match[1])
        or _RELATION.search(match[1])
        or (_RELATION.search(match[2]) and "=" in match[2])
    ):
        return None
    label, rest = match[1].strip(), match[2].strip()
    chain = cut(rest, lambda token: token in ("=", "\\approx"))[0]
    return label, next(part for part in (chain[0] if "\\approx" in rest else chain[-1], rest) if part)


def _assigned(text: str, label: str, inner: Reading) -> Reading:
    """(x, y) = (1, 2) is x = 1, y = 2 in order."""
    held = wrapped(label)
    names = cut(held[1], lambda token: token == ",")[0] if held and held[0] == "(" else []
    if len(names) > 1 and isinstance(inner, Collection) and inner.shape == "tuple" and len(inner.items) == len(names):
        items = tuple(Labelled(f"{name}={item.text}", name, item) for name, item in zip(names, inner.items, strict=True))
        return Collection(text, "tuple", items, inner.brackets)
    return Labelled(text, label, inner)


def _bracketed(opening: str, inside: str, closing: str, text: str, switches: Switches, depth: int) -> Reading:
    items = listed(inside, "delimiters" in switches.on and opening != "[")
    inner = tuple(read(item, switches, depth + 1) for item in items)
    if opening == "\\{" and closing == "\\}":
        return Collection(text, "set", _flat(inner))
    if len(inner) > 1:
        return Collection(text, "tuple", inner, opening[-1] + closing[-1])
    if len(inner) == 1 and opening + closing in ("()", "[]") and (opening == "(" or not isinstance(inner[0], Expression)):
        return inner[0]
    return _single(text, switches)


def _matrix(text: str, environment: str, body: str, switches: Switches, depth: int) -> Reading:
    if environment[0] in "vV":
        return Unread(text)  # a determinant is a number that nobody has computed
    rows = [row for row in cut(body, lambda token: token == "\\\\")[0] if row]
    table = [tuple(read(cell, switches, depth + 1) for cell in cut(row, lambda token: token == "&")[0]) for row in rows]
    if len(table) == 1 or all(len(row) == 1 for row in table):
        return Collection(text, "tuple", tuple(cell for row in table for cell in row), "()")
    return Collection(text, "tuple", tuple(Collection("", "tuple", row, "()") for row in table), "()")


def _related(text: str, switches: Switches, depth: int) -> Reading:
    parts, signs = cut(text, lambda token: token in ("<", ">"))
    if len(signs) > 1 and len(set(signs)) == 1 and all(re.fullmatch(r"\\?[A-Za-z]+(?:_\{?\w+\}?)?", part) for part in parts):
        names = parts if signs[0] == "<" else parts[::-1]
        return Collection(text, "row", tuple(read(name, switches, depth + 1) for name in names))
    return Unread(text)


def _single(text: str, switches: Switches) -> Reading:
    if "=" in text:
        return Equation(text)
    literal = literal_of(text, switches)
    if isinstance(literal, Quantity) and not literal.unit.name:
        return literal.amount  # 12 million
    if literal:
        return literal
    if _ROW.fullmatch(text) or _LETTERS.fullmatch(text):
        if _GROUPS.fullmatch(text):
            return Unread(text)  # 10 000 may be a number
        return Collection(text, "row", tuple(read(part, switches, DEEPEST) for part in text.split()))
    expression, words = expression_of(text), words_of(text)
    if words and (expression is None or re.fullmatch(r"[A-Za-z\s]+", plain_text(text))):
        return Words(text, words, expression.tree if expression else None)
    return expression or Unread(text)


def _flat(items: Iterable[Reading]) -> tuple[Reading, ...]:
    """Lists in a list are one list."""
    flat: list[Reading] = []
    for item in items:
        flat += item.items if isinstance(item, Collection) and item.shape == "list" else (item,)
    return tuple(flat)
