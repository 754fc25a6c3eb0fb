"""The ledger of a history as one HTML page that needs nothing else, and as markdown. Numbers: `evaluation.histories`."""

from __future__ import annotations

from asym_lit.evaluation.histories import Course, HistoryLedger, ProblemCourse
from asym_lit.reports.comparison_page import table
from asym_lit.reports.escaping import for_page
from asym_lit.reports.history_words import METHOD, course_rows, history_sentences, problem_rows, visits_line
from asym_lit.reports.ledger_page import page

COLOURS = {Course.LEARNED: "widened", Course.LOST: "lost", Course.SWINGS: "dulled", Course.STEADY: "unchanged"}
"""Their classes in the reports' style, which knows fates."""
LINES = 12
"""Problems of each course whose visits are drawn."""


def history_page(title: str, found: HistoryLedger, top: int) -> str:
    """The whole page.

    Args:
        title: Of the history.
        found: Its ledger.
        top: Problems of the ranking to show.
    """
    bar = "".join(f'<i class="{COLOURS[one]}" style="flex:{found.counts[one]}" title="{one}"></i>' for one in Course)
    key = "".join(f'<span><i class="{COLOURS[one]}"></i>{one}: {found.counts[one]}</span>' for one in Course)
    body = [f"<h1>{for_page(title)}</h1>", *(f'<p class="lead">{for_page(text)}</p>' for text in history_sentences(found))]
    body += [
        f'<p></p><div class="bar">{bar}</div><p></p><div class="key">{key}</div><p></p>',
        table(course_rows(found), words=(5,)),
    ]
    for course in (Course.LEARNED, Course.LOST, Course.SWINGS):
        members = sorted((p for p in found.problems if p.course == course), key=lambda p: (-abs(p.last - p.first), p.uid))
        if members:
            shown = f"the {LINES} that moved most" if len(members) > LINES else "all of them"
            body.append(f"<h2>{str(course).capitalize()}: {shown}</h2>")
            body.append('<div class="grid">' + "".join(map(_card, members[:LINES])) + "</div>")
    body += ["<h2>For training on one problem</h2>", table(problem_rows(found, top), words=(8,))]
    body += ["<h2>How it was read</h2>", *(f'<p class="hint">{for_page(text)}</p>' for text in METHOD)]
    return page(title, "\n".join(body))


def history_text(title: str, found: HistoryLedger, top: int) -> str:
    """The same as markdown.

    Args:
        title: Of the history.
        found: Its ledger.
        top: Problems of the ranking to show.
    """
    parts = [f"# {title}", *history_sentences(found), "![every problem over its visits](ledger.png)"]
    for head, rows in (("Problems by course", course_rows(found)), ("For training on one problem", problem_rows(found, top))):
        lines = ["| " + " | ".join(_cell(cell) for cell in row) + " |" for row in rows]
        parts += [f"## {head}", "\n".join([lines[0], "|" + " --- |" * (lines[0].count(" | ") + 1), *lines[1:]])]
    return "\n\n".join([*parts, *METHOD])


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


def _card(one: ProblemCourse) -> str:
    line = f'<polyline class="line mine" vector-effect="non-scaling-stroke" points="{visits_line(one)}"/>'
    return (
        f'<div class="card"><h3>{for_page(one.uid[:60])}</h3><svg viewBox="-1 -1 102 22">{line}</svg>'
        f"<p>{one.first:.0%} right at first, {one.last:.0%} at last; {len(one.samples)} visits</p></div>"
    )
