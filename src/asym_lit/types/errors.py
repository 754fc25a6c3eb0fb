"""What is wrong with what a person gave. Faults of programs are Python's own exceptions."""

from __future__ import annotations


class InputError(ValueError):
    """Something a person gave cannot be used. The message says what was given, what is allowed, and what to write."""


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
