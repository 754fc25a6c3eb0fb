"""What a judge of Countdown writes before its verdict: a check in small steps, each to be read off the text so far."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from asym_lit.tasks.arithmetic import ExpressionError, parse
from asym_lit.types import LabelledAnswer, Prompt


def misleading(answer: LabelledAnswer) -> bool:
    """A right answer, say by way of a fraction, of which no thought says so: nothing to learn from."""
    return answer.label and answer.thought.endswith("?")


def thought(prompt: Prompt, candidate: str) -> str:
    """How to see whether an answer is right: its numbers, the steps of its evaluation, the result beside the target.

    It ends where the answer fails, and says so there, so that the verdict can be read off its last character.

    - `3y7n` goes through the numbers of the prompt: `y` if the answer still has it, `n` if not; `+` follows if the answer
      has others. `?` stands for a text that is no expression.
    - `20-7=13,13*3=39`: steps, up to a result that is no whole number from -199 to 199, for a solution hardly ever passes
      through one.
    - `005511`: the digits of the result, each with that of the target behind it; `n` after the first two that differ.
    """
    try:
        expression = parse(candidate)
    except ExpressionError:
        return "?"
    left = Counter(expression.numbers)
    found = ""
    for number in prompt.answer["numbers"]:
        if left[number] == 0:
            return f"{found}{number}n"
        found += f"{number}y"
        left[number] -= 1
    if any(left.values()):
        return f"{found}+"
    steps = list(_readable(expression.steps))
    result = steps[-1].rpartition("=")[2] if steps else str(expression.value)
    return ",".join([found, *steps, *([] if result == "?" else [_beside(int(result), prompt.answer["target"])])])


def _beside(result: int, target: int) -> str:
    """The digits of both in turn, from the left, up to the first two that differ."""
    width = max(3, len(str(result)), len(str(target)))
    pairs = ""
    for a, b in zip(f"{result:0{width}d}", f"{target:0{width}d}", strict=True):
        pairs += a + b
        if a != b:
            return f"{pairs}n"
    return pairs


def _readable(steps: Sequence[str]) -> Iterator[str]:
    """The steps up to the first result that is no whole number from -199 to 199; that one as `?`."""
    for step in steps:
        sides, _, result = step.rpartition("=")
        if not re.fullmatch(r"-?1?\d{1,2}", result):
            yield f"{sides}=?"
            return
        yield step
