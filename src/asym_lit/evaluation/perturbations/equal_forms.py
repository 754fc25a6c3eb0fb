"""Other ways to write the same interval, list, unit, word or name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from random import Random

from asym_lit.evaluation.perturbations.pairs import Change, GoldRow
from asym_lit.evaluation.perturbations.parts import (
    asks_in_any_order,
    asks_percent,
    is_interval,
    is_literal,
    is_money,
    is_number,
    is_option,
    is_word,
    letters_of,
    right_side,
    unit_of,
    word_of,
)
from asym_lit.evaluation.perturbations.values import reading_of, split_top

_OR = re.compile(r"\s*\\text\{\s*or\s*\}\s*|\s*(?<![a-zA-Z])or(?![a-zA-Z])\s*")


def marked_up(row: GoldRow, _rng: Random) -> Iterator[str]:
    """Spaces around it, dollars, brackets that grow."""
    gold = row.gold.strip()
    yield f" {gold} "
    if "$" not in gold:
        yield f"${gold}$"
    if reading_of(gold) is not None:
        yield f"\\displaystyle {gold}"


def brackets_written(row: GoldRow, _rng: Random) -> Iterator[str]:
    """Brackets that grow, or do not; spaces in them."""
    gold = row.gold.strip()
    if not (is_interval(gold) or reading_of(gold) is not None):
        return
    plain = re.sub(r"\\(?:left|right)\s*", "", gold)
    if plain != gold:
        yield plain
    elif is_interval(gold) or (gold.count("(") == gold.count(")") and "(" in gold):
        yield re.sub(r"[)\]]", r"\\right\g<0>", re.sub(r"(?<!sqrt)[(\[]", r"\\left\g<0>", gold))
    if plain[:1] in "([" and plain[-1:] in ")]" and "," in plain:
        yield plain.replace(", ", ",").replace(",", ",\\,")
        yield f"{plain[0]} {plain[1:-1]} {plain[-1]}"


def intervals_written(row: GoldRow, _rng: Random) -> Iterator[str]:
    """An interval as an inequality in the name that the question asks for."""
    gold = row.gold.replace("\\left", "").replace("\\right", "").strip()
    name = next(iter(re.findall(r"(?:values of|for|[Ss]olve for)\s*\$?([a-z])\$?(?![a-zA-Z])", row.question)), None)
    if not is_interval(gold) or "\\cup" in gold:
        return
    left, right = split_top(gold[1:-1])
    yield f"{gold[0]} {left} , {right} {gold[-1]}"
    if name is None:
        return
    yield f"{name} \\in {gold}"
    below, above = (">" if gold[0] == "(" else "\\ge"), ("<" if gold[-1] == ")" else "\\le")
    if "\\infty" in left and "\\infty" not in right:
        yield f"{name} {above} {right}"
    elif "\\infty" in right and "\\infty" not in left:
        yield f"{name} {below} {left}"
    elif "\\infty" not in gold:
        yield f"{left} {below.replace('>', '<').replace('ge', 'le')} {name} {above} {right}"


def any_order(row: GoldRow, rng: Random) -> Iterator[str]:
    """The items of a set, or of a list where the question asks for all of them, in another order."""
    gold = row.gold.strip()
    read = reading_of(gold)
    if read is None or re.fullmatch(r"\d{1,3}(?:,\d{3})+", gold):
        return
    if _OR.search(gold):
        parts = _OR.split(gold)
        yield from (" or ".join(parts[::-1]), " \\text{ or } ".join(parts), ", ".join(parts))
        return
    if read.shape == "set" or (read.shape == "list" and asks_in_any_order(row.question)):
        cut = 2 if read.shape == "set" else 0
        parts = split_top(gold[cut : len(gold) - cut])
        for order in (parts[::-1], rng.sample(parts, len(parts))):
            yield gold[:cut] + ", ".join(order) + gold[len(gold) - cut :]
        if read.shape == "list" and len(parts) == 2:
            yield f"{parts[0]} \\text{{ and }} {parts[1]}"


def units_written(row: GoldRow, _rng: Random) -> Iterator[str]:
    """A unit in other letters, spelled out, or left out where the question names it."""
    gold = row.gold.strip()
    found = unit_of(gold)
    if found:
        number, unit, power = found
        yield from (
            f"{number}\\,\\mathrm{{{unit}}}{power}",
            f"{number} \\text{{ {unit}}}{power}",
            f"{number}~\\text{{{unit}}}{power}",
        )
        if not power:
            yield f"{number} {unit}"
            if re.search(rf"\b{unit}\b", row.question):
                yield number
    degrees = re.sub(r"\^\\circ|\^\{\\circ\}", "", gold).strip()
    if degrees != gold and is_number(degrees):
        yield from (
            f"{degrees}^{{\\circ}}",
            f"{degrees}°",
            f"{degrees}\\text{{ degrees}}",
            f"{degrees}^\\circ",
            f"{degrees}\\degree",
        )
    if is_money(gold):
        plain = re.sub(r"[\\$,!]", "", gold)
        yield from (f"\\${plain}", plain, f"${plain}", f"{plain} \\text{{ dollars}}", f"\\${float(plain):,.2f}")


def percentages_written(row: GoldRow, _rng: Random) -> Iterator[str]:
    """Percent by another sign, in letters, or as a part of one."""
    percent = re.fullmatch(r"([\d.]+)\\?%", row.gold.strip())
    if percent:
        yield from (f"{percent[1]}\\%", f"{percent[1]} \\%", f"{percent[1]}%", f"{percent[1]}\\text{{ percent}}")
        if asks_percent(row.question):
            yield percent[1]


def words_written(row: GoldRow, _rng: Random) -> Iterator[str]:
    """A word in other letters, an option in brackets."""
    gold = row.gold.strip()
    if is_option(row):
        yield from (
            f"({gold})",
            f"\\text{{{gold}}}",
            f"\\text{{({gold})}}",
            f"\\mathrm{{{gold}}}",
            f"{gold}.",
            f"\\textbf{{({gold})}}",
        )
    elif is_literal(gold) or is_word(gold):
        word = word_of(gold)
        yield from (
            f"\\text{{{word}}}",
            word,
            f"\\mathrm{{{word}}}",
            f"\\textbf{{{word}}}",
            f'"{word}"' if is_literal(gold) else word,
        )
        if is_word(gold):
            yield from (word.lower(), word.capitalize(), f"\\text{{{word.lower()}}}")


def names_written(row: GoldRow, _rng: Random) -> Iterator[str]:
    """A value with the name that the question asks for, or without it."""
    gold = row.gold.strip()
    value = right_side(gold)
    asked = re.split(r"(?<=[.?!])\s", row.question.strip())[-1]
    wanted = re.search(r"(?:value of|[Ff]ind|[Ss]olve for|[Cc]ompute)\s+\$([a-z])\$\s*[.?]?$", asked)
    read = reading_of(value)
    if read is None or read.shape != "scalar":
        return
    if value == gold and wanted and not letters_of(gold):
        yield from (f"{wanted[1]} = {gold}", f"{wanted[1]}={gold}", f"${wanted[1]} = {gold}$")
    elif value != gold and not letters_of(value) and "=" in gold:
        yield from (value, gold.replace("=", " = "), f"${gold}$")


EQUAL_FORMS: Mapping[str, tuple[Change, ...]] = {
    "brackets": (brackets_written, intervals_written),
    "order": (any_order,),
    "items": (marked_up,),
    "units": (units_written,),
    "percentages": (percentages_written,),
    "words": (words_written,),
    "names": (names_written,),
}
"""By kind."""
