import re
from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console

from asym_lit.evaluation.pass_at_k import PassAtKCurve, pass_at_k_curve
from asym_lit.reports.pass_at_k import pass_at_k_figure, pass_at_k_table

CURVES = {
    "step 0": PassAtKCurve(30, 8, [1, 8], [0.25, 0.75], [0.2, 0.7], [0.3, 0.8]),
    "step 9": PassAtKCurve(30, 16, [1, 8], [0.5, 0.7], [0.45, 0.65], [0.55, 0.75]),
}


def shown(table):
    console = Console(width=120, force_terminal=False)
    with console.capture() as capture:
        console.print(table)
    return capture.get()


def test_a_table_has_a_row_per_k_and_a_column_per_curve():
    text = re.sub("[│┃]", " ", shown(pass_at_k_table("pass@k", CURVES)))
    lines = [" ".join(line.split()) for line in text.splitlines()]
    assert "1 0.250 [0.200, 0.300] 0.500 [0.450, 0.550]" in lines
    assert "8 0.750 [0.700, 0.800] 0.700 [0.650, 0.750]" in lines
    assert any("step 0" in line and "step 9" in line for line in lines)
    assert any("30 problems x 8 30 problems x 16" in line for line in lines)


def test_a_graded_reward_has_a_row_and_is_told_where_pass_at_k_cannot_see_it():
    none, every = (replace(pass_at_k_curve([4, 4], [c, c], [1, 4]), reward=0.375) for c in (0, 4))
    text = shown(pass_at_k_table("short", {"now": none}))
    assert re.search(r"reward .* 0\.375", text)
    assert "No response counts as correct, whatever its reward" in " ".join(text.split()) and "--verifier.correct_from" in text
    assert "Every response counts" in str(pass_at_k_table("short", {"now": every}).caption)
    for plain in (CURVES, {"now": replace(none, reward=0.0)}, {"now": replace(every, reward=1.0)}, {"a": none, "b": every}):
        assert pass_at_k_table("right and wrong", plain).caption is None
    assert "reward" not in shown(pass_at_k_table("right and wrong", CURVES))


def test_an_interval_that_is_not_known_is_shown_as_such():
    text = shown(pass_at_k_table("one problem", {"now": pass_at_k_curve([4], [2], [1])}))
    assert "0.500  [not known]" in text


def test_titles_are_shown_as_they_are_written():
    text = shown(pass_at_k_table("val [math]", {"run [a]": CURVES["step 0"]}))
    assert "val [math]" in text
    assert "run [a]" in text


def test_a_figure_draws_means_over_a_logarithmic_axis_with_their_bands():
    (axes,) = pass_at_k_figure("countdown", CURVES).axes
    assert axes.get_xscale() == "log"
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["step 0", "step 9"]
    for line, band, curve in zip(axes.get_lines(), axes.collections, CURVES.values(), strict=True):
        assert list(line.get_xdata()) == curve.ks
        assert list(line.get_ydata()) == curve.mean
        heights = band.get_paths()[0].vertices[:, 1]
        assert (heights.min(), heights.max()) == (min(curve.low), max(curve.high))
    assert [label.get_text() for label in axes.get_xticklabels()] == ["1", "8"]
    assert axes.get_title() == "countdown"


def test_a_figure_of_a_single_problem_is_drawn_without_a_band():
    figure = pass_at_k_figure("one", {"now": pass_at_k_curve([4], [2], [1, 2])})
    figure.draw_without_rendering()
    assert list(figure.axes[0].get_lines()[0].get_ydata()) == pytest.approx([0.5, 5 / 6])  # 1 - C(2,2)/C(4,2)


def test_a_table_says_what_undecided_responses_leave_open() -> None:
    curve = pass_at_k_curve([4, 3], [2, 1], [1, 4], undecided=[0, 1])
    caption = str(pass_at_k_table("set", {"after": curve}).caption)
    assert "after: 1 responses are undecided" in caption
    assert "pass@4 would be 1.000 or 1.000" in caption and "1 problems with fewer than 4 verdicts are left out" in caption
    assert pass_at_k_table("set", {"after": pass_at_k_curve([4], [1], [1])}).caption is None


@pytest.mark.parametrize("arms", [1, 2, 3])
def test_up_to_three_curves_side_by_side_keep_their_intervals_whole_in_80_columns(arms):
    curve = PassAtKCurve(1000, 128, [1], [0.5], [0.4], [0.6])
    console = Console(width=80, record=True, file=StringIO())
    console.print(pass_at_k_table("title", {f"arm {i}": curve for i in range(arms)}))
    assert console.export_text().count("[0.400, 0.600]") == arms
