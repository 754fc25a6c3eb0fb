"""Labelled answers and sampled responses in JSON lines. What they are for is in `data`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from asym_lit.types import InputError, LabelledAnswer, Prompt, Split

_REQUIRED = ("question", "gold", "candidate", "label")
_TEXTS = {field.name for field in fields(LabelledAnswer)} - {"label"}


class AnswersFile:
    """Labelled answers in `train.jsonl`, `val.jsonl` and `test.jsonl` of a folder.

    A row has `question`, `gold`, `candidate`, `label` (true or false), and perhaps `source` and `thought`.

    Args:
        folder: Where the three files are.
        name: Name in reports; the folder's if empty.
    """

    def __init__(self, folder: str, name: str = "") -> None:
        self.folder, self.name = Path(folder), name or Path(folder).name
        if not self.folder.is_dir():
            raise InputError(f"There is no folder {folder!r}; write one that holds train.jsonl, val.jsonl and test.jsonl.")

    def answers(self, split: Split) -> Sequence[LabelledAnswer]:
        """The answers of a split, in the order of its file; none without the file."""
        file = self.folder / f"{split}.jsonl"
        return read_answers(file) if file.exists() else []


def read_answers(file: Path) -> list[LabelledAnswer]:
    """The labelled answers in a file.

    Raises:
        InputError: With the line and what is wrong with it.
    """
    return [_answer(row, where) for row, where in _rows(file)]


def _answer(row: Mapping[str, Any], where: str) -> LabelledAnswer:
    for name in _REQUIRED:
        if name not in row:
            raise InputError(f"{where} has no {name!r}; a row needs {', '.join(_REQUIRED)}.")
    if not isinstance(row["label"], bool):
        raise InputError(f"{where} has the label {row['label']!r}; allowed: true, false.")
    texts = {name: str(value) for name, value in row.items() if name in _TEXTS}
    return LabelledAnswer(label=row["label"], **texts)


def write_answers(splits: Mapping[Split, Sequence[LabelledAnswer]], folder: Path) -> None:
    """One file a split, under its own name only when it is whole."""
    folder.mkdir(parents=True, exist_ok=True)
    for split, answers in splits.items():
        draft = folder / f".{split}.jsonl"
        draft.write_text("".join(json.dumps(asdict(a), ensure_ascii=False) + "\n" for a in answers), encoding="utf-8")
        draft.replace(folder / f"{split}.jsonl")


def read_responses(file: Path) -> Iterator[tuple[Prompt, str]]:
    """Prompts and sampled responses of a transcript: rows with `uid`, `prompt`, `answer` and `response`.

    Raises:
        InputError: With the line and what is wrong with it.
    """
    for row, where in _rows(file):
        missing = [name for name in ("uid", "prompt", "answer", "response") if name not in row]
        if missing or not isinstance(row["answer"], dict):
            raise InputError(f"{where} is no row of a transcript: it has no {missing[0] if missing else 'answer'!r} to use.")
        yield Prompt(row["uid"], row["prompt"], row["answer"], str(row.get("source", ""))), str(row["response"])


def _rows(file: Path) -> Iterator[tuple[dict[str, Any], str]]:
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except OSError as fault:
        raise InputError(f"{str(file)!r} cannot be read: {fault.strerror}.") from fault
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        where = f"{file.name}, line {number}"
        try:
            row = json.loads(line)
        except json.JSONDecodeError as fault:
            raise InputError(f"{where} is no JSON: {fault.msg}.") from fault
        if not isinstance(row, dict):
            raise InputError(f"{where} is no JSON object.")
        yield row, where
