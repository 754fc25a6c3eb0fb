import numpy as np
import pytest

from asym_lit.evaluation.confidence import calibration
from asym_lit.types import InputError


def test_four_responses_by_hand():
    # Two bins: .2 and .4 (wrong, right), .6 and .8 (wrong, right). Brier (.04 + .36 + .36 + .04) / 4; shares right .5 and .5
    # against .3 and .7: error .2. Pairs right > wrong: .4 > .2, .8 > .2, .8 > .6 of four.
    found = calibration([0.2, 0.4, 0.6, 0.8], [False, True, False, True], bins=2)
    assert found.brier == pytest.approx(0.2)
    assert found.expected_error == pytest.approx(0.2)
    assert found.over == pytest.approx(0.0)
    assert found.ranking == pytest.approx(0.75)
    assert [(one.responses, one.confidence, one.right) for one in found.bins] == [
        (2, pytest.approx(0.3), 0.5),
        (2, pytest.approx(0.7), 0.5),
    ]


def test_one_that_is_sure_of_everything_is_too_sure():
    found = calibration([1.0] * 10, [True] * 6 + [False] * 4)
    assert (found.brier, found.expected_error, found.over, found.ranking) == pytest.approx((0.4, 0.4, 0.4, 0.5))
    assert len(found.bins) == 1  # equal confidences are not parted


def test_one_that_is_right_as_often_as_it_says_is_calibrated_but_for_noise():
    rng = np.random.default_rng(0)
    f = rng.uniform(size=100_000)
    found = calibration(f, rng.uniform(size=f.size) < f)
    assert found.expected_error < 0.01 and abs(found.over) < 0.005
    assert found.brier == pytest.approx(1 / 6, abs=0.005)  # mean of f (1 - f)
    assert found.ranking == pytest.approx(5 / 6, abs=0.005)
    assert [one.responses for one in found.bins] == [10_000] * 10


def test_verdicts_that_are_all_alike_rank_nothing():
    assert np.isnan(calibration([0.1, 0.9], [True, True]).ranking)


def test_what_is_no_chance_or_no_verdict_is_refused():
    with pytest.raises(InputError, match=r"confidence 1 is -0\.1; allowed: 0 to 1. Take exp of log-probs"):
        calibration([0.5, -0.1], [1, 0])
    with pytest.raises(InputError, match="confidence 0 is nan"):
        calibration([float("nan")], [1])
    with pytest.raises(InputError, match="2 confidences of 1 verdicts"):
        calibration([0.5, 0.5], [1])
    with pytest.raises(InputError, match="neither right"):
        calibration([0.5], [0.5])
