"""What is wrong with what a person gave, and what ends a run early. Faults of programs are Python's own exceptions."""

from __future__ import annotations

from typing import Literal


class InputError(ValueError):
    """Something a person gave cannot be used. The message says what was given, what is allowed, and what to write."""


class VerifierError(RuntimeError):
    """A verifier raised, or gave something else than a verdict: a fault of what a person gave, and never a wrong answer.

    The message says so in one line; what the verifier raised is its cause.
    """

    kept_in: str = ""
    """The file that has the traceback; empty where it was not written."""


class RunStoppedError(RuntimeError):
    """The run cannot go on, but the policy is whole: `RolloutCheckpoint` saves it on the way out.

    Raised on every process at once, between two updates, for saving is a collective.

    Args:
        message: What happened, and what to do.
        state: Of the run: it stopped itself, was asked to from outside, or something broke.
    """

    def __init__(self, message: str, state: Literal["stopped", "interrupted", "failed"] = "stopped") -> None:
        super().__init__(message)
        self.state = state


def check_least(called: str, least: float, /, **values: float) -> None:
    """Refuse numbers below their least value.

    Args:
        called: How a message calls a number; `model.{name}` gives `model.warmup_steps`.
        least: Allowed.
        values: By name.

    Raises:
        InputError: With the first that is too small.
    """
    for name, value in values.items():
        if value < least:
            raise InputError(f"{called.format(name=name)} is {value}; allowed: {least} or more.")


def shortened(text: str, most: int = 60) -> str:
    """The text, or both ends of it: a name of 40,000 letters would bury what a message says."""
    return text if len(text) <= most else f"{text[: most - 13]} ... {text[-8:]}"


def shown(value: object) -> str:
    """A value as Python writes it, shortened."""
    return shortened(repr(value))
