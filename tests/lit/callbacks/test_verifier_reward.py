from __future__ import annotations

import pytest

from asym_lit.lit.callbacks import VerifierReward
from asym_lit.rollout.pending_verdicts import oracle_sums
from asym_lit.tasks import CountdownVerifier, StrictCountdown
from asym_lit.tasks.countdown import countdown_prompt
from asym_lit.types import Outcome, Prompt, Rollout, Verdict
from asym_lit.verifiers import BackwardCorrection, IncorrectReward
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


def scored(callback: VerifierReward, *texts: str) -> list[Rollout]:
    prompt = countdown_prompt([2, 3], 6, "countdown", "2*3")
    group = [make_rollout(prompt=prompt, text=text) for text in texts]
    callback.score(group)
    return group


def test_an_intervention_gives_the_rewards_and_the_wrapped_verifier_the_truth() -> None:
    group = scored(VerifierReward(IncorrectReward(CountdownVerifier())), "2*3", "2+3")
    assert [r.reward for r in group] == [0.0, 1.0]
    assert [r.verdict and r.verdict.truth for r in group] == [Outcome.CORRECT, Outcome.INCORRECT]


def test_a_score_is_a_share_of_the_reward() -> None:
    # 0.9 / 0.6 and -0.1 / 0.6 of the way from -1 to 3
    corrected = BackwardCorrection(CountdownVerifier(), 0.1, 0.3)
    group = scored(VerifierReward(corrected, correct=3.0, incorrect=-1.0), "2*3", "2+3")
    assert [r.reward for r in group] == [pytest.approx(5.0), pytest.approx(-5 / 3)]


@pytest.mark.parametrize("score", [float("nan"), float("inf"), float("-inf")])
def test_a_score_that_is_no_number_is_refused_with_verifier_prompt_and_response(score: float) -> None:
    class Broken(CountdownVerifier):
        name = "broken"

        def verify(self, prompt: Prompt, response: str) -> Verdict:
            return Verdict(Outcome.CORRECT, self.name, "so", response, score=score)

    with pytest.raises(RuntimeError, match=r"'broken' gave the score (nan|-?inf) .*'2,3=6'.*finite.* response: '2\*3'"):
        scored(VerifierReward(Broken()), "2*3")


def test_an_oracle_stands_beside_the_rewards_and_is_what_evaluations_count() -> None:
    callback = VerifierReward(StrictCountdown(), oracle=CountdownVerifier())
    group = scored(callback, "2*3", "3*2", "2+3", "3*2")
    assert [r.reward for r in group] == [1.0, 0.0, 0.0, 0.0]
    assert [r.verdict.truth == Outcome.CORRECT for r in group if r.verdict] == [True, True, False, True]
    assert oracle_sums(group, callback.rewards) == {
        "reward/oracle_mean": (3.0, 4),
        "reward/gap": (-2.0, 4),
        "verifier/false_negatives": (2, 3),
        "verifier/false_positives": (0, 1),
    }


def test_without_an_oracle_nothing_is_said_of_the_truth() -> None:
    callback = VerifierReward(CountdownVerifier())
    assert {count for _, count in oracle_sums(scored(callback, "2*3"), callback.rewards).values()} == {0}
