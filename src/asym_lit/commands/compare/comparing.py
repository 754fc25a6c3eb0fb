"""The comparison of run folders, written as a report. Statistics are in `evaluation/`, pages in `reports/`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from asym_lit.commands.compare.doubts import doubts
from asym_lit.evaluation.paired import Correction
from asym_lit.evaluation.run_comparison import RunComparison, compare_runs
from asym_lit.evaluation.runs import Run, check_comparable
from asym_lit.reports.comparison_figure import comparison_figure, trade_off_figure, training_figure
from asym_lit.reports.comparison_page import comparison_page
from asym_lit.reports.comparison_text import comparison_text
from asym_lit.reports.every_k_figure import every_k_figure
from asym_lit.reports.pasted_tables import latex_tables, markdown_tables
from asym_lit.run_folder.writing import folder_for, write_atomically, write_json
from asym_lit.types import InputError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PICTURES: dict[str, Callable[[RunComparison], Figure]] = {
    "pass_at_k": comparison_figure,
    "trade_off": trade_off_figure,
    "over_training": training_figure,
    "every_k": lambda found: every_k_figure(found.every_k),
}


@dataclass(frozen=True)  # no slots: jsonargparse reads vars() of it
class Compare:
    """How runs are compared.

    Args:
        out: Folder of the report.
        title: Of the report.
        baseline: The arm that others are held against; empty for the first.
        evaluations: Evaluation sets; empty for all that every run has.
        ks: Budgets; empty for powers of two up to the number of responses.
        allow: Differences to put up with: problems, n, temperature, top_p, top_k, max_tokens, min_p, verifier.
        metrics: Of training, to show beside entropy, candidates' probabilities, reward and length; names of `metrics.jsonl`.
        correction: Of p-values for their number: fdr (share of false ones among alarms), holm (no false alarm at all) or none.
        counts: Compare run folders by the counts of their last evaluations alone, as files of counts are.
        ids: What problems of others' files are called, of the fields of a row: {doc.id}, gsm8k/{doc_id}; empty for the usual.
        verdict: The metric or field of others' files that says what is right, where there are several.
        filter: Of lm-evaluation-harness: the filter whose verdicts count, where there are several.
    """

    out: str = "runs/compare"
    title: str = "Comparison"
    baseline: str = ""
    evaluations: list[str] = field(default_factory=list)
    ks: list[int] = field(default_factory=list)
    allow: list[str] = field(default_factory=list)
    metrics: list[str] = field(default_factory=list)
    correction: Correction = "fdr"
    counts: bool = False
    ids: str = ""
    verdict: str = ""
    filter: str = ""


def write_comparison(
    settings: Compare, runs: Sequence[Run], notes: Sequence[str] = ()
) -> dict[str, tuple[RunComparison, Path]]:
    """Compares runs and writes `index.html`, `report.md`, `comparison.json`, `table.tex`, `table.md` and four pictures.

    The pictures are `pass_at_k.png`, `trade_off.png`, `over_training.png` and `every_k.png`. With several
    evaluation sets, each has a folder.

    Args:
        settings: How.
        runs: Of all arms.
        notes: What a reader must know beside what the runs themselves show.

    Returns:
        By evaluation set: what was found, and the page.

    Raises:
        InputError: If the runs cannot be compared.
    """
    names, out = shared_evaluations(settings, runs), folder_for(settings.out)
    done = {}
    for name in names:
        allowed = check_comparable(runs, name, settings.allow)
        known = [*notes, *doubts(runs, name), *allowed]
        found = compare_runs(
            runs, name, settings.title, settings.baseline, settings.ks, settings.correction, known, settings.metrics
        )
        folder = out / name if len(names) > 1 else out
        write_atomically(folder / "index.html", [comparison_page(found)])
        write_atomically(folder / "report.md", [comparison_text(found)])
        write_atomically(folder / "table.tex", [latex_tables(found.every_k, found.ks, found.problems, found.samples)])
        write_atomically(folder / "table.md", [markdown_tables(found.every_k, found.ks)])
        write_json(folder / "comparison.json", _plain(found))
        for name_of_file, draw in PICTURES.items():
            draw(found).savefig(folder / f"{name_of_file}.png", dpi=110, metadata={"Software": None})
        done[name] = (found, folder / "index.html")
    return done


def shared_evaluations(settings: Compare, runs: Sequence[Run]) -> list[str]:
    """The evaluation sets that are asked for, else all that every run has."""
    sets = [list(dict.fromkeys(record.evaluation for record in run.ledger)) for run in runs]
    shared = [name for name in sets[0] if all(name in other for other in sets)]
    missing = [name for name in settings.evaluations if name not in shared]
    if missing or not shared:
        named = "; ".join(f"{run.name}: {', '.join(found)}" for run, found in zip(runs, sets, strict=True))
        raise InputError(
            f"{'The runs share no evaluation set' if not shared else f'Not every run has {missing[0]!r}'}; they have {named}. "
            "A folder with several runs brings all of them; name one, as runs/NAME/version_0."
        )
    return settings.evaluations or shared


def _plain(found: RunComparison) -> dict[str, Any]:
    """Plain types, for JSON."""
    arms = []
    for arm in found.arms:
        gaps = {
            name: [{"k": gap.k, **asdict(gap.found), "p_adjusted": gap.p_adjusted} for gap in some]
            for name, some in (("to_base", arm.to_base), ("to_baseline", arm.to_baseline))
        }
        runs = [{"name": r.name, "seed": r.seed, "state": r.state, "reached": r.reached} for r in arm.runs]
        fates = [
            {
                **{str(one): count for one, count in each.counts.items()},
                "by_luck": each.by_luck,
                "rare": each.rare,
                "rare_kept": each.rare_kept,
                "rare_kept_by_luck": each.rare_kept_by_luck,
            }
            for each in arm.changes
        ]
        curves = {"before": arm.before.mean, "after": arm.after.mean, "low": arm.after.low, "high": arm.after.high}
        curves["area"] = [arm.before.area, arm.after.area]
        arms.append(
            {"arm": arm.name, "verdict": arm.verdict(), **curves, **gaps, "problems": fates, "metrics": arm.ends, "runs": runs}
        )
    head = {
        name: getattr(found, name) for name in ("title", "evaluation", "problems", "samples", "ks", "baseline", "correction")
    }
    return {**head, "notes": found.notes, "arms": arms, "every_k": [one.as_dict() for one in found.every_k]}
