from __future__ import annotations

import pytest

from asym_lit.verifiers.judge.quality import JudgeQuality, best_threshold, by_source

CHANCES = [0.95, 0.9, 0.6, None, 0.7, 0.2, 0.2, 0.1]
LABELS = [True, True, True, True, False, False, False, False]


def test_recall_false_accepts_and_undecided_are_counted() -> None:
    quality = JudgeQuality.measure(CHANCES, LABELS, threshold=0.65)
    assert (quality.right, quality.wrong, quality.undecided) == (4, 4, 1 / 8)
    assert quality.recall == 0.5  # two of four; the undecided one is not accepted
    assert quality.false_accepts == 0.25
    assert "| **0.650000** (chosen) | **50.00%** | **25.00%** |" in quality.table()
    assert "| 0.9 | 50.00% | 0.00% |" in quality.table()


def test_calibration_is_the_mean_gap_over_bins() -> None:
    quality = JudgeQuality.measure([0.15, 0.15, 0.85, 0.85], [False, True, True, True], 0.5)
    # bin 1: said 0.15, true 0.5; bin 8: said 0.85, true 1: 0.5 * 0.35 + 0.5 * 0.15
    assert quality.calibration_error == pytest.approx(0.25)


@pytest.mark.parametrize(("share", "accepted"), [(0.0, 0), (0.25, 1), (0.5, 1), (0.75, 1), (1.0, 1)])
def test_the_threshold_keeps_to_the_share_of_false_accepts(share: float, accepted: int) -> None:
    threshold = best_threshold(CHANCES, LABELS, share)
    # From a share of 0.25 on all right answers are accepted, and more wrong ones would win nothing.
    assert sum(c is not None and c >= threshold for c, label in zip(CHANCES, LABELS, strict=True) if not label) == accepted


def test_a_sure_judge_is_not_believed_at_next_to_nothing() -> None:
    assert best_threshold([0.9, 0.8, 0.001, 0.0001], [True, True, False, False], 0.5) == pytest.approx((0.8 + 0.001) / 2)
    assert best_threshold([0.1, 0.9], [True, False], 0.0) > 0.9  # nothing right above the wrong one: nothing is accepted


def test_each_source_has_its_own_figures() -> None:
    table = by_source(CHANCES, LABELS, ["policy"] * 3 + ["made"] * 3 + ["near_miss"] * 2, threshold=0.65)
    assert table.splitlines()[2:] == [
        "| made | 1 | 0.00% | 2 | 50.00% |",  # the undecided one is not accepted; 0.7 is
        "| near_miss | 0 | - | 2 | 0.00% |",
        "| policy | 3 | 66.67% | 0 | - |",
    ]
