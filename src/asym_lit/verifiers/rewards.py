"""Ready-made reward functions, for `Function` and `Weighted`: format, length, repetition. None says what is correct."""

from __future__ import annotations

from asym_lit.types import InputError
from asym_lit.verifiers.formats import THINK_ANSWER, Format


def formatted(response: str, pattern: str = THINK_ANSWER) -> float:
    """1 if the whole response has a format, else 0 (DeepSeek-R1, arXiv 2501.12948).

    Args:
        response: The text.
        pattern: Regular expression that it must match without blanks around it; dots match line ends.
    """
    return float(Format(pattern).holds(response))


def overlong(response: str, longest: int, buffer: int) -> float:
    """0 up to `longest - buffer` characters, then on a line down to -1 at `longest` and beyond.

    DAPO's soft overlong punishment (arXiv 2503.14476, eq. 13). The paper counts tokens, as the objective's `overlong_buffer`
    does; a function sees the text alone.

    Args:
        response: The text.
        longest: Characters from which on it is -1.
        buffer: Characters over which it falls, 1 to `longest`.
    """
    if not 1 <= buffer <= longest:
        raise InputError(f"overlong has buffer {buffer} and longest {longest}; allowed: a buffer of 1 to longest.")
    return max(min((longest - buffer - len(response)) / buffer, 0.0), -1.0)


def repetition(response: str, ngram: int = 3, most: float = 1.0) -> float:
    """`-most * (1 - distinct / all)` of the n-grams of words: 0 without repetition (after arXiv 2502.03373, Open-R1's form).

    Args:
        response: The text; case does not count.
        ngram: Words of an n-gram.
        most: The penalty is below it.
    """
    if ngram < 1 or most < 0:
        raise InputError(f"repetition has ngram {ngram} and most {most}; allowed: 1 or more, and 0 or more.")
    words = response.lower().split()
    grams = [tuple(words[i : i + ngram]) for i in range(len(words) - ngram + 1)]
    return -most * (1 - len(set(grams)) / len(grams)) if grams else 0.0
