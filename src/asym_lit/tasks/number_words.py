"""Whole numbers in words. Reading them is in `answers/numerals.py`."""

from __future__ import annotations

_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen "
    "nineteen"
)
_SMALL = _ONES.split()
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_SCALES = ("million", 10**6), ("thousand", 10**3), ("hundred", 100)


def spelled(number: int) -> str:
    """A number in words: `forty-seven`, `one hundred five`, `two thousand thirty`.

    Args:
        number: 0 to 999,999,999.
    """
    if not 0 <= number < 10**9:
        raise ValueError(f"{number} is not between 0 and 999,999,999")
    if number < 20:
        return _SMALL[number]
    for name, size in _SCALES:
        if number >= size:
            rest = number % size
            return f"{spelled(number // size)} {name}{f' {spelled(rest)}' if rest else ''}"
    tens, ones = divmod(number, 10)
    return f"{_TENS[tens - 2]}{f'-{_SMALL[ones]}' if ones else ''}"
