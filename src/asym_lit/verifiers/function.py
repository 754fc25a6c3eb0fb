"""Any function as a verifier."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from time import perf_counter
from typing import Any

from asym_lit.types import InputError, Outcome, Prompt, Verdict
from asym_lit.verifiers.gold import gold_of, question_of

GIVEN = ("response", "gold", "question", "prompt")


class Function:
    """Right: a function of yours says so, by True or by a number that is enough.

    It is called with what its parameters name, of `response`, `gold`, `question` and `prompt`. What it raises makes the verdict
    undecided. It runs in this process: one that hangs, hangs.

    Args:
        function: The function, or where it is: `my_module.reward`.
        least: Smallest number that counts as right.
    """

    name = "function"

    def __init__(self, function: Callable[..., Any], least: float = 0.5) -> None:
        named = list(inspect.signature(function).parameters)
        unknown = [name for name in named if name not in GIVEN]
        if unknown or not named:
            raise InputError(
                f"The function takes {', '.join(named) or 'nothing'}; it can be given {', '.join(GIVEN)}, by name."
            )
        self.function, self.least, self._named = function, least, named

    def verify(self, prompt: Prompt, response: str) -> Verdict:
        """The verdict on one response."""
        begun = perf_counter()
        given = {"response": response, "gold": gold_of(prompt), "question": question_of(prompt), "prompt": prompt}
        try:
            found = float(self.function(**{name: given[name] for name in self._named}))
        except Exception as fault:
            return Verdict(Outcome.UNDECIDED, self.name, f"error: {type(fault).__name__}", response)
        outcome = Outcome.CORRECT if found >= self.least else Outcome.INCORRECT
        return Verdict(outcome, self.name, f"returned {found:g}", response, perf_counter() - begun)

    def self_test(self) -> None:
        """Nothing is known of what it should call right."""
