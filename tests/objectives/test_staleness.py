"""An objective of rollouts that older weights wrote must account for them; what does, and what does not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from asym_lit.objectives import dppo, drpo, grpo, psr, rollout_is, simko, vespo
from asym_lit.objectives.corrections import NoCorrection, SequenceMask, TokenTruncated
from asym_lit.objectives.objective import WarmUp
from asym_lit.objectives.staleness import check_staleness, with_correction
from asym_lit.types import InputError
from fakes import assert_different_objective, assert_same_objective

BARE = [grpo(), simko(), psr(), vespo(), dppo()]


@pytest.mark.parametrize("objective", BARE, ids=range(len(BARE)))
def test_an_objective_that_takes_the_rollouts_for_its_own_is_refused_with_a_lag_alone(objective):
    check_staleness(objective, 0)
    with pytest.raises(
        InputError,
        match=r"data.lag is 1: .*correction asym_lit.objectives.corrections.TokenTruncated .* or --data.lag 0",
    ):
        check_staleness(objective, 1)
    check_staleness(with_correction(objective, TokenTruncated()), 1)


@pytest.mark.parametrize("objective", [dppo(anchor="rollout"), drpo(), rollout_is()], ids=("dppo", "drpo", "rollout_is"))
def test_an_anchor_on_the_engines_log_probs_is_account_enough(objective):
    check_staleness(objective, 1)


def test_a_warm_up_is_looked_at_and_corrected_too():
    warm = replace(with_correction(grpo(), TokenTruncated()), warm_up=WarmUp(2, psr()))
    with pytest.raises(InputError, match="and the warm-up of the objective takes them"):
        check_staleness(warm, 1)
    corrected = with_correction(warm, SequenceMask())
    assert corrected.warm_up and corrected.warm_up.objective.correction == corrected.correction == SequenceMask()
    check_staleness(corrected, 1)


def test_no_correction_given_is_the_objective_and_one_that_is_given_takes_the_place_of_its_own():
    own = replace(grpo(), correction=SequenceMask())
    assert with_correction(own, None) is own
    assert_same_objective(with_correction(own, NoCorrection()), grpo())
    assert with_correction(own, TokenTruncated(1.5)).correction == TokenTruncated(1.5)


def test_vespo_takes_it_into_its_weight():
    corrected = with_correction(vespo(), TokenTruncated(0.5))
    assert corrected.correction == NoCorrection() and corrected.ratio.correction == TokenTruncated(0.5)
    assert_different_objective(corrected, vespo())
