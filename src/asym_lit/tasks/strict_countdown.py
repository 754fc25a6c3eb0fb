"""A rule that is too strict on purpose: the demonstration of what false negatives do to training.

The exact one is in `countdown`.
"""

from __future__ import annotations

from time import perf_counter

from asym_lit.tasks.countdown import countdown_prompt
from asym_lit.types import Outcome, Prompt, Verdict


class StrictCountdown:
    """The response must be the stored solution, letter by letter; every other right expression is rejected.

    For Countdown prompts that store one (`answer["answer"]`), as those of `Countdown` do.
    """

    name = "strict_countdown"

    def verify(self, prompt: Prompt, response: str) -> Verdict:
        """The verdict on a response."""
        start = perf_counter()
        text, gold = response.strip(), prompt.answer.get("answer")
        if gold is None:
            return Verdict(Outcome.UNDECIDED, self.name, "the prompt stores no solution", text)
        outcome = Outcome.CORRECT if text == gold else Outcome.INCORRECT
        reason = "is the stored solution" if text == gold else "is not the stored solution"
        return Verdict(outcome, self.name, reason, text or None, perf_counter() - start)

    def self_test(self) -> None:
        """The stored solution, and another one."""
        prompt = countdown_prompt([2, 3, 6], 9, "self_test", "6/2*3")
        for response, expected in {" 6/2*3": Outcome.CORRECT, "3*6/2": Outcome.INCORRECT}.items():
            if self.verify(prompt, response).outcome != expected:
                raise RuntimeError(f"{self.name}: {response!r} was not called {expected}.")
