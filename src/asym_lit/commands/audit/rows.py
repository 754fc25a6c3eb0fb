"""The labelled answers of a file, whoever wrote it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from asym_lit.evaluation.audit import LabelledAnswer
from asym_lit.tasks.columns import as_text, lookup
from asym_lit.tasks.rows import Row, find_source, read_rows
from asym_lit.types import InputError

LABELS = {
    **dict.fromkeys(("true", "1", "correct", "right", "yes"), True),
    **dict.fromkeys(("false", "0", "incorrect", "wrong", "no"), False),
}


@dataclass(frozen=True)
class Columns:
    """Which column holds what; dots go inside (`reward_model.ground_truth`)."""

    question: str = "question"
    gold: str = "gold"
    candidate: str = "candidate"
    label: str = "label"
    category: str = "category"
    right: str = ""
    wrong: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)
    """What else the verifier needs of a row: names, and the columns that hold it."""


def read_answers(file: Path, columns: Columns) -> list[LabelledAnswer]:
    """The labelled answers of a JSON, JSON lines, CSV or Parquet file.

    Raises:
        InputError: If it cannot be read, or a column or label is missing.
    """
    rows = enumerate(read_rows(find_source(str(file))))
    answers = [answer for number, row in rows for answer in _answers(file, columns, row, str(row.get("id", number)))]
    if not answers:
        raise InputError(f"file {file} has no rows.")
    return answers


def _answers(file: Path, columns: Columns, row: Row, name: str) -> Iterator[LabelledAnswer]:
    def column(key: str) -> Any:
        found = lookup(row, key)
        if found is None:
            raise InputError(f"Row {name} of {file} has no column {key!r}; there are: {', '.join(row)}.")
        return found

    question, category = as_text(lookup(row, columns.question)) or "", as_text(lookup(row, columns.category)) or ""
    gold = _words(column(columns.gold))
    facts = {name: column(key) for name, key in columns.facts.items()}
    if columns.right or columns.wrong:
        for key, right in ((columns.right, True), (columns.wrong, False)):
            if key:
                yield LabelledAnswer(f"{name} {key}", question, gold, _words(column(key)), right, category, facts=facts)
        return
    label = (as_text(column(columns.label)) or "").lower()
    if label not in LABELS:
        raise InputError(f"Row {name} of {file} has the label {label!r}; allowed: {', '.join(LABELS)}.")
    yield LabelledAnswer(name, question, gold, _words(column(columns.candidate)), LABELS[label], category, facts=facts)


def _words(value: Any) -> str:
    """Text as it is; numbers as `as_text` has them; records, such as the tests of a program, as JSON."""
    if isinstance(value, Mapping) or (isinstance(value, list) and any(isinstance(item, Mapping) for item in value)):
        return json.dumps(value)
    return value if isinstance(value, str) else as_text(value) or ""
