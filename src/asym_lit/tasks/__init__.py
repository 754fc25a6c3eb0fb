"""Tasks: where prompts come from, and what a right answer is."""

from asym_lit.tasks.countdown import Countdown, CountdownVerifier
from asym_lit.tasks.countdown_data import CountdownData
from asym_lit.tasks.problems import Problems

__all__ = ["Countdown", "CountdownData", "CountdownVerifier", "Problems"]
