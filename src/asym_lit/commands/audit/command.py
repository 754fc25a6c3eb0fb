"""The `audit` command: any verifier on any file of labelled answers.

The measure is in `evaluation/audit.py`, the page in `reports/`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from jsonargparse import auto_cli
from rich.console import Console
from rich.table import Table

from asym_lit.command_line import PlainErrors, allow_short_names
from asym_lit.command_line.program import program
from asym_lit.commands.audit.rows import Columns, read_answers
from asym_lit.evaluation.attacks import attack_rows
from asym_lit.evaluation.audit import Audit, LabelledAnswer, Score, audit, has_box, scores_by
from asym_lit.evaluation.perturbations import GoldRow, perturbed
from asym_lit.reports.audit_page import audit_page, percent
from asym_lit.reports.escaping import for_terminal
from asym_lit.run_folder.writing import write_atomically
from asym_lit.types import InputError, Verifier, check_least


@dataclass(frozen=True)
class AuditSettings:
    r"""Judge the answers of a file, and compare with its labels.

    The file is JSON, JSON lines, CSV or Parquet. A row has one candidate with a label, or, with `right` and `wrong`, columns of
    candidates that are known to be so. A function of yours is a verifier too: `--verifier mine.py:reward`.

    Args:
        verifier: Who judges.
        file: The labelled answers.
        question: Column of the question, dots going inside; it may be missing.
        gold: Column of the gold answer.
        candidate: Column of the answer to judge.
        label: Column that says whether it is right: true or false, 1 or 0, correct or incorrect.
        category: Column of a category, for a table by it; it may be missing.
        right: Column of a right answer, instead of `candidate` and `label`.
        wrong: Column of a wrong answer, likewise.
        facts: What else the verifier needs of a row, by name, each with its column: `{category: category, rule_id: rule_id}`.
        boxed: Candidates are bare answers, and are put into \boxed{}, but for those that hold a box; false for whole responses.
        attacks: Gold answers that are attacked besides, by responses that want to be called right without an answer.
        perturb: Answers of each kind and label made out of every gold answer besides, some right and some wrong.
        max_false_accepts: Largest share of wrong answers accepted; with more, the exit status is 1.
        min_recall: Smallest share of right answers accepted, likewise.
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
    facts: dict[str, str] = field(default_factory=dict)
    boxed: bool = True
    attacks: int = 0
    perturb: int = 0
    max_false_accepts: float | None = None
    min_recall: float | None = None
    output: Path = Path("audit")

    def __post_init__(self) -> None:
        check_least("{name}", 0, attacks=self.attacks, perturb=self.perturb)
        for name in ("max_false_accepts", "min_recall"):
            value = getattr(self, name)
            if value is not None and not 0 <= value <= 1:
                raise InputError(f"{name} is {value}; allowed: a share, 0 to 1, such as 0.003.")


class _Parser(PlainErrors):
    """Precedes an error with one line of usage; `--help` shows all options."""

    short_usage = "--verifier CLASS --file rows.jsonl [--KEY VALUE ...]"


def audit_command(args: Sequence[str]) -> None:
    """Run `audit`.

    Args:
        args: Words after `audit`.
    """
    allow_short_names()
    settings = auto_cli(
        AuditSettings,
        args=list(args),
        prog=f"{program()} audit",
        as_positional=False,
        parser_class=_Parser,
        parser_mode="omegaconf+",
    )
    found = run_audit(settings, Console())
    if missed := missed_limits(settings, found.score):
        raise SystemExit(f"audit: {'; '.join(missed)}")


def run_audit(settings: AuditSettings, console: Console) -> Audit:
    """Read, judge, write and print."""
    answers = read_answers(settings.file, columns_of(settings))
    bringing = sum(settings.boxed and has_box(answer.candidate) for answer in answers)
    if bringing:
        console.print(f"{bringing} of {len(answers)} candidates hold a box already, and are judged as they are.")
    found = audit(settings.verifier, [*answers, *besides(settings, answers)], settings.boxed)
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
    page = for_terminal(str(settings.output / "audit.html"))
    console.print(f"{page} shows the {sum(one.disagrees for one in found.judged)} disagreements.")
    return found


def columns_of(settings: AuditSettings) -> Columns:
    """Which column holds what."""
    return Columns(**{name.name: getattr(settings, name.name) for name in fields(Columns)})


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


def besides(settings: AuditSettings, answers: Sequence[LabelledAnswer]) -> list[LabelledAnswer]:
    """Attacks, and answers made out of the gold ones, as far as they are asked for."""
    golds = list(dict.fromkeys((answer.question, answer.gold) for answer in answers))
    made = perturbed([GoldRow(*row) for row in golds], each=settings.perturb) if settings.perturb else []
    return [
        *attack_rows(golds[: settings.attacks]),
        *(LabelledAnswer(f"made {n}", p.question, p.gold, p.answer, p.right, p.kind) for n, p in enumerate(made)),
    ]


def missed_limits(settings: AuditSettings, score: Score) -> list[str]:
    """Which limits a score misses, in words; one without answers to measure it on is missed."""
    most, least = settings.max_false_accepts, settings.min_recall
    missed = []
    if most is not None and (score.false_accepts is None or score.false_accepts > most):
        missed.append(f"{percent(score.false_accepts)} of wrong answers accepted, allowed: {most:.4g}")
    if least is not None and (score.recall is None or score.recall < least):
        missed.append(f"{percent(score.recall)} of right answers accepted, least: {least:.4g}")
    return missed


def _table(found: Audit) -> Table:
    table = Table(
        "",
        "right",
        "recall",
        "wrong",
        "false accepts",
        "undecided",
        title=for_terminal(f"{found.verifier}, {len(found.judged)} answers"),
    )
    categories = [score for score in scores_by(found.judged, "category") if score.name != "(none)"]
    for score in (found.score, *scores_by(found.judged, "rung"), *categories):
        table.add_row(
            for_terminal(score.name),
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
