"""The ledger to look at: a page with a row per problem, and a figure for TensorBoard.

What is recorded is in `evaluation/ledger.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from asym_lit.evaluation.ledger import ProblemRecord, rare_answers
from asym_lit.evaluation.problem_changes import Changes, Fate, by_step, changes, fate
from asym_lit.reports.escaping import for_page
from asym_lit.reports.style import STYLE

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SHOWN = 400
"""Problems of a set on the page; the parquet file has all."""
ORDER = (Fate.LOST, Fate.WIDENED, Fate.DULLED, Fate.SHARPENED, Fate.UNCHANGED, Fate.UNSOLVED)
_SCRIPT = """
for (const chip of document.querySelectorAll(".chips button")) chip.addEventListener("click", () => {
  const on = chip.getAttribute("aria-pressed") !== "true", section = chip.closest("section");
  for (const other of section.querySelectorAll(".chips button")) other.setAttribute("aria-pressed", "false");
  chip.setAttribute("aria-pressed", on);
  for (const row of section.querySelectorAll("tr[data-fate]")) row.hidden = on && row.dataset.fate !== chip.dataset.fate;
});
"""


def page(title: str, body: str, script: str = "") -> str:
    """A whole HTML document around a body.

    Args:
        title: Plain text.
        body: HTML.
        script: Run at its end.
    """
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{for_page(title)}</title><style>{STYLE}</style></head><body><main>{body}</main>"
        f"<script>{script}</script></body></html>"
    )


def fate_bar(found: Changes) -> str:
    """The problems of a set as one bar, by fate."""
    parts = "".join(
        f'<i class="{one}" style="flex:{found.counts[one]}" title="{one}: {found.counts[one]}"></i>' for one in Fate
    )
    return f'<div class="bar">{parts}</div>'


def fate_key() -> str:
    """What the colours of the bars mean."""
    words = {
        Fate.LOST: "lost: solved before, no longer",
        Fate.DULLED: "dulled: less often right",
        Fate.UNCHANGED: "unchanged",
        Fate.SHARPENED: "sharpened: more often right",
        Fate.WIDENED: "widened: newly solved",
        Fate.UNSOLVED: "never solved",
    }
    return '<div class="key">' + "".join(f'<span><i class="{one}"></i>{text}</span>' for one, text in words.items()) + "</div>"


def ledger_page(title: str, records: Sequence[ProblemRecord]) -> str:
    """The page: for each evaluation set what became of its problems, and every problem's successes over training.

    Args:
        title: Of the page.
        records: All rows of a ledger.
    """
    names = list(dict.fromkeys(record.evaluation for record in records))
    return page(title, f"<h1>{for_page(title)}</h1>" + "".join(_set(name, records) for name in names), _SCRIPT)


def _set(name: str, records: Sequence[ProblemRecord]) -> str:
    steps = by_step(records, name)
    first, last = min(steps), max(steps)
    found = changes(steps[first].values(), steps[last].values())
    fates = {uid: fate(steps[first].get(uid, now), now) for uid, now in steps[last].items()}
    order = sorted(fates, key=lambda uid: (ORDER.index(fates[uid]), -steps[last][uid].correct, uid))
    counted = [(one, found.counts[one]) for one in ORDER if found.counts[one]]
    chips = "".join(f'<button data-fate="{one}" aria-pressed="false">{one} {count}</button>' for one, count in counted)
    columns = "".join(f"<th>{step}</th>" for step in steps)
    head = f'<tr><th>problem</th>{columns}<th class="words">rare right answers forgotten, right answers found</th></tr>'
    rows = "".join(_row(uid, fates[uid], [steps[step].get(uid) for step in steps]) for uid in order[:SHOWN])
    more = f" The first {SHOWN} of {len(order)} are shown." if len(order) > SHOWN else ""
    return (
        f"<section><h2>{for_page(name)}: step {first} to step {last}</h2>{fate_bar(found)}<p></p>{fate_key()}"
        f'<p class="hint">{found.problems} problems; by luck alone, with no chance changed, {found.by_luck:.1f} would be lost '
        f"and as many newly solved. Rare right answers of step {first} still given: {found.rare_kept} of {found.rare} "
        f"(by luck alone {found.rare_kept_by_luck:.0%}). "
        f"Cells: right responses by rollout step.{more}</p>"
        f'<div class="chips">{chips}</div><div class="scroll"><table class="cells">{head}{rows}</table></div></section>'
    )


def _row(uid: str, what: Fate, seen: Sequence[ProblemRecord | None]) -> str:
    cells = "".join(_cell(record) for record in seen)
    answers = _answers(seen[0], seen[-1])
    return f'<tr data-fate="{what}"><th>{for_page(uid[:60])}</th>{cells}<td class="answer">{for_page(answers)}</td></tr>'


def _cell(record: ProblemRecord | None) -> str:
    if record is None:
        return '<td class="c"></td>'
    share = record.correct / record.samples if record.samples else 0.0
    shade = f' gain" style="--a:{0.12 + 0.7 * share:.2f}' if record.correct else ""
    return f'<td class="c{shade}" title="{record.correct} of {record.samples}">{record.correct or "·"}</td>'


def _answers(base: ProblemRecord | None, now: ProblemRecord | None) -> str:
    """What was forgotten among the rare answers, and what is new."""
    if base is None or now is None or base is now:
        return ""
    gone, new = rare_answers(base) - set(now.right), set(now.right) - set(base.right)
    parts = [("forgot", sorted(gone)[:2]), ("found", sorted(new)[:2])]
    return "    ".join(f"{word} {',  '.join(answer[:40] for answer in some)}" for word, some in parts if some)


def ledger_figure(name: str, records: Sequence[ProblemRecord]) -> Figure:
    """Problems by evaluations, shaded by their share of right responses; hardest for the base at the bottom.

    Args:
        name: Of the evaluation set.
        records: All rows of a ledger.
    """
    import numpy as np
    from matplotlib.figure import Figure

    steps = by_step(records, name)
    base = next(iter(steps.values()))
    order = sorted(base, key=lambda uid: (-base[uid].correct / max(base[uid].samples, 1), uid))
    shares = np.full((len(order), len(steps)), np.nan)
    for column, rows in enumerate(steps.values()):
        for line, uid in enumerate(order):
            if uid in rows:
                shares[line, column] = rows[uid].correct / max(rows[uid].samples, 1)
    figure = Figure(figsize=(5, 6), layout="constrained")
    axes = figure.subplots()
    shown = axes.imshow(np.sqrt(shares), aspect="auto", interpolation="nearest", cmap="Blues", vmin=0, vmax=1)
    axes.set_xticks(range(len(steps)), [str(step) for step in steps])
    axes.set(xlabel="rollout step", ylabel="problems, easiest for the base first", title=f"{name}: right responses")
    bar = figure.colorbar(shown, ticks=[0, 0.25**0.5, 0.5**0.5, 1])
    bar.set_ticklabels(["0", "25 %", "50 %", "100 %"])
    return figure
