"""The ledger's file, `ledger.parquet`: a row per evaluation set, step and problem. What follows from it is in `evaluation/`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from asym_lit.evaluation.ledger import ProblemRecord, rare_answers
from asym_lit.run_folder.writing import write_table
from asym_lit.types import InputError

SCHEMA = pa.schema(
    [
        pa.field("evaluation", pa.string()),
        pa.field("step", pa.int64()),
        pa.field("uid", pa.string()),
        pa.field("samples", pa.int64()),
        pa.field("correct", pa.int64()),
        pa.field("silent", pa.int64()),
        pa.field("right_answers", pa.list_(pa.string())),
        pa.field("right_counts", pa.list_(pa.int64())),
        pa.field("wrong_counts", pa.list_(pa.int64())),
        pa.field("temperature", pa.float64()),
        pa.field("top_p", pa.float64()),
        pa.field("top_k", pa.int64()),
        pa.field("max_tokens", pa.int64()),
        pa.field("newly_solved", pa.bool_()),
        pa.field("newly_lost", pa.bool_()),
        pa.field("first_solved", pa.int64()),
        pa.field("rare", pa.int64()),
        pa.field("rare_kept", pa.int64()),
    ]
)


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
                **{name: getattr(one, name) for name in ("evaluation", "step", "uid", "samples", "correct", "silent")},
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
    write_table(path, rows, SCHEMA)


def read_ledger(path: Path) -> list[ProblemRecord]:
    """The rows of a ledger.

    Raises:
        InputError: If the file is no ledger.
    """
    try:
        rows = pq.read_table(path).to_pylist()
        return [_record(row) for row in rows]
    except (pa.ArrowInvalid, KeyError, OSError) as fault:
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
    )
