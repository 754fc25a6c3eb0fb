import numpy as np
import pytest
from matplotlib.colors import to_hex

from asym_lit.evaluation.run_comparison import compare_runs
from asym_lit.reports.comparison_figure import comparison_figure, looks, trade_off_figure, training_figure
from ledgers import run


def marks(panel):
    """Arms in the panel of the trade-off, by name."""
    return {line.get_label(): line for line in panel.lines if not line.get_label().startswith("_")}


def test_arms_of_one_method_share_a_colour_and_are_joined():
    base = np.full(40, 1)
    found = compare_runs(
        [run("grpo", base, np.full(40, 3)), run("nsr", base, base), run("grpo-slow", base, np.full(40, 2))], "set"
    )
    (panel,) = trade_off_figure(found).axes
    drawn = marks(panel)
    colour = {name: line.get_markeredgecolor() for name, line in drawn.items()}
    assert colour["grpo"] == colour["grpo-slow"] != colour["nsr"]
    assert to_hex(drawn["grpo-slow"].get_markerfacecolor()) == "#ffffff"
    assert to_hex(drawn["grpo"].get_markerfacecolor()) == colour["grpo"]
    (joined,) = [line for line in panel.lines if line.get_linestyle() == ":"]
    assert joined.get_xydata().tolist() == [[0.25, 0.0], [0.5, 0.0]]  # pass@1 from 1/4 to 2/4 and to 3/4; pass@4 is 1 in all


def test_names_that_would_make_one_method_of_all_arms_do_not():
    assert {look.variant for look in looks(["run-1", "run-2"]).values()} == {0}
    assert len({look.colour for look in looks(["run-1", "run-2"]).values()}) == 2


def test_arms_up_to_twelve_methods_differ_in_colour_and_mark():
    found = looks([f"arm{i}" for i in range(12)]).values()
    assert len({look.colour for look in found}) == len({look.mark for look in found}) == 12


def test_a_whisker_ends_where_everything_is_lost():
    base, gone = np.full(40, 2), np.zeros(40, dtype=int)  # pass@4 is 1 before
    half = np.array([2] * 32 + [0] * 8)
    runs = [run("a", base, after, seed=s) for s, after in enumerate((gone, half, half))]
    found = compare_runs(runs, "set", ks=[1, 2])
    (panel,) = trade_off_figure(found).axes
    whiskers = [line.get_xydata() for line in panel.lines if line.get_alpha()]
    (upright,) = [ends for ends in whiskers if ends[0][0] == ends[1][0]]
    assert min(upright[:, 1]) == pytest.approx(-5 / 6)  # pass@2 before; the interval is cut at -1
    assert found.arms[0].to_base[-1].found.low == -1.0


def test_nothing_won_and_nothing_lost_lies_at_the_origin():
    base = np.ones(4, dtype=int)
    found = compare_runs([run("a", base, base)], "set", metrics=["time/step"])
    (panel,) = trade_off_figure(found).axes
    assert marks(panel)["a"].get_xydata().tolist() == [[0.0, 0.0]]
    assert [panel.get_title("left") for panel in training_figure(found).axes] == ["entropy, nats", "time/step"]


def test_every_column_of_pass_at_k_names_its_axis_also_above_an_empty_place():
    base = np.ones(4, dtype=int)
    figure = comparison_figure(compare_runs([run(f"a{i}", base, base) for i in range(5)], "set"))
    shown = [panel.get_xlabel() for panel in figure.axes if panel.get_visible()]
    assert shown == ["", "k", "k", "k", "k"]  # one row of four, and one of one
    (key,) = figure.legends
    assert [text.get_text() for text in key.get_texts()] == ["other arms", "base policy", "this arm, with its 95 % band"]
