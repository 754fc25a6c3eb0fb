"""Regions of the real line: intervals, inequalities, unions, points taken out."""

from __future__ import annotations

import re
from dataclasses import dataclass

from asym_lit.answers.catalogue import Switches
from asym_lit.answers.cleaning import plain_text
from asym_lit.answers.reading import read_expression
from asym_lit.answers.splitting import cut, wrapped
from asym_lit.answers.tokens import UnreadableError
from asym_lit.answers.values import as_float, at_points, names_of, number_of, point, real

_REALS = re.compile(
    r"(?:[A-Za-z]\s*\\in\s*)?\\mathbb\s*\{?\s*R\s*\}?|(?:the )?(?:set of )?(?:all )?real(?:s| numbers?)", re.IGNORECASE
)
_EXCEPT = re.compile(
    r"(?:\\text\s*\{)?\s*,?\s*\b(?:except|excluding|other than|but not|without)(?: for)?(?: [a-z] ?=)?\s*\}?\s*"
)
_UNEQUAL = re.compile(r"(?:[A-Za-z]\s*\\in\s*\\mathbb\s*\{?\s*R\s*\}?\s*,\s*)?([A-Za-z])\s*\\neq\s*(.+)", re.DOTALL)
_ENDS = ("\\infty", "+\\infty", "-\\infty")
_SETS = re.compile(
    r"^\\?\{?\s*[A-Za-z]\w*\s*(?:\\in\s*(?:\\mathbb\s*\{?\s*R\s*\}?|R))?\s*(?:\||:|\\mid)\s*(.+?)\s*\\?\}?$", re.DOTALL
)
_COMPARED = re.compile(
    r"(?:(?:<|>|\\leq|\\geq)\s*|^\s*|\|\s*|\\{\s*|(?<=or)\W*|(?<=and)\W*|,\s*)([A-Za-z])(?=\s*(?:<|>|\\leq|\\geq|\\neq|\\in|\|))"
)
_AND = re.compile(
    r"\s*\\text\s*\{\s*,?\s*and\s*\}\s*|(?<=[\s\d)}])and(?=[\s\\(])|\s*\\(?:land|wedge)(?![A-Za-z])\s*|,(?=[^()\[\]]*$)"
)
_FLIP = {"<": ">", "\\leq": "\\geq", ">": "<", "\\geq": "\\leq"}


@dataclass(frozen=True, slots=True)
class Piece:
    """An interval, or with both ends equal and closed, a point."""

    low: str
    high: str
    low_closed: bool
    high_closed: bool


Region = tuple[Piece, ...]


def region_of(text: str, switches: Switches) -> Region | None:
    """The region that a cleaned answer describes; None if it is none, or the rule is off."""
    if "intervals" not in switches.on or len(text) > 400:
        return None
    region = _read(text.strip(), False)
    return tuple(sorted(region, key=_where)) if region else None


def unknown_of(text: str) -> set[str]:
    """The letters that a text compares with something: its unknown, if it is an inequality."""
    return set(_COMPARED.findall(text))


def condition_of(text: str, switches: Switches) -> str:
    """A condition in one spelling: `if`, commas and spaces left out, 0 < x as x > 0."""
    plain = re.sub(r"^\W*(?:if|for|when)\b|[,.;\s]+$", "", plain_text(text).strip(), flags=re.IGNORECASE).strip()
    plain = re.sub(r"[,.;\s]+$", "", plain)
    letters = set(re.findall(r"(?<![A-Za-z\\])[A-Za-z](?![A-Za-z])", plain))
    region = region_of(plain, switches) if len(letters) == 1 else None
    return f"{letters}{region}" if region else re.sub(r"\s|\\text|[{}]", "", plain)


def _where(piece: Piece) -> tuple[float, float]:
    return _size(piece.low), _size(piece.high)


def _size(end: str) -> float:
    """A number to sort ends by."""
    if end.replace(" ", "") in _ENDS:
        return float("-inf") if "-" in end else float("inf")
    found = number_of(end)
    if found is None:
        try:
            tree = read_expression(end)
            found = at_points(tree, names_of(tree))[0]
        except (UnreadableError, RecursionError):
            pass
    if found is None or not real(found):
        return point(end, 0)
    return as_float(found)


def _read(text: str, joined: bool) -> Region | None:
    """A region; of a union (`joined`), x = a is a part."""
    if unequal := _UNEQUAL.fullmatch(text):
        return _unequal(unequal[1], unequal[2])
    text = re.sub(r"^[A-Za-z]\w*\s*\\in\s*(?=[\[(\\])", "", text)
    if _REALS.fullmatch(text):
        return (Piece("-\\infty", "\\infty", False, False),)
    builder = _SETS.match(text) if text.startswith("\\{") else None
    parts, signs = cut(text, lambda token: token in ("\\setminus", "\\backslash"))
    if not signs and re.search(r"[\])}R]\s*-\s*\\\{", text):
        parts = re.split(r"(?<=[\])}R])\s*-\s*(?=\\\{)", text, maxsplit=1)
    if not signs and len(taken := _EXCEPT.split(plain_text(text))) == 2:
        return _without(_read(taken[0], joined), f"\\{{{re.sub(_AND, ',', taken[1])}\\}}")
    if len(parts) == 2:
        return _without(_read(parts[0], joined), parts[1])
    if builder and wrapped(text):
        return _read(builder[1], joined)
    parts, signs = cut(text, lambda token: token == "\\cup")
    if not signs:
        split = re.split(r"\s*\\text\s*\{\s*or\s*\}\s*|(?<=[\s\d)}])or(?=[\s\\(])|\s*\\lor\s*", text)
        parts = [part for part in split if part.strip()]
    if len(parts) > 1:
        pieces = [_read(part.strip(" ,"), True) for part in parts]
        return tuple(piece for region in pieces for piece in region or ()) if all(pieces) else None
    return _interval(text) or _inequality(text) or _both(text) or (_points(text) if joined else None)


def _unequal(name: str, rest: str) -> Region | None:
    r"""x \neq 1, 2; or x \neq 1 and x \neq 2: the line without them."""
    points = [re.sub(rf"^{name}\s*\\neq", "", part.strip()).strip() for part in _AND.split(rest) if part.strip()]
    if any(re.search(r"[A-Za-z<>=]", re.sub(r"\\(?:pm|sqrt|frac|pi)(?![A-Za-z])", "", part)) for part in points):
        return None
    return _without((Piece("-\\infty", "\\infty", False, False),), f"\\{{{','.join(points)}\\}}")


def _both(text: str) -> Region | None:
    """x > 1 and x < 2: what several inequalities for one name have in common, if that is one interval."""
    parts = [part.strip(" ,") for part in _AND.split(text) if part.strip(" ,")]
    if len(parts) < 2 or len(set().union(*map(unknown_of, parts))) != 1:
        return None
    pieces = [_inequality(part) for part in parts]
    if any(region is None or len(region) != 1 for region in pieces):
        return None
    every = [region[0] for region in pieces if region]
    low = max(every, key=lambda piece: (_size(piece.low), not piece.low_closed))
    high = min(every, key=lambda piece: (_size(piece.high), piece.high_closed))
    if not _size(low.low) < _size(high.high):
        return None
    return (Piece(low.low, high.high, low.low_closed, high.high_closed),)


def _without(region: Region | None, points: str) -> Region | None:
    """A region without points that lie inside of one of its pieces."""
    held = wrapped(points.strip())
    if not region or not held or held[0] != "\\{":
        return None
    for taken in cut(re.sub(r"\\pm\s*([^,]+)", r"\1, -(\1)", held[1]), lambda token: token == ",")[0]:
        place = _size(taken)
        inside = [piece for piece in region if _size(piece.low) < place < _size(piece.high)]
        if len(inside) != 1:
            return None
        (piece,) = inside
        rest = tuple(other for other in region if other is not piece)
        left = Piece(piece.low, taken, piece.low_closed, False)
        region = (*rest, left, Piece(taken, piece.high, False, piece.high_closed))
    return region


def _interval(text: str) -> Region | None:
    held = wrapped(text)
    if held is None or held[0] == "\\{" or held[2] == "\\}":
        return None
    ends = cut(held[1], lambda token: token in ",;")[0]
    if len(ends) != 2 or not all(ends):
        return None
    if any(end.replace(" ", "") in _ENDS and mark in "[]" for end, mark in zip(ends, (held[0], held[2]), strict=True)):
        return None  # infinity is in no interval
    return (Piece(ends[0], ends[1], held[0] == "[", held[2] == "]"),)


def _inequality(text: str) -> Region | None:
    """a < x < b, x < b, b > x ..., of one name x."""
    parts, signs = cut(text, lambda token: token in _FLIP)
    if not signs or not all(parts):
        return None
    names = [bool(re.fullmatch(r"[A-Za-z]\w*(?:_\{?\w+\}?)?|\\[a-z]+|[A-Za-z]\([A-Za-z]\)|\|[a-z]\|", part)) for part in parts]
    if len(parts) == 3 and names[1]:
        if {signs[0][-1], signs[1][-1]} <= {">", "q"} and all(s in (">", "\\geq") for s in signs):
            parts, signs = parts[::-1], [_FLIP[s] for s in signs[::-1]]
        if all(s in ("<", "\\leq") for s in signs):
            return (Piece(parts[0], parts[2], signs[0] == "\\leq", signs[1] == "\\leq"),)
    if len(parts) == 2 and names[0] != names[1]:
        if names[1]:
            parts, signs = parts[::-1], [_FLIP[signs[0]]]
        closed = signs[0] in ("\\leq", "\\geq")
        if parts[0][0] == "|":
            return _distance(parts[1], signs[0][-1] in "<q" and signs[0] != "\\geq", closed)
        if signs[0] in ("<", "\\leq"):
            return (Piece("-\\infty", parts[1], False, closed),)
        return (Piece(parts[1], "\\infty", closed, False),)
    return None


def _distance(most: str, inside: bool, closed: bool) -> Region | None:
    """|x| < a, |x| > a."""
    size = number_of(most)
    if size is None or not real(size) or as_float(size) <= 0:
        return None
    if inside:
        return (Piece(f"-({most})", most, closed, closed),)
    return Piece("-\\infty", f"-({most})", False, closed), Piece(most, "\\infty", closed, False)


def interval_of(text: str) -> Region | None:
    """The interval that a pair in brackets may be."""
    return _interval(text)


def _points(text: str) -> Region | None:
    r"""\{a, b\} or x = a."""
    held = wrapped(text)
    if held and held[0] == "\\{" and held[2] == "\\}":
        return tuple(Piece(p, p, True, True) for p in cut(held[1], lambda token: token == ",")[0] if p)
    assigned = re.fullmatch(r"[A-Za-z]\w*\s*=\s*([^=,]+)", text)
    return (Piece(assigned[1], assigned[1], True, True),) if assigned else None
