"""How a run ends early without losing anything."""

from __future__ import annotations


class RunStoppedError(RuntimeError):
    """The run cannot go on, but the policy is whole: `RolloutCheckpoint` saves it on the way out.

    Raised on every process at once, between two updates, for saving is a collective.

    Args:
        message: What happened, and what to do.
        interrupted: It was asked to from outside.
    """

    def __init__(self, message: str, interrupted: bool = False) -> None:
        super().__init__(message)
        self.interrupted = interrupted
