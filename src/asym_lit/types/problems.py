"""Questions: a prompt, a row that did not become one, an answer of known worth. How they are answered is not here."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal

from asym_lit.types.errors import InputError

Split = Literal["train", "val", "test"]


@dataclass(frozen=True, slots=True)
class Prompt:
    """One question."""

    uid: str
    """Stable name of the problem: the same in every run and on every rank. Seeds and ledgers hang on it."""
    text: str
    """What the policy reads."""
    answer: Mapping[str, Any]
    """What the task's verifier needs; plain types only."""
    task: str
    """Name of the task it comes from."""
    token_ids: tuple[int, ...] = ()
    """`text` under the policy's tokenizer; empty until the data module has tokenized it."""
    messages: tuple[Mapping[str, str], ...] = ()
    """Turns of a chat (`role`, `content`) where the question is one; `text` is then what the chat template makes of them."""
    origin: str = ""
    """Where it was read, such as `train.jsonl, row 17`; empty if it was generated."""
    solution: str | None = None
    """A correct response with its working, for few-shot prompts and supervised training; None if none is known."""

    def carried(self, field: str, kind: type, verifier: str) -> Any:
        """A field of `answer` that a verifier cannot do without.

        Args:
            field: Its name.
            kind: Its type; a whole number may also be written as a text.
            verifier: Who asks.

        Raises:
            InputError: If the problem has no such field, or it holds something else: it is of a task for another verifier.
        """
        found = self.answer.get(field)
        if kind is int and isinstance(found, str):
            with suppress(ValueError):
                found = int(found)
        if isinstance(found, (list, tuple) if kind is list else kind) and not isinstance(found, bool):
            return found
        what = {int: "a whole number", list: "a list"}.get(kind, kind.__name__)
        has = f"is {found!r:.60} there" if field in self.answer else f"has {', '.join(self.answer) or 'nothing'}"
        raise InputError(
            f"The verifier {verifier!r} needs {what} under {field!r}, and the problem {self.origin or self.uid!r} of the task "
            f"{self.task!r} {has}. Give the task a verifier of its own: --verifier Maths, or a function, "
            "--verifier mine.py:reward."
        )


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A row of data, or a prompt, that is not used, and why."""

    origin: str
    """Where it was read, such as `train.jsonl, row 17`."""
    reason: str
    """What is said of every such row, then perhaps a colon and what is particular to this one."""
    uid: str = ""


@dataclass(frozen=True, slots=True)
class LabelledAnswer:
    """An answer that is known to be right or wrong: what judges are trained on and verifiers measured with."""

    question: str
    gold: str
    """The reference answer."""
    candidate: str
    """The answer in question."""
    label: bool
    """True: it is right."""
    source: str = ""
    """Where it comes from, or its category."""
    thought: str = ""
    """What a judge that thinks may write before its verdict."""
