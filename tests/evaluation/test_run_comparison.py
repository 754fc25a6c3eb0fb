from dataclasses import replace

import numpy as np
import pytest

from asym_lit.evaluation.run_comparison import compare_runs
from asym_lit.reports.charts import Series, line_chart, step_ticks
from asym_lit.reports.comparison_words import dynamics_rows, overview_rows
from asym_lit.types import InputError
from ledgers import run


def test_means_differences_and_problems_of_two_arms():
    rng = np.random.default_rng(0)
    base = rng.binomial(4, 0.3, 60)
    better = np.minimum(base + 1, 4)
    found = compare_runs([run("same", base, base), run("better", base, better)], "set")
    same, arm = found.arms
    assert found.baseline == "same"
    assert same.before.mean[0] == pytest.approx(base.mean() / 4)
    assert same.verdict() == "no change shown"
    assert arm.to_base[0].found.mean == pytest.approx((better - base).mean() / 4)
    assert arm.to_baseline[0].found == arm.to_base[0].found  # the baseline is where the base was
    assert arm.verdict() == "widened"  # nothing was left unsolved
    assert arm.changes[0].counts["widened"] == (base == 0).sum()
    assert arm.over_time[8][-1] == 1.0
    assert arm.cost == {"seconds": 16.0, "seconds_per_step": 2.0, "tokens": 80.0, "tokens_per_second": 5.0}
    assert arm.dynamics["policy/entropy"][1][:2] == [1.0, 0.5]


def test_first_answers_may_rise_while_breadth_falls():
    base = np.ones(60, dtype=int)  # each solved once in four
    after = np.array([4] * 40 + [0] * 20)  # two thirds always, one third never
    arm = compare_runs([run("grpo", base, after)], "set").arms[0]
    assert arm.to_base[0].found.mean == pytest.approx(2 / 3 - 1 / 4)
    assert arm.to_base[-1].found.mean == pytest.approx(2 / 3 - 1)
    assert arm.verdict() == "sharpened at the cost of breadth"
    assert arm.all_right == (0.0, pytest.approx(2 / 3))
    narrowed = compare_runs([run("psr", base, np.array([1] * 40 + [0] * 20))], "set").arms[0]
    assert narrowed.verdict() == "narrowed"


def test_many_arms_raise_the_corrected_p():
    rng = np.random.default_rng(1)
    base = rng.binomial(8, 0.3, 40)
    runs = [run(f"arm{i}", base, rng.binomial(8, 0.3, 40), n=8) for i in range(6)]
    for correction in ("holm", "fdr"):
        found = compare_runs(runs, "set", correction=correction)
        gaps = [gap for arm in found.arms for gap in arm.to_base]
        assert all(gap.p_adjusted >= gap.found.p for gap in gaps)
        assert any(gap.p_adjusted > gap.found.p for gap in gaps)
    assert all(
        gap.p_adjusted == gap.found.p for arm in compare_runs(runs, "set", correction="none").arms for gap in arm.to_base
    )


def test_a_chart_places_points_and_leaves_out_what_is_not_finite():
    svg = line_chart(
        [Series("<a>", [1, 2, 4], [0.0, float("nan"), 1.0], [0, 0, 0.5], [0.1, 0.1, 1], "mine")], [1, 4], (0, 1), True
    )
    assert 'points="34.0,178.0 312.0,8.0"' in svg  # left below, right above; the middle one is missing
    assert "&lt;a&gt;" in svg and "<a>" not in svg
    assert "polygon" in svg


def test_ticks_are_round():
    assert step_ticks([Series("a", range(160), [0] * 160)]) == [0, 50, 100, 150]
    assert step_ticks([Series("a", [3], [0])]) == [3]
    assert step_ticks([]) == []


def test_metrics_of_training_are_means_over_the_first_and_last_five_steps_by_seed():
    base = np.ones(4, dtype=int)
    found = compare_runs([run("a", base, base, seed=1), run("a", base, base, seed=2)], "set", metrics=["time/step"])
    first, last = found.arms[0].ends["policy/entropy"]
    assert first == pytest.approx([(1 + 1 / 2 + 1 / 3 + 1 / 4 + 1 / 5) / 5] * 2)
    assert last == pytest.approx([(1 / 4 + 1 / 5 + 1 / 6 + 1 / 7 + 1 / 8) / 5] * 2)
    assert list(dynamics_rows(found)) == [
        ["arm", "entropy, nats", "time/step"],
        ["a", "0.457 → 0.177 (0.177 … 0.177)", "2.000 → 2.000 (2.000 … 2.000)"],
    ]


def test_a_metric_that_no_run_logged_is_named():
    base = np.ones(4, dtype=int)
    with pytest.raises(InputError, match=r"'reward/gap', which no run has logged; allowed: policy/entropy, step, time/step"):
        compare_runs([run("a", base, base)], "set", metrics=["reward/gap"])


def test_a_step_that_the_machine_slept_through_does_not_count_as_a_slow_method():
    base = np.ones(4, dtype=int)
    one = run("a", base, base)
    one.metrics[3]["time/step"] = 2000.0
    cost = compare_runs([one], "set").arms[0].cost
    assert cost["seconds_per_step"] == 2.0  # the mean is 251.8
    assert cost["seconds"] == 7 * 2.0 + 2000.0


def test_intervals_hold_no_change_that_a_share_cannot_make():
    base, gone = np.full(40, 4), np.zeros(40, dtype=int)
    half = np.array([4] * 32 + [0] * 8)
    runs = [run("a", base, after, seed=s) for s, after in enumerate((gone, half, half))]
    found = compare_runs(runs, "set").arms[0]
    assert found.to_base[-1].found.mean == pytest.approx(-1.4 / 3)  # means of -1, -0.2 and -0.2: Student with two degrees
    assert (found.to_base[-1].found.low, found.to_base[-1].found.high) == (-1.0, 1.0)


def test_two_seeds_get_a_mean_and_no_verdict():
    base, after = np.array([1, 2] * 20), np.array([3, 4] * 20)
    found = compare_runs([run("a", base, after, seed=s) for s in (1, 2)], "set")
    assert found.arms[0].verdict() == "too few seeds: cannot say"
    assert any(note.startswith("Two seeds: a.") for note in found.notes)
    row = list(overview_rows(found))[1]
    assert row[3] == "+0.500 [too few seeds: cannot say]"
    assert not np.isnan(found.arms[0].before.low).any()  # the base is one policy, drawn twice


def test_the_overview_shows_the_area_under_pass_at_k():
    base, after = np.full(40, 1), np.full(40, 2)
    head, row = overview_rows(compare_runs([run("a", base, after)], "set"))
    # n = 4: c = 1 gives 1/4, 1/2, 1 at k = 1, 2, 4; c = 2 gives 1/2, 5/6, 1. Trapezoids over log k.
    assert row[head.index("area")] == "0.562 → 0.792"


def test_budgets_are_read_from_the_smallest_whatever_their_order():
    base = np.ones(60, dtype=int)
    after = np.array([4] * 40 + [0] * 20)
    found = compare_runs([run("grpo", base, after)], "set", ks=[4, 1, 4])
    assert found.ks == [1, 4]
    assert found.arms[0].verdict() == "sharpened at the cost of breadth"
    with pytest.raises(InputError, match="ks holds 0; allowed: 1 to 4, the fewest responses"):
        compare_runs([run("grpo", base, after)], "set", ks=[0, 1])


def test_one_budget_says_nothing_of_breadth():
    base, after = np.ones(60, dtype=int), np.full(60, 2)
    assert compare_runs([run("grpo", base, after)], "set", ks=[1]).arms[0].verdict() == "better at pass@1"
    assert compare_runs([run("grpo", after, base)], "set", ks=[2]).arms[0].verdict() == "poorer at pass@2"
    assert compare_runs([run("grpo", base, base)], "set", ks=[1]).arms[0].verdict() == "no change shown"


def test_runs_of_one_name_keep_their_own_numbers():
    base = np.ones(60, dtype=int)
    (arm,) = compare_runs([run("a", base, base, seed=1), run("a", base, np.full(60, 3), seed=1)], "set").arms
    assert arm.after.mean[0] == pytest.approx((1 / 4 + 3 / 4) / 2)


def test_an_evaluation_half_way_with_an_undecided_response_costs_that_point_alone():
    base = np.full(6, 2)
    one = run("a", base, base)
    short = [replace(record, step=4, samples=3, right={"a": 2}, wrong=(1,)) for record in one.ledger if not record.step]
    (arm,) = compare_runs([replace(one, ledger=[*one.ledger, *short])], "set").arms
    assert arm.over_time[4][:2] == pytest.approx([2 / 3, 1.0])  # 2 of 3 are right
    assert np.isnan(arm.over_time[4][2]) and arm.over_time[8][2] == 1.0  # pass@4 needs four
