"""The problem ledger: what became of every problem at every evaluation, kept as a parquet file.

One row per evaluation set, step and problem. The first evaluation of a set is its base: what the policy could do before.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from asym_lit.evaluation.votes import Ballot
from asym_lit.types import InputError, Outcome, Rollout, Sampling

RARE = 1 / 16
"""A right answer is rare if it makes up at most this share of the base's responses (one response is always rare)."""
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


@dataclass(frozen=True, slots=True)
class ProblemRecord:
    """One problem at one evaluation."""

    evaluation: str
    step: int
    uid: str
    samples: int
    """Decided responses."""
    correct: int
    silent: int
    """Wrong responses in which no answer was found."""
    right: Mapping[str, int]
    """Responses by right answer."""
    wrong: tuple[int, ...]
    """Responses per different wrong answer, most frequent first."""
    sampling: tuple[float, float, int, int] = (1.0, 1.0, 0, 0)
    """Temperature, top-p, top-k and the longest response."""

    @property
    def ballot(self) -> Ballot:
        """Its answers, counted."""
        return Ballot(tuple(sorted(self.right.values(), reverse=True)), self.wrong, self.silent)


def problem_record(evaluation: str, step: int, group: Sequence[Rollout], sampling: Sampling) -> ProblemRecord:
    """What a group of verified responses says of its problem; undecided ones are left out."""
    decided = [(r, r.verdict) for r in group if r.verdict and r.verdict.truth != Outcome.UNDECIDED]
    right = Counter(v.extracted or r.text for r, v in decided if v.truth == Outcome.CORRECT)
    wrong = Counter(v.extracted for _, v in decided if v.truth == Outcome.INCORRECT)
    silent = wrong.pop(None, 0)
    return ProblemRecord(
        evaluation,
        step,
        group[0].prompt.uid,
        len(decided),
        right.total(),
        silent,
        dict(right.most_common()),
        tuple(sorted(wrong.values(), reverse=True)),
        (sampling.temperature, sampling.top_p, sampling.top_k, sampling.max_tokens),
    )


def rare_answers(base: ProblemRecord) -> set[str]:
    """The right answers of the base that a policy forgets first."""
    return {answer for answer, count in base.right.items() if count <= most_of_a_rare_answer(base.samples)}


def most_of_a_rare_answer(samples: int) -> int:
    """How often an answer may be given and still be rare."""
    return max(1, int(RARE * samples))


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
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    pq.write_table(pa.Table.from_pylist(rows, SCHEMA), partial, compression="zstd")
    os.replace(partial, path)


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
