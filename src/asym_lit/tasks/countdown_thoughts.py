"""What a judge of Countdown writes before its verdict: a check in small steps, each to be read off the text so far.

What it thinks about is in `countdown_answers`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from asym_lit.tasks.arithmetic import ExpressionError, parse
from asym_lit.types import LabelledAnswer, Prompt

SMALLEST, LARGEST = -9, 99
"""Results beyond these end a thought: they do not fit into two characters, and a solution hardly ever passes through one."""
_STEP = re.compile(r"(-?\d+)([-+*/])(-?\d+)=(-?\d+)(/\d+)?")
_SIGNED = re.compile(r"(?:^|[-+*/(])\s*-")


def misleading(answer: LabelledAnswer) -> bool:
    """A right answer, say by way of a fraction, of which no thought says so: nothing to learn from."""
    return answer.label and answer.thought.endswith("?")


def thought(prompt: Prompt, candidate: str) -> str:
    """How to see whether an answer is right: its numbers, the steps of its evaluation, the result beside the target.

    Every number has two characters, so that what belongs together stands at the same distance everywhere; `~4` is 4 below
    0. A thought ends where the answer fails, and says so there, so that the verdict can be read off its last character.

    - `030307071212` goes through the numbers of the answer by size, each with that of the prompt behind it; `n` after the
      first two that differ, or at the end if one side has more. `?` stands for a text that is no expression, or has a sign
      before a number.
    - `12-07=05,05*03=15`: steps, up to a result that is no whole number from -9 to 99, which is `?`.
    - `1155`: the characters of the result, each with that of the target behind it; `n` after the first two that differ.
    """
    try:
        expression = parse(candidate)
    except ExpressionError:
        return "?"
    if _SIGNED.search(candidate):
        return "?"
    used, given = sorted(expression.numbers), sorted(prompt.answer["numbers"])
    numbers = _beside([_written(n) for n in used], [_written(n) for n in given])
    if used != given:
        return numbers if numbers.endswith("n") else f"{numbers}n"
    steps = [_readable(step) for step in expression.steps]
    sound = next((at for at, step in enumerate(steps) if step.endswith("?")), None)
    if sound is not None:
        return ",".join([numbers, *steps[: sound + 1]])
    result, target = _written(int(expression.value)), _written(prompt.answer["target"])
    width = max(len(result), len(target))
    return ",".join([numbers, *steps, _beside(result.rjust(width, "0"), target.rjust(width, "0"))])


def _beside(ours: Sequence[str], theirs: Sequence[str]) -> str:
    """Both in turn, up to the first two that differ."""
    pairs = ""
    for a, b in zip(ours, theirs, strict=False):
        pairs += a + b
        if a != b:
            return f"{pairs}n"
    return pairs


def _readable(step: str) -> str:
    """A step with numbers of two characters, and `?` for a result that has none."""
    found = _STEP.fullmatch(step)
    if found is None:  # after a fraction
        return "?"
    a, b, result = (int(found[i]) for i in (1, 3, 4))
    whole = found[5] is None and SMALLEST <= result <= LARGEST
    return f"{_written(a)}{found[2]}{_written(b)}={_written(result) if whole else '?'}"


def _written(number: int) -> str:
    return f"~{-number}" if number < 0 else f"{number:02d}"
