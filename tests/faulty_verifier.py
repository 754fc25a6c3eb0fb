"""A verifier that breaks."""

from __future__ import annotations

import os

from asym_lit.tasks import CountdownVerifier
from asym_lit.types import Prompt, Verdict


class Faulty:
    """Countdown's, until it has given so many verdicts; then it raises.

    Args:
        after: Verdicts before it breaks.
        rank: Process on this machine in which it breaks; None for all.
    """

    name = "faulty"

    def __init__(self, after: int, rank: int | None = None) -> None:
        self.breaks = rank is None or rank == int(os.environ.get("LOCAL_RANK", "0"))
        self.left, self.inner = after, CountdownVerifier()

    def verify(self, prompt: Prompt, response: str) -> Verdict:
        """The verdict on a response."""
        self.left -= 1
        if self.breaks and self.left < 0:
            raise LookupError("the verifier broke")
        return self.inner.verify(prompt, response)

    def self_test(self) -> None:
        """That of the inner one."""
        self.inner.self_test()
