"""The ledger's file, `ledger.parquet`: a row per evaluation set, step and problem. What follows from it is in `evaluation/`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from asym_lit.evaluation.ledger import ProblemRecord, rare_answers
from asym_lit.run_folder.writing import read_table, write_table
from asym_lit.types import InputError

COLUMNS = {
    "evaluation": "string",
    "step": "int64",
    "uid": "string",
    "samples": "int64",
    "correct": "int64",
    "silent": "int64",
    "right_answers": "list of string",
    "right_counts": "list of int64",
    "wrong_counts": "list of int64",
    "temperature": "float64",
    "top_p": "float64",
    "top_k": "int64",
    "max_tokens": "int64",
    "min_p": "float64",
    "newly_solved": "bool",
    "newly_lost": "bool",
    "first_solved": "int64",
    "rare": "int64",
    "rare_kept": "int64",
}
"""Names and types."""


def write_ledger(path: Path, records: Iterable[ProblemRecord]) -> None:
    """Write a ledger, whole or not at all, with what follows from the base of each problem.

    Columns beside the counts: `newly_solved` and `newly_lost` against the base, `first_solved` (the first step with a right
    response, null before), `rare` (rare right answers of the base) and `rare_kept` (those still given).

    Args:
        path: Of the parquet file.
        records: In any order.
    """
    base: dict[tuple[str, str], ProblemRecord] = {}
    solved: dict[tuple[str, str], int] = {}
    rows = []
    for one in sorted(records, key=lambda r: (r.evaluation, r.step)):
        key = (one.evaluation, one.uid)
        first = base.setdefault(key, one)
        if one.correct:
            solved.setdefault(key, one.step)
        rare = rare_answers(first)
        rows.append(
            {
                **{name: getattr(one, name) for name in ("evaluation", "step", "uid", "samples", "correct", "silent", "min_p")},
                **dict(zip(("temperature", "top_p", "top_k", "max_tokens"), one.sampling, strict=True)),
                "right_answers": list(one.right),
                "right_counts": list(one.right.values()),
                "wrong_counts": list(one.wrong),
                "newly_solved": one.correct > 0 and not first.correct,
                "newly_lost": not one.correct and first.correct > 0,
                "first_solved": solved.get(key),
                "rare": len(rare),
                "rare_kept": len(rare & set(one.right)),
            }
        )
    write_table(path, rows, COLUMNS)


def read_ledger(path: Path) -> list[ProblemRecord]:
    """The rows of a ledger.

    Raises:
        InputError: If the file is no ledger.
    """
    try:
        rows = read_table(path)
        return [_record(row) for row in rows]
    except (ValueError, KeyError, OSError) as fault:
        raise InputError(f"{path} is no ledger of a run ({fault}); it is written by the Ledger callback.") from fault


def _record(row: dict[str, Any]) -> ProblemRecord:
    return ProblemRecord(
        row["evaluation"],
        row["step"],
        row["uid"],
        row["samples"],
        row["correct"],
        row["silent"],
        dict(zip(row["right_answers"], row["right_counts"], strict=True)),
        tuple(row["wrong_counts"]),
        (row["temperature"], row["top_p"], row["top_k"], row["max_tokens"]),
        row.get("min_p", 0.0),
    )
