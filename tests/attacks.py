"""Prompts of mathematics, and the attacks of the package under their old name."""

from __future__ import annotations

from asym_lit.evaluation.attacks import ATTACKS, HOSTILE
from asym_lit.types import Prompt

__all__ = ["ATTACKS", "HOSTILE", "asked"]


def asked(gold: str, question: str = "What is it?", **more: object) -> Prompt:
    return Prompt("p", question, {"answer": gold, "question": question, **more}, "maths")
