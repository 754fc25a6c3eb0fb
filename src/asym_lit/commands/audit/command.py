"""The `audit` command: any verifier on any file of labelled answers.

The measure is in `evaluation/audit.py`, the page in `reports/`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jsonargparse import ArgumentParser, auto_cli
from rich.console import Console
from rich.table import Table
from typing_extensions import override

from asym_lit.evaluation.audit import Audit, LabelledAnswer, Score, audit, scores_by
from asym_lit.reports.audit_page import audit_page, percent
from asym_lit.run_folder.writing import write_atomically
from asym_lit.types import InputError, Verifier

LABELS = {
    "true": True,
    "1": True,
    "correct": True,
    "right": True,
    "false": False,
    "0": False,
    "incorrect": False,
    "wrong": False,
}


@dataclass(frozen=True)
class AuditSettings:
    r"""Judge the answers of a file, and compare with its labels.

    The file holds one JSON object a line, or a JSON list of objects. A row has one candidate with a label, or, with `right` and
    `wrong`, columns of candidates that are known to be so.

    Args:
        verifier: Who judges.
        file: The labelled answers.
        question: Column of the question; it may be missing.
        gold: Column of the gold answer.
        candidate: Column of the answer to judge.
        label: Column that says whether it is right: true or false, 1 or 0, correct or incorrect.
        category: Column of a category, for a table by it; it may be missing.
        right: Column of a right answer, instead of `candidate` and `label`.
        wrong: Column of a wrong answer, likewise.
        boxed: Candidates are bare answers, and are put into \boxed{}; false for whole responses.
        output: Folder for `audit.html`, `audit.json` and `verdicts.jsonl`.
    """

    verifier: Verifier
    file: Path
    question: str = "question"
    gold: str = "gold"
    candidate: str = "candidate"
    label: str = "label"
    category: str = "category"
    right: str = ""
    wrong: str = ""
    boxed: bool = True
    output: Path = Path("audit")


class _Parser(ArgumentParser):
    """Precedes an error with one line of usage; `--help` shows all options."""

    @override
    def print_usage(self, file: Any = None) -> None:
        print(f"usage: {self.prog} --verifier CLASS --file rows.jsonl [--KEY VALUE ...]", file=file)


def audit_command(args: Sequence[str]) -> None:
    """Run `audit`.

    Args:
        args: Words after `audit`.
    """
    settings = auto_cli(
        AuditSettings,
        args=list(args),
        prog="train.py audit",
        as_positional=False,
        parser_class=_Parser,
        parser_mode="omegaconf+",
    )
    run_audit(settings, Console())


def run_audit(settings: AuditSettings, console: Console) -> Audit:
    """Read, judge, write and print."""
    found = audit(settings.verifier, read_answers(settings), settings.boxed)
    settings.output.mkdir(parents=True, exist_ok=True)
    rows = [
        {
            "row": one.answer.row,
            "gold": one.answer.gold,
            "candidate": one.answer.candidate,
            "right": one.answer.right,
            "category": one.answer.category,
            "outcome": str(one.verdict.outcome),
            "by": one.verdict.by,
            "reason": one.verdict.reason,
            "seconds": round(one.verdict.seconds, 6),
        }
        for one in found.judged
    ]
    write_atomically(settings.output / "verdicts.jsonl", (json.dumps(row, ensure_ascii=False) for row in rows))
    write_atomically(settings.output / "audit.html", [audit_page(found, settings.file.name)])
    write_atomically(settings.output / "audit.json", [json.dumps(summary(found), indent=1)])
    console.print(_table(found))
    console.print(f"{settings.output / 'audit.html'} shows the {sum(one.disagrees for one in found.judged)} disagreements.")
    return found


def summary(found: Audit) -> dict[str, Any]:
    """The numbers of an audit, as plain types."""
    p50, p95, p99 = found.latencies
    return {
        "verifier": found.verifier,
        **_numbers(found.score),
        "latency_seconds": {"p50": p50, "p95": p95, "p99": p99},
        "verdicts_per_second": len(found.judged) / max(found.seconds, 1e-9),
        "by_category": {score.name: _numbers(score) for score in scores_by(found.judged, "category")},
        "by_rung": {score.name: _numbers(score) for score in scores_by(found.judged, "rung")},
    }


def _numbers(score: Score) -> dict[str, float | None]:
    return {
        "right": score.right,
        "wrong": score.wrong,
        "recall": score.recall,
        "false_accepts": score.false_accepts,
        "undecided": score.undecided_share,
    }


def read_answers(settings: AuditSettings) -> list[LabelledAnswer]:
    """The labelled answers of a file.

    Raises:
        InputError: If it cannot be read, or a column or label is missing.
    """
    try:
        text = settings.file.read_text(encoding="utf-8")
        rows = json.loads(text) if text.lstrip().startswith("[") else [json.loads(s) for s in text.splitlines() if s.strip()]
    except (OSError, ValueError) as fault:
        raise InputError(f"file {settings.file} cannot be read ({fault}); write a JSON object on each line.") from fault
    answers = [answer for number, row in enumerate(rows) for answer in _answers(settings, row, str(row.get("id", number)))]
    if not answers:
        raise InputError(f"file {settings.file} has no rows.")
    return answers


def _answers(settings: AuditSettings, row: dict[str, Any], name: str) -> list[LabelledAnswer]:
    def column(key: str) -> str:
        if row.get(key) is None:
            raise InputError(f"Row {name} of {settings.file} has no column {key!r}; there are: {', '.join(row)}.")
        return str(row[key])

    question, category = str(row.get(settings.question, "")), str(row.get(settings.category, ""))
    gold = column(settings.gold)
    if settings.right or settings.wrong:
        pairs = [(key, right) for key, right in ((settings.right, True), (settings.wrong, False)) if key]
        return [LabelledAnswer(f"{name} {key}", question, gold, column(key), right, category) for key, right in pairs]
    label = column(settings.label).strip().lower()
    if label not in LABELS:
        raise InputError(f"Row {name} of {settings.file} has the label {label!r}; allowed: {', '.join(LABELS)}.")
    return [LabelledAnswer(name, question, gold, column(settings.candidate), LABELS[label], category)]


def _table(found: Audit) -> Table:
    table = Table(
        "", "right", "recall", "wrong", "false accepts", "undecided", title=f"{found.verifier}, {len(found.judged)} answers"
    )
    categories = [score for score in scores_by(found.judged, "category") if score.name != "(none)"]
    for score in (found.score, *scores_by(found.judged, "rung"), *categories):
        table.add_row(
            score.name,
            str(score.right),
            percent(score.recall),
            str(score.wrong),
            percent(score.false_accepts),
            str(score.undecided),
        )
    p50, p95, p99 = (f"{1000 * seconds:.3g}" for seconds in found.latencies)
    table.caption = (
        f"latency p50 {p50}, p95 {p95}, p99 {p99} ms; {len(found.judged) / max(found.seconds, 1e-9):,.0f} verdicts/s"
    )
    return table
