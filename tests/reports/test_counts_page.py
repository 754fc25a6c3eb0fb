from __future__ import annotations

import re
from html.parser import HTMLParser

import numpy as np
import pytest

from asym_lit.evaluation.bands import Band, EveryK
from asym_lit.evaluation.count_measures import measures_of
from asym_lit.evaluation.counted import CountedArm, compare_counts
from asym_lit.reports.band_chart import POINTS, curves_chart, difference_chart
from asym_lit.reports.counts_page import counts_page
from asym_lit.reports.counts_text import counts_text
from asym_lit.reports.escaping import for_latex, for_markdown
from asym_lit.reports.pasted_tables import latex_tables, markdown_table, markdown_tables

HOSTILE = '<img src=x onerror="alert(1)">|`x`](javascript:y)\n\\input{z}$&%#_{}~^\u202e\x1b[2J'


def band(mean, width=0.1):
    mean = np.asarray(mean, dtype=float)
    return Band(mean, mean - width, mean + width, 0.95, 2.5)


def every_k(difference, arm="rl", width=0.1):
    curve = np.full(len(difference), 0.5)
    return EveryK(arm, "base", band(curve + difference), band(curve), band(difference, width))


def compared(*names, n=16, problems=40):
    arms = [
        CountedArm(name, {"0": {f"p{i}": (n, min(n, i % (n + 1) + 3 * j)) for i in range(problems)}}, f"{name}.jsonl")
        for j, name in enumerate(names)
    ]
    return compare_counts(arms)


def bands(found):
    return [one.to_baseline for one in found.arms if one.to_baseline]


def latex_of(found):
    return latex_tables(bands(found), found.ks, len(found.problems), found.samples)


class Elements(HTMLParser):
    """Names of elements, and of their attributes that run or fetch."""

    def __init__(self, page):
        super().__init__()
        self.names, self.fetched = set(), []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.names.add(tag)
        self.fetched += [(name, value) for name, value in attrs if name in ("src", "href") or name.startswith("on")]


def test_the_page_needs_nothing_else_and_a_hostile_name_writes_nothing_into_it():
    found = compared("base", HOSTILE, "third")
    page = counts_page(found, measures_of(found))
    elements = Elements(page)
    assert elements.fetched == [] and "img" not in elements.names
    assert "\u202e" not in page and "\x1b" not in page
    assert page.count("<script>") == 1 and len(page) < 1_000_000
    assert "@media print" in page and "@media (max-width" in page and "prefers-color-scheme: dark" in page


def test_a_hostile_name_begins_nothing_in_markdown_and_in_latex():
    found = compared("base", HOSTILE)
    text = counts_text(found, measures_of(found)) + markdown_tables(bands(found), found.ks)
    assert not re.search(r"(?<!\\)<", text) and not re.search(r"(?<!\\)`", text) and not re.search(r"(?<!\\)\]\(j", text)
    rows = [line for line in markdown_tables(bands(found), found.ks).splitlines() if line.startswith("| ")]
    assert len(rows) == 2 + len(found.ks) and all(line.count("|") - line.count("\\|") == 5 for line in rows)
    latex = latex_of(found)
    assert "\\input{" not in latex and "\\textbackslash{}input\\{z\\}\\$\\&\\%\\#\\_\\{\\}" in latex
    assert for_latex("a<b\u2212c") == r"a\textless{}b$-$c"
    assert for_markdown("[+0.1, +0.2] a|b") == r"[+0.1, +0.2] a\|b"


def test_cells_that_are_bold_stay_bold_and_their_stars_are_no_text():
    assert markdown_table([["a", "b"], ["1", "**+0.1 [x]**"]]).splitlines()[2] == "| 1 | **+0.1 [x]** |"
    found = compared("base", "rl")
    assert r"\textbf{" in latex_of(found) and "**" not in latex_of(found)
    assert latex_of(found).count("&") == 3 * (1 + len(found.ks))  # four columns, a head and a row each


def test_ranks_stand_on_the_page_of_three_arms_and_cover_where_responses_allow_it():
    for names, has in ((("base", "rl"), False), (("base", "rl", "other"), True)):
        found = compared(*names)
        both = counts_page(found, measures_of(found)), counts_text(found, measures_of(found))
        assert all(("Ranks" in shown) is has and "Cover@tau" in shown and "All of k right" in shown for shown in both)
    found = compared("base", "rl", n=1)
    assert "Cover@tau" not in counts_page(found, measures_of(found))


def test_one_response_and_one_problem_are_pages_too():
    for n, problems in ((1, 40), (8, 1), (1, 1)):
        found = compared("base", "rl", n=n, problems=problems)
        page = counts_page(found, measures_of(found))
        assert "nan" not in re.sub("<style>.*</style>", "", page, flags=re.DOTALL).lower()
        assert ("single problem" in page) == (problems == 1)


def test_the_chart_says_where_signs_are_sure_and_where_the_loss_may_begin():
    chart = difference_chart(every_k([0.3, 0.2, 0.0, -0.05, -0.3]))
    assert "+ gain sure: k = 1 to 2" in chart and "loss sure: k = 5" in chart and "a loss may begin: k = 3 to 5" in chart
    assert chart.count('<rect class="sure-gain"') == chart.count('<rect class="sure-loss"') == chart.count('class="open"') == 1
    none = difference_chart(every_k([0.0, 0.0], width=0.0))
    assert "sure" not in none and "open" not in none


def test_zero_is_drawn_where_it_lies_and_ticks_hold_both_ends():
    chart = difference_chart(every_k([0.3, 0.2], width=0.01))
    words = [float(text.replace("\N{MINUS SIGN}", "-")) for text in re.findall(r'text-anchor="end">([^<]+)<', chart)]
    ys = [float(y) for y in re.findall(r'class="axis" d="M\d+ ([\d.]+)H', chart)]
    assert words == pytest.approx([0.0, 0.1, 0.2, 0.3, 0.4]) and ys == sorted(ys, reverse=True)
    assert float(re.search(r'class="zero" d="M\d+ ([\d.]+)H', chart)[1]) == ys[0]


def test_names_in_charts_are_escaped_and_thousands_of_budgets_are_thinned_out():
    chart = curves_chart(every_k(np.linspace(0.3, -0.3, 10_000), arm="<b>"))
    assert "<b>" not in chart and "&lt;b&gt;" in chart
    points = re.search(r'class="line mine" points="([^"]+)"', chart)[1].split()
    assert len(points) <= POINTS and points[-1].startswith("388.0,")  # the last budget, at the right end: 400 - 12
    few = curves_chart(every_k(np.linspace(0.3, -0.3, 128)))
    assert len(re.search(r'class="line mine" points="([^"]+)"', few)[1].split()) == 128
