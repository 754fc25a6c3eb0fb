"""The report of a comparison: one HTML file that needs nothing else. The numbers are from `evaluation/run_comparison.py`."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Sequence
from io import BytesIO

from asym_lit.evaluation.arm_results import ArmResult, Gap
from asym_lit.evaluation.problem_changes import Fate
from asym_lit.evaluation.run_comparison import RunComparison
from asym_lit.reports.charts import Series, line_chart, step_ticks
from asym_lit.reports.comparison_figure import trade_off_figure
from asym_lit.reports.comparison_words import (
    METHODS,
    TOO_FEW,
    bounds_words,
    cost_rows,
    head_line,
    least_lines,
    overview_rows,
    run_rows,
    signed,
)
from asym_lit.reports.escaping import for_page
from asym_lit.reports.every_k_page import every_k_section
from asym_lit.reports.ledger_page import fate_bar, fate_key, page

_SCRIPT = """
const chips = [...document.querySelectorAll(".chips button")];
function show(arm) {
  for (const chip of chips) chip.setAttribute("aria-pressed", chip.textContent === arm);
  for (const line of document.querySelectorAll("#dynamics [data-arm]")) {
    const mine = line.dataset.arm === arm;
    line.classList.toggle("mine", mine);
    if (mine) line.parentNode.append(line);
  }
}
for (const chip of chips) chip.addEventListener("click", () => show(chip.textContent));
if (chips.length) show(chips[Math.min(1, chips.length - 1)].textContent);
"""


def comparison_page(found: RunComparison) -> str:
    """The whole page."""
    first, last = found.ks[0], found.ks[-1]
    facts = {
        "evaluation set": found.evaluation,
        "problems x responses": f"{found.problems} x {found.samples}",
        "arms": str(len(found.arms)),
        "seeds an arm": ", ".join(sorted({str(len(arm.runs)) for arm in found.arms})),
        "held against": f"the base policy, and {found.baseline}",
    }
    body = [
        f"<h1>{for_page(found.title)}</h1>",
        "<dl>" + "".join(f"<div><dt>{k}</dt><dd>{for_page(v)}</dd></div>" for k, v in facts.items()) + "</dl>",
        f'<p class="lead">{for_page(head_line(found))}</p>',
        *(f'<p class="note">{for_page(note)}</p>' for note in found.notes),
        "<h2>At a glance</h2>",
        table(overview_rows(found), words=(1,)),
        f'<p class="hint">Means over problems and seeds at the last evaluation, with 95 % intervals. Bold: p below 0.05 after '
        f"correction ({found.correction}). pass@{first} is the first answer; pass@{last} is whether the set of answers still "
        f"holds a right one. Widened: pass@{last} rose. Sharpened: pass@{first} rose and pass@{last} is not shown to have "
        "changed; at the cost of breadth: it fell. Area: of pass@k over log k, before and after.</p>",
        f'<div class="card">{_picture(found)}</div>',
        "<h2>pass@k</h2>",
        '<div class="key"><span><i style="background:rgb(var(--accent))"></i>this arm after training, 95 % band</span>'
        '<span><i style="background:var(--soft)"></i>base policy (dashes)</span>'
        '<span><i style="background:var(--faint)"></i>other arms</span></div><p></p>',
        '<div class="grid">' + "".join(_curve_card(arm, found) for arm in found.arms) + "</div>",
        "<h2>What training changed</h2>",
        '<p class="hint">pass@k after training less pass@k of the base policy, paired by problem.</p>',
        gap_table([(arm.name, arm.to_base) for arm in found.arms], found.ks),
    ]
    if len(found.arms) > 1:
        rows = [(arm.name, arm.to_baseline) for arm in found.arms if arm.to_baseline]
        body += [
            f"<h2>Against {for_page(found.baseline)}</h2>",
            f'<p class="hint">pass@k of the arm less pass@k of {for_page(found.baseline)}, both after training.</p>',
            gap_table(rows, found.ks),
        ]
    body += [f'<p class="hint">{for_page(text)}</p>' for text in least_lines(found)]
    body += [*every_k_section(found.every_k, curves=False), *_problems(found), *_dynamics(found)]
    body += ["<h2>Cost of a run</h2>", table(cost_rows(found)), "<h2>Runs</h2>", table(run_rows(found), words=(3, 4))]
    body += ["<h2>How it was measured</h2>", *(f'<p class="hint">{for_page(text)}</p>' for text in METHODS)]
    return page(found.title, "\n".join(body), _SCRIPT)


def table(cells: Iterable[Sequence[str]], words: Sequence[int] = ()) -> str:
    """A table; cells in `**` are bold.

    Args:
        cells: Head and rows.
        words: Columns that hold words.
    """
    head, *rows = cells

    def cell(tag: str, i: int, text: str) -> str:
        bold = len(text) > 4 and text.startswith("**") and text.endswith("**")
        shown = for_page(text[2:-2] if bold else text)
        if tag == "th" and i:  # narrow columns may break a head here, and not within a number
            shown = shown.replace("@", "@<wbr>").replace("^", "^<wbr>")
        if i and shown.endswith("]"):  # an interval, below its middle: side by side they are wider than the page
            shown = shown.replace(" [", "<br><small>[") + "</small>"
        return f"<{tag}{' class=words' if i in words else ''}>{f'<b>{shown}</b>' if bold else shown}</{tag}>"

    lines = ["".join(cell("th", i, text) for i, text in enumerate(head))]
    lines += ["".join(cell("td" if i else "th", i, text) for i, text in enumerate(row)) for row in rows]
    return '<div class="scroll"><table>' + "".join(f"<tr>{line}</tr>" for line in lines) + "</table></div>"


def gap_table(rows: Sequence[tuple[str, Sequence[Gap]]], ks: Sequence[int]) -> str:
    """Arms by k, shaded by the size of the difference; those that are not significant stay plain."""
    lines = ["<th></th>" + "".join(f"<th>pass@{k}</th>" for k in ks)]
    for name, gaps in rows:
        line = f"<th>{for_page(name)}</th>"
        for gap in gaps:
            size = min(abs(gap.found.mean) / 0.15, 1) * 0.5
            side = ("gain" if gap.found.mean > 0 else "fall") if gap.significant() else ""
            shade = f' class="{side}" style="--a:{size:.2f}"' if side else ""
            value = f"<b>{signed(gap.found.mean)}</b>" if gap.significant() else signed(gap.found.mean)
            bounds = TOO_FEW if gap.found.few_seeds else bounds_words(gap.found.low, gap.found.high).replace(",", " …")
            p = f"p {gap.found.p:.3g}, corrected {gap.p_adjusted:.3g}"
            line += f'<td{shade} title="{p}">{value}<br><small>{bounds}</small></td>'
        lines.append(line)
    return '<div class="scroll"><table>' + "".join(f"<tr>{line}</tr>" for line in lines) + "</table></div>"


def _picture(found: RunComparison) -> str:
    """First answers against breadth, within the page: it is to need no file beside it."""
    file = BytesIO()
    trade_off_figure(found).savefig(file, dpi=110, metadata={"Software": None})
    words = f"pass@{found.ks[0]} against pass@{found.ks[-1]}, each less that of the base policy, by arm"
    return f'<img alt="{words}" style="max-width:100%" src="data:image/png;base64,{b64encode(file.getvalue()).decode()}">'


def _curve_card(arm: ArmResult, found: RunComparison) -> str:
    others = [Series(other.name, found.ks, other.after.mean) for other in found.arms if other is not arm]
    base = Series("base policy", found.ks, arm.before.mean, style="base")
    mine = Series(arm.name, found.ks, arm.after.mean, arm.after.low, arm.after.high, "mine")
    ks = found.ks if len(found.ks) < 8 else found.ks[::2]
    chart = line_chart([*others, base, mine], ks, (0.0, 1.0), log_x=True)
    return f'<div class="card"><h3>{for_page(arm.name)}</h3>{chart}<p>{for_page(arm.verdict())}</p></div>'


def _problems(found: RunComparison) -> list[str]:
    lines = [
        "<tr><th></th><th>problems</th><th>lost</th><th>widened</th><th>either, by luck</th><th>rare answers kept</th></tr>"
    ]
    for arm in found.arms:
        total, runs = arm.fates, len(arm.changes)
        numbers = (total.counts[Fate.LOST], total.counts[Fate.WIDENED], total.by_luck)
        cells = "".join(f"<td>{number / runs:.1f}</td>" for number in numbers)
        shares = f"{total.rare_kept / total.rare:.0%} <small>{total.rare_kept_by_luck:.0%}</small>" if total.rare else "-"
        lines.append(f"<tr><th>{for_page(arm.name)}</th><td>{fate_bar(total)}</td>{cells}<td>{shares}</td></tr>")
    return [
        "<h2>Problem by problem</h2>",
        fate_key(),
        '<p class="hint">Against the base policy, per seed. By luck: how many would be lost, and as many newly solved, if no '
        "problem's chance had changed. Rare answers: right ones that were at most a sixteenth of the base's responses; small: "
        "the share that would be given again by luck, had no answer's chance changed.</p>",
        '<div class="scroll"><table>' + "".join(lines) + "</table></div>",
    ]


def _dynamics(found: RunComparison) -> list[str]:
    cards = []
    for i, k in [(0, found.ks[0]), (-1, found.ks[-1])]:
        over = [Series(a.name, list(a.over_time), [values[i] for values in a.over_time.values()]) for a in found.arms]
        cards.append((f"pass@{k}", over))
    for metric, words in found.metrics.items():
        cards.append((words, [Series(a.name, *a.dynamics[metric]) for a in found.arms if metric in a.dynamics]))
    chips = "".join(f"<button>{for_page(arm.name)}</button>" for arm in found.arms)
    charts = "".join(
        f'<div class="card"><h3>{words}</h3>{line_chart(series, step_ticks(series))}</div>' for words, series in cards if series
    )
    return [
        "<h2>Over training</h2>",
        '<p class="hint">Means over seeds, by rollout step. Choose the arm to stand out.</p>',
        f'<div id="dynamics"><div class="chips">{chips}</div><div class="grid">{charts}</div></div>',
    ]
