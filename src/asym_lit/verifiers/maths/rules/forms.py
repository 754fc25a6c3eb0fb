"""What kind of thing an answer is: a leaf, a tuple, a list, a region of the line."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from asym_lit.verifiers.maths.rules.catalogue import Switches
from asym_lit.verifiers.maths.rules.splitting import cut, listed, wrapped

Kind = Literal["leaf", "tuple", "list"]


@dataclass(frozen=True, slots=True)
class Form:
    """An answer, or a part of one."""

    kind: Kind
    text: str
    """A leaf's text; brackets of a tuple, such as `(]`."""
    items: tuple[Form, ...] = ()
    label: str = ""
    """What stood before `=` or a colon."""


_MATRIX = re.compile(r"^\\begin\s*\{([pbvBV]?matrix|array)\}(?:\{[^}]*\})?(.*)\\end\s*\{\1\}$", re.DOTALL)
_LABEL = re.compile(
    r"^(\(?\s*[A-Za-z\\][\w\\{}'^, ]*(?:\([^()=]*\))?\s*\)?)\s*(?:=|\\approx|\\equiv)(?![=<>])\s*(.+)$", re.DOTALL
)
_TUPLE_LABEL = re.compile(r"^(\((?:[^()=]|\([^()]*\))*\))\s*=\s*(.+)$", re.DOTALL)
_COLON = re.compile(r"^((?:\\text\{)?[A-Za-z][A-Za-z ]{1,30}\d{0,3}\}?)\s*:\s*(.+)$", re.DOTALL)


def form_of(text: str, switches: Switches, depth: int = 0) -> Form:
    """The form of a cleaned answer."""
    text = text.strip()
    if depth > 8:
        return Form("leaf", text)
    items = listed(text, "delimiters" in switches.on)
    if len(items) > 1:
        if "," not in text:
            switches.allow("delimiters")
        return Form("list", "", _flat(form_of(item, switches, depth + 1) for item in items))
    matrix = _MATRIX.match(text)
    if matrix and "vectors" in switches.on:
        return _matrix_form(matrix[2], switches, depth)
    labelled = _labelled(text, switches)
    if labelled:
        inner = form_of(labelled[1], switches, depth + 1)
        return Form(inner.kind, inner.text, inner.items, labelled[0])
    held = wrapped(text)
    if held:
        return _bracketed(*held, text, switches, depth)
    parts, signs = cut(text, lambda token: token in ("\\pm", "\\mp"))
    if len(signs) == 1 and "plus_minus" in switches.on:
        switches.allow("plus_minus")
        return Form("list", "", tuple(Form("leaf", f"{parts[0]} {sign} {parts[1]}".strip(" +")) for sign in "+-"))
    return Form("leaf", text)


def _labelled(text: str, switches: Switches) -> tuple[str, str] | None:
    if "label" not in switches.on:
        return None
    match = _TUPLE_LABEL.match(text) or _LABEL.match(text)
    if match is None and (match := _COLON.match(text)) and match[1].strip().isalpha() and len(match[1].strip()) < 2:
        match = None  # A:B is a ratio
    if match is None or re.search(r"<|>|\\leq|\\geq|\\neq|\\in(?![A-Za-z])", match[1]):
        return None
    label, rest = match[1].strip(), match[2].strip()
    chain = cut(rest, lambda token: token in ("=", "\\approx"))[0]
    return label, next(part for part in (chain[0] if "\\approx" in rest else chain[-1], rest) if part)


def _bracketed(opening: str, inside: str, closing: str, text: str, switches: Switches, depth: int) -> Form:
    items = listed(inside, "delimiters" in switches.on and opening != "[")
    inner = tuple(form_of(item, switches, depth + 1) for item in items)
    if opening == "\\{" and closing == "\\}":
        return Form("list", "{}", _flat(inner))
    if len(inner) > 1:
        return Form("tuple", opening[-1] + closing[-1], inner)
    if opening == "(" and closing == ")" and len(inner) == 1:
        return inner[0]
    return Form("leaf", text)


def _matrix_form(body: str, switches: Switches, depth: int) -> Form:
    rows = [row for row in cut(body, lambda token: token == "\\\\")[0] if row]
    table = [tuple(form_of(cell, switches, depth + 1) for cell in cut(row, lambda token: token == "&")[0]) for row in rows]
    if len(table) == 1 or all(len(row) == 1 for row in table):
        return Form("tuple", "()", tuple(cell for row in table for cell in row))
    return Form("tuple", "()", tuple(Form("tuple", "()", row) for row in table))


def _flat(items: object) -> tuple[Form, ...]:
    """Lists in a list are one list."""
    flat: list[Form] = []
    for item in items:  # type: ignore[attr-defined]
        flat += item.items if item.kind == "list" and item.text != "{}" else (item,)
    return tuple(flat)
