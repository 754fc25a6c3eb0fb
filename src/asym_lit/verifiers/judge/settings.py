"""What a trained judge is to be asked with: written beside its weights, read by whoever loads it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import ClassVar

from asym_lit.types import InputError
from asym_lit.verifiers.judge.template import JudgeTemplate


@dataclass(frozen=True)
class JudgeSettings:
    """The file `judge.json` of a judge's directory.

    Args:
        template: The text it was trained on.
        marker: What it writes before its verdict; empty if it does not think.
        threshold: Accept from this probability of True on.
        max_tokens: Longest reply.
        weigh_thoughts: The probability is times that of the least certain token of the thoughts.
    """

    FILE: ClassVar[str] = "judge.json"

    template: str
    marker: str = ""
    threshold: float = 0.5
    max_tokens: int = 8
    weigh_thoughts: bool = False

    def to_json(self) -> str:
        """The file's text."""
        return json.dumps(asdict(self), indent=2)

    def as_template(self) -> JudgeTemplate:
        """The template, with its marker."""
        return JudgeTemplate(self.template, self.marker)

    @staticmethod
    def beside(model: str) -> JudgeSettings | None:
        """The settings of a model's directory; None if it is none, or has none."""
        file = Path(model) / JudgeSettings.FILE
        if not file.is_file():
            return None
        try:
            return JudgeSettings(**json.loads(file.read_text(encoding="utf-8")))
        except (TypeError, json.JSONDecodeError) as fault:
            raise InputError(f"{file} does not hold a judge's settings: {fault}.") from fault
