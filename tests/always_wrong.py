"""A verifier that calls every response wrong."""

from __future__ import annotations

from asym_lit.types import Outcome, Prompt, Verdict


class AlwaysWrong:
    """Says no."""

    name = "always_wrong"

    def verify(self, prompt: Prompt, response: str) -> Verdict:
        """The verdict on a response."""
        return Verdict(Outcome.INCORRECT, self.name, "no", response)

    def self_test(self) -> None:
        """There is nothing to test."""
