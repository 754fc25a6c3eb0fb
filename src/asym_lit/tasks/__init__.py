"""Tasks: where prompts come from, and what a right answer is."""

from asym_lit.tasks.countdown import Countdown, CountdownVerifier

__all__ = ["Countdown", "CountdownVerifier"]
