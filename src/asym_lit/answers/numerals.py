"""Numbers in words: twenty-one, three hundred and forty-two, two thirds, one and a half, minus five."""

from __future__ import annotations

import re
from fractions import Fraction

from asym_lit.answers.cleaning import plain_text

_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen "
    "nineteen"
)
_SMALL = {word: number for number, word in enumerate(_ONES.split())}
_TENS = {f"{word}ty": 10 * n for n, word in enumerate(("twen", "thir", "for", "fif", "six", "seven", "eigh", "nine"), 2)}
_SCALES = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_PARTS = {
    "half": 2, "third": 3, "fourth": 4, "quarter": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8, "ninth": 9,
    "tenth": 10, "eleventh": 11, "twelfth": 12, "twentieth": 20, "hundredth": 100, "thousandth": 1000,
}  # fmt: skip
_PART_NAMES = {**_PARTS, **{f"{word}s": number for word, number in _PARTS.items()}, "halves": 2}
_WORDS = {*_SMALL, *_TENS, *_SCALES, *_PART_NAMES, "hundred", "and", "a", "an", "minus", "negative"}
_KEPT = _WORDS | {"of", "or", "to", "more", "less", "not", "no", "for"}
"""Words behind a number that make it no amount of things."""
_LEADING = re.compile(r"([A-Za-z]+(?:[\s-]+[A-Za-z]+)*)")
LONGEST = 120


def number_in_words(text: str) -> Fraction | None:
    """The number that a text spells out, if it is one whole."""
    words = re.split(r"[\s-]+", text.strip().lower())
    if len(text) > LONGEST or not words or not _WORDS.issuperset(words):
        return None
    if words[0] in ("minus", "negative"):
        inner = number_in_words(" ".join(words[1:])) if words[1:2] not in (["minus"], ["negative"]) else None
        return None if inner is None else -inner
    if words[-1] in _PART_NAMES:
        return _with_part(words)
    whole = _whole(words)
    return None if whole is None else Fraction(whole)


def _with_part(words: list[str]) -> Fraction | None:
    """Two thirds, a half, one and a half."""
    down, several, rest = _PART_NAMES[words[-1]], words[-1] not in _PARTS, words[:-1]
    if not rest:
        return Fraction(1, 2) if words == ["half"] else None
    for place in range(len(rest)):
        up = 1 if rest[place:] in (["a"], ["an"]) else _whole(rest[place:])
        if up is None or up >= down * (place > 0 or 10**9) or (up != 1) != several:
            continue  # `three fourth` is no fraction
        if place == 0:
            return Fraction(up, down)
        before = _whole(rest[: place - 1]) if rest[place - 1] == "and" else None
        if before is not None:
            return before + Fraction(up, down)
    return None


def _whole(words: list[str]) -> int | None:
    """Groups of thousands, each smaller than the one before."""
    total, size, group = 0, 10**15, []
    for word in words:
        if word not in _SCALES:
            group.append(word)
            continue
        amount = 1 if group in (["a"], ["an"]) else _hundreds(group)
        if amount is None or amount == 0 or _SCALES[word] >= size:
            return None
        total, size, group = total + amount * _SCALES[word], _SCALES[word], []
    if not group:
        return total or None
    if total and group[0] == "and":
        group = group[1:]
        if "hundred" in group:
            return None
    rest = _hundreds(group)
    return None if rest is None or (total and rest == 0) else total + rest


def _hundreds(words: list[str]) -> int | None:
    """Below a thousand; twelve hundred and the like too."""
    if "hundred" not in words:
        return _tens(words)
    place = words.index("hundred")
    before = 1 if words[:place] in (["a"], ["an"]) else _tens(words[:place])
    after = words[place + 1 :]
    if before is None or not 0 < before < 100:
        return None
    if not after:
        return 100 * before
    rest = _tens(after[1:] if after[0] == "and" else after)
    return None if not rest else 100 * before + rest


def _tens(words: list[str]) -> int | None:
    if len(words) == 1:
        return _SMALL.get(words[0], _TENS.get(words[0]))
    if len(words) == 2 and words[0] in _TENS and 0 < _SMALL.get(words[1], 0) < 10:
        return _TENS[words[0]] + _SMALL[words[1]]
    return None


def in_digits(text: str) -> str:
    """An answer that is a number in words, or one with a noun or two behind it, with digits in their place; else as it is."""
    plain = plain_text(text) if text[:1].isalpha() or text.startswith("\\text") else ""
    first = re.match(r"[A-Za-z]+", plain)
    if first is None or first[0].lower() not in _WORDS - {"and"} or not _LEADING.fullmatch(plain):
        return text
    places = [match.end() for match in re.finditer(r"[A-Za-z]+", plain)]
    for end in reversed(places):
        behind = re.findall(r"[A-Za-z]+", plain[end:].lower())
        number = number_in_words(plain[:end]) if len(behind) <= 2 and not _KEPT.intersection(behind) else None
        if number is not None and plain[end : end + 1] != "-":
            written = f"{number}" if number.denominator == 1 else f"\\frac{{{number.numerator}}}{{{number.denominator}}}"
            return written + plain[end:]
    return text
