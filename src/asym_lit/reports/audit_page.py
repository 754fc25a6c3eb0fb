"""An audit as a page: one file, no scripts, nothing loaded from elsewhere. The numbers are from `evaluation/audit.py`."""

from __future__ import annotations

from collections.abc import Sequence

from asym_lit.evaluation.audit import Audit, Judged, Score, scores_by
from asym_lit.reports.escaping import for_page
from asym_lit.types import Outcome

_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 78rem; padding: 0 1rem; color: #1c1c1c; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; table-layout: auto; }
th, td { text-align: left; vertical-align: top; padding: .35rem .6rem; border-bottom: 1px solid #ddd; }
th { background: #f4f4f2; position: sticky; top: 0; } td.n { text-align: right; font-variant-numeric: tabular-nums; }
td.t { overflow-wrap: anywhere; max-width: 24rem; } code { font: 13px/1.4 ui-monospace, monospace; white-space: pre-wrap; }
.accepted { color: #a02020; } .rejected { color: #8a5a00; } .undecided { color: #555; }
details summary { cursor: pointer; color: #555; } .big { display: flex; gap: 2.5rem; flex-wrap: wrap; }
.big b { display: block; font-size: 1.6rem; } .big span { color: #555; }
@media (prefers-color-scheme: dark) { body { background: #17181a; color: #e6e6e6; } th { background: #242528; }
 th, td { border-color: #3a3b3e; } .accepted { color: #ff8a80; } .rejected { color: #ffcc80; }
 .undecided, details summary, .big span { color: #aaa; } }
"""
LONGEST = 600


def audit_page(audit: Audit, title: str) -> str:
    """The page.

    Args:
        audit: What to show.
        title: Name of the file that was judged.
    """
    score = audit.score
    p50, p95, p99 = (f"{1000 * seconds:.3g}" for seconds in audit.latencies)
    numbers = [
        (percent(score.recall), f"recall: {score.accepted_right} of {score.right} right answers accepted"),
        (percent(score.false_accepts), f"false accepts: {score.accepted_wrong} of {score.wrong} wrong answers accepted"),
        (percent(score.undecided_share), f"undecided: {score.undecided}"),
        (f"{p50} ms", f"median latency, waiting included; p95 {p95} ms, p99 {p99} ms"),
        (f"{len(audit.judged) / max(audit.seconds, 1e-9):,.0f}/s", "verdicts"),
    ]
    big = "".join(f"<div><b>{for_page(number)}</b><span>{for_page(what)}</span></div>" for number, what in numbers)
    wrongly = [one for one in audit.judged if one.disagrees]
    parts = [
        f"<h1>{for_page(audit.verifier)} on {for_page(title)}</h1><div class=big>{big}</div>",
        _scores("By deciding rung", scores_by(audit.judged, "rung")),
        _scores("By category", scores_by(audit.judged, "category")),
        _answers("Wrong, but accepted", "accepted", [one for one in wrongly if one.accepted]),
        _answers("Right, but rejected", "rejected", [one for one in wrongly if not one.accepted]),
        _answers("Undecided", "undecided", [one for one in audit.judged if one.verdict.outcome == Outcome.UNDECIDED]),
    ]
    head = f"<meta charset=utf-8><meta name=viewport content='width=device-width'><title>Audit: {for_page(title)}</title>"
    return f"<!doctype html><html lang=en>{head}<style>{_STYLE}</style><body>{''.join(parts)}</body></html>\n"


def percent(share: float | None) -> str:
    """A share for people; a dash if there is none."""
    return "–" if share is None else f"{share:.1%}"  # noqa: RUF001 - a dash


def _scores(title: str, scores: Sequence[Score]) -> str:
    rows = "".join(
        f"<tr><td>{for_page(s.name)}<td class=n>{s.right}<td class=n>{percent(s.recall)}<td class=n>{s.wrong}"
        f"<td class=n>{percent(s.false_accepts)}<td class=n>{s.undecided}"
        for s in scores
    )
    head = "<tr><th><th>right<th>recall<th>wrong<th>false accepts<th>undecided"
    return f"<h2>{for_page(title)}</h2><table>{head}{rows}</table>"


def _answers(title: str, kind: str, judged: Sequence[Judged]) -> str:
    if not judged:
        return f"<h2>{for_page(title)}: none</h2>"
    rows = "".join(_row(one) for one in judged)
    head = "<tr><th>row<th>gold answer<th>candidate<th>why<th>category"
    return f"<h2 class={kind}>{for_page(title)}: {len(judged)}</h2><table>{head}{rows}</table>"


def _row(one: Judged) -> str:
    answer, verdict = one.answer, one.verdict
    path = "; ".join(f"{rung.by}: {rung.reason}" for rung in verdict.path or (verdict,))
    asked = f"<details><summary>question</summary>{for_page(_short(answer.question))}</details>" if answer.question else ""
    return (
        f"<tr><td>{for_page(answer.row)}<td class=t><code>{for_page(_short(answer.gold))}</code>{asked}"
        f"<td class=t><code>{for_page(_short(answer.candidate))}</code><td class=t>{for_page(_short(path))}"
        f"<td>{for_page(answer.category)}"
    )


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else text[:LONGEST] + "..."
