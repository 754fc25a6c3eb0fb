"""Changes that make an interval, a list, a unit, a word or a name another one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from random import Random

from asym_lit.evaluation.perturbations.pairs import Change, GoldRow
from asym_lit.evaluation.perturbations.parts import (
    asks_percent,
    bracketed,
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

_OTHER_UNITS = {
    "cm": ("m", "km", "inches"),
    "m": ("cm", "km"),
    "km": ("m", "miles"),
    "hours": ("minutes", "days"),
    "minutes": ("hours", "seconds"),
    "seconds": ("minutes",),
    "days": ("hours", "weeks"),
    "cents": ("dollars",),
    "dollars": ("cents",),
    "inches": ("feet", "cm"),
    "feet": ("inches", "yards"),
    "degrees": ("rad",),
    "miles": ("km", "feet"),
    "mph": ("feet per second",),
    "square units": ("cubic units",),
}
_OTHER_WORDS = {
    "true": "false",
    "even": "odd",
    "yes": "no",
    "converges": "diverges",
    "increasing": "decreasing",
    "valid": "invalid",
    "ellipse": "hyperbola",
    "circle": "parabola",
}
_OTHER_WORDS |= {other: word for word, other in _OTHER_WORDS.items()}


def another_bracket(row: GoldRow, _rng: Random) -> Iterator[str]:
    """An end of an interval that belongs to it or not; a point as a set; a vector's brackets as a determinant's."""
    gold = row.gold.strip()
    pairs = {"(": "[", "[": "(", ")": "]", "]": ")"}
    if is_interval(gold):
        plain = gold.replace("\\left", "").replace("\\right", "")
        for place in (0, len(plain) - 1):
            if plain[place] in pairs:
                yield plain[:place] + pairs[plain[place]] + plain[place + 1 :]
        if "\\cup" not in plain:
            yield from (plain[1:-1], f"\\{{{plain[1:-1]}\\}}")
    elif bracketed(gold):
        inside = gold.replace("\\left", "").replace("\\right", "").strip()[1:-1]
        yield from (f"\\{{{inside}\\}}", f"[{inside})", f"({inside}]")
    elif "pmatrix" in gold and "&" in gold:
        yield gold.replace("pmatrix", "vmatrix")
    elif gold.startswith("\\{") and len(split_top(gold[2:-2])) > 1:
        yield f"({gold[2:-2]})"


def another_order(row: GoldRow, rng: Random) -> Iterator[str]:
    """The parts of something ordered, in another order."""
    gold = row.gold.strip()
    plain = gold.replace("\\left", "").replace("\\right", "").strip()
    if bracketed(gold) and not is_interval(gold):
        parts = split_top(plain[1:-1])
        shuffled = rng.sample(parts, len(parts))
        yield from (f"({', '.join(shuffled)})", f"({', '.join(parts[::-1])})")
    elif is_interval(gold) and "\\cup" not in plain:
        parts = split_top(plain[1:-1])
        yield f"{plain[0]}{', '.join(parts[::-1])}{plain[-1]}"
    elif re.fullmatch(r"[a-z]+(?: [a-z]+)+", gold) and "order" in row.question:
        yield from (" ".join(gold.split()[::-1]), " ".join(rng.sample(gold.split(), len(gold.split()))))
    elif is_literal(gold):
        yield from (gold[::-1], "".join(rng.sample(gold, len(gold))))


def other_items(row: GoldRow, rng: Random) -> Iterator[str]:
    """One item of several left out or added; or another answer beside the right one."""
    gold = row.gold.strip()
    plain = gold.replace("\\left", "").replace("\\right", "").strip()
    read = reading_of(gold)
    if "or" in gold and read is not None and read.shape == "list":
        parts = re.split(r"\s*(?:\\text\{\s*or\s*\}|or)\s*", gold)
        yield from (parts[0], parts[-1], f"{gold} or {rng.randrange(200, 999)}")
    elif read is not None and read.shape in ("set", "()", "list") and not is_interval(gold) and not is_money(gold):
        opening, closing = {"set": (2, 2), "()": (1, 1), "list": (0, 0)}[read.shape]
        inside = plain[opening : len(plain) - closing]
        parts = split_top(inside)
        shorter = [parts[:-1], parts[1:]] if len(set(parts)) == len(parts) else []
        for items in (*shorter, [*parts, str(rng.randrange(200, 999))]):
            yield plain[:opening] + ", ".join(items) + plain[len(plain) - closing :]
    if read is not None and read.shape == "scalar":
        other = str(rng.randrange(1000, 9999))
        for joint in (", ", " \\text{ or } ", " or ", " and ", " \\text{ and } "):
            yield from (gold + joint + other, other + joint + gold)
    if is_word(gold):
        word = word_of(gold)
        yield from (f"{word}, {_OTHER_WORDS.get(word.lower(), 'nothing')}", f"not {word}", f"{word} is not the answer")
    elif is_number(gold):
        yield f"{gold}\\text{{ is not the answer}}"


def another_unit(row: GoldRow, _rng: Random) -> Iterator[str]:
    """Another unit, or one on what has none: percent, degrees of a number."""
    gold = row.gold.strip()
    found = unit_of(gold)
    if found and found[0].strip("0.,"):
        number, unit, power = found
        for other in _OTHER_UNITS.get(unit, ()):
            yield from (f"{number}\\text{{ {other}}}{power}", f"{number} {other}{power}")
        if power:
            yield f"{number}\\text{{ {unit}}}^{2 if '3' in power else 3}"
    if re.search(r"\^\\circ|\^\{\\circ\}", gold):
        number = re.sub(r"\^\\circ|\^\{\\circ\}", "", gold).strip()
        if not number.strip("0."):
            return
        yield from (f"{number}\\text{{ rad}}", f"{number} \\text{{ radians}}", f"{number}\\pi")
    if is_money(gold):
        yield gold.replace("\\$", "€").replace(",\\!", ",")


def another_percentage(row: GoldRow, _rng: Random) -> Iterator[str]:
    """A percent sign on a plain number; a percentage as a number where the question does not ask for percent."""
    gold = row.gold.strip()
    if is_number(gold) and float(gold) != 0 and not asks_percent(row.question):
        yield from (f"{gold}\\%", f"{gold}%", f"{gold}\\text{{ percent}}")
    percent = re.fullmatch(r"([\d.]+)\\?%", gold)
    if percent and float(percent[1]) != 0:
        yield from (f"0.{percent[1].replace('.', '')}\\%", f"{percent[1]}0\\%", f"{percent[1]}^\\circ")


def another_word(row: GoldRow, rng: Random) -> Iterator[str]:
    """Another word, name, option or letter."""
    gold = row.gold.strip()
    if is_option(row):
        yield from (f"{shape % other}" for other in "ABCDE" if other != gold for shape in ("%s", "(%s)", "\\text{%s}"))
    elif is_literal(gold):
        place = rng.randrange(len(gold))
        letters = "0123456789" if gold[place].isdecimal() else "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
        yield gold[:place] + rng.choice(letters.replace(gold[place], "")) + gold[place + 1 :]
        yield from (gold[:place] + gold[place + 1 :], gold + rng.choice(letters))
    elif is_word(gold):
        word = word_of(gold)
        yield from (_OTHER_WORDS.get(word.lower(), "nobody"), f"\\text{{{rng.choice(('Carlos', 'Briana', 'Debra', 'none'))}}}")
    elif re.fullmatch(r"[a-z]+(?: [a-z]+){3,}", gold):
        words = gold.split()
        place = rng.randrange(len(words))
        yield " ".join([*words[:place], words[place][::-1] + "x", *words[place + 1 :]])
        yield " ".join(words[:-1])


def another_name(row: GoldRow, rng: Random) -> Iterator[str]:
    """A name that the question gives, changed for one that it does not."""
    if re.search(r"[a-zA-Z]\([a-zA-Z]\)", row.gold):
        return  # f(x) = 2x and f(u) = 2u are one function
    for name in letters_of(right_side(row.gold)):
        if re.search(rf"\${name}\$|(?<![a-zA-Z\\]){name}(?![a-zA-Z])", row.question) and name not in "aAIei":
            free = [letter for letter in "uvwzhk" if letter not in row.question and letter not in row.gold]
            if free:
                yield re.sub(rf"(?<![a-zA-Z\\]){name}(?![a-zA-Z])", rng.choice(free), row.gold)


WRONG_FORMS: Mapping[str, tuple[Change, ...]] = {
    "brackets": (another_bracket,),
    "order": (another_order,),
    "items": (other_items,),
    "units": (another_unit,),
    "percentages": (another_percentage,),
    "words": (another_word,),
    "names": (another_name,),
}
"""By kind."""
