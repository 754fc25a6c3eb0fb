from __future__ import annotations

import pytest

from asym_lit.lit.callbacks import VerifierReward
from asym_lit.tasks import CountdownVerifier
from asym_lit.tasks.countdown import countdown_prompt
from asym_lit.types import Outcome
from fakes import make_rollout


def test_rewards_follow_verdicts_by_the_given_numbers() -> None:
    callback = VerifierReward(CountdownVerifier(), correct=2.0, incorrect=-1.0)
    prompt = countdown_prompt([2, 3], 6, "countdown")
    right, wrong = make_rollout(prompt=prompt, text="2*3"), make_rollout(prompt=prompt, text="2+3")
    callback.score([right, wrong])
    assert (right.reward, wrong.reward) == (2.0, -1.0)
    assert right.verdict and right.verdict.outcome == Outcome.CORRECT
    assert wrong.verdict and wrong.verdict.reason == "equals 5, not 6"


def test_a_share_outside_of_one_is_refused() -> None:
    with pytest.raises(ValueError, match="max_undecided is 2; allowed: 0 to 1"):
        VerifierReward(CountdownVerifier(), max_undecided=2)
