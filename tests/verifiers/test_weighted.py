from __future__ import annotations

import json
import sys
from math import isclose

import pytest
import torch

from asym_lit.cli import make_cli
from asym_lit.lit.callbacks import VerifierReward
from asym_lit.objectives import gdpo, reinforce_pp_baseline
from asym_lit.objectives.advantages import GroupNormalised
from asym_lit.objectives.objective import advantages_of
from asym_lit.rollout.microbatches import experience_of
from asym_lit.types import Intervention, Outcome, Prompt, Rollout, SubmittingVerifier
from asym_lit.verifiers import EachNormalised, Function, Weighted
from fakes import make_rollout
from runs import ROOT, scalars, words

PROMPT = Prompt("p", "?", {"answer": "a"}, "letters")
GROUP = ("a1", "b2", "a3", "b4")  # right, wrong, right, wrong; lengths of 0.2, 0.4, 0.6, 0.8


def truth(response, answer):
    return response[0] == answer


def length(response):
    return int(response[1]) / 5


def weighted(**weights: float) -> Weighted:
    return Weighted({"truth": Function(truth), "length": Function(length)}, "truth", weights)


def scored(verifier: Weighted | EachNormalised, *texts: str) -> list[Rollout]:
    group = [make_rollout(prompt=PROMPT, text=text) for text in texts]
    VerifierReward(verifier).score(group)
    return group


def test_the_sum_weighs_each_reward_and_the_truth_says_what_is_correct():
    group = scored(weighted(length=0.5), *GROUP)
    assert [r.reward for r in group] == pytest.approx([1.1, 0.2, 1.3, 0.4])  # 1 + 0.5 * 0.2, 0 + 0.5 * 0.4, ...
    assert [r.verdict.outcome == Outcome.CORRECT for r in group] == [True, False, True, False]
    assert group[1].verdict.rewards == (("truth", 0.0), ("length", pytest.approx(0.4)))
    assert [rung.by for rung in group[1].verdict.path] == ["truth", "length"]
    assert group[1].verdict.reason == "1 * 0 (truth) + 0.5 * 0.4 (length)"


def test_a_weight_of_0_shows_a_reward_and_does_not_train_by_it():
    alone = scored(Weighted({"truth": Function(truth)}, "truth"), *GROUP)
    beside = scored(weighted(length=0.0), *GROUP)
    assert [r.reward for r in beside] == [r.reward for r in alone] == [1.0, 0.0, 1.0, 0.0]
    assert dict(beside[3].verdict.rewards)["length"] == pytest.approx(0.8)


def test_gdpo_normalises_each_reward_in_its_group_and_then_sums():
    # truth: (1 - 0.5) / 0.57735 = +-0.86603; length: mean 0.5, std 0.25820: -1.16190, -0.38730, 0.38730, 1.16190, by 0.5
    verifier = EachNormalised(weighted(length=0.5))
    assert isinstance(verifier, Intervention)
    group = scored(verifier, *GROUP)
    assert [r.reward for r in group] == pytest.approx([0.28508, -1.05968, 1.05968, -0.28508], abs=1e-4)
    assert [r.verdict.outcome == Outcome.CORRECT for r in group] == [True, False, True, False]


def test_of_one_reward_the_score_is_the_advantage_of_grpo():
    group = scored(EachNormalised(Weighted({"length": Function(length)}, "length")), *GROUP)
    assert [r.reward for r in group] == pytest.approx(advantages_of([0.2, 0.4, 0.6, 0.8], GroupNormalised()), abs=1e-9)


def test_with_reinforce_pp_baseline_it_is_gdpo_to_the_last_step():
    # std over the batch: sqrt((2 * 0.28508^2 + 2 * 1.05968^2) / 3) = 0.89598
    group = scored(EachNormalised(weighted(length=0.5)), *GROUP)
    for rollout in group:
        rollout.token_ids, rollout.logprobs = [5], [-1.0]
    advantages_BT = reinforce_pp_baseline().estimate(experience_of(group, 4, "cpu"))
    assert advantages_BT[:, 0].tolist() == pytest.approx([0.31818, -1.18271, 1.18271, -0.31818], abs=1e-4)


def test_gdpo_does_not_hang_on_the_scale_of_a_reward_and_the_sum_does():
    def in_percent(response):
        return 100 * length(response)

    scaled = Weighted({"truth": Function(truth), "length": Function(in_percent)}, "truth", {"length": 0.5})
    one, other = (scored(EachNormalised(w), *GROUP) for w in (weighted(length=0.5), scaled))
    assert [r.reward for r in one] == pytest.approx([r.reward for r in other], abs=1e-4)
    assert not isclose(scored(scaled, "a1")[0].reward, scored(weighted(length=0.5), "a1")[0].reward, rel_tol=0.1)


def test_a_reward_that_is_the_same_for_all_adds_nothing_to_gdpo_and_a_group_of_one_is_0():
    assert [r.reward for r in scored(EachNormalised(weighted()), "a2", "a2", "a2")] == [0.0, 0.0, 0.0]
    assert scored(EachNormalised(weighted()), "a2")[0].reward == 0.0


def test_one_reward_that_is_undecided_leaves_the_sum_undecided_and_out_of_the_statistics_of_gdpo():
    group = scored(EachNormalised(weighted()), "a1", "ax", "b2")  # int("x") raises
    assert group[1].reward is None and "raised ValueError" in group[1].verdict.reason
    assert "the reward 'length'" in group[1].verdict.reason and group[1].verdict.rewards == (("truth", 1.0),)
    # of two: (+-0.5 / 0.70711) for the truth, -+0.1 / 0.14142 for the length: they cancel
    assert [group[0].reward, group[2].reward] == pytest.approx([0.0, 0.0], abs=1e-4)


def test_coroutines_among_the_rewards_are_waited_for():
    async def later(response):
        return 0.25

    verifier = Weighted({"truth": Function(truth), "later": Function(later)}, "truth")
    assert isinstance(verifier, SubmittingVerifier)
    verifier.open()
    assert [one.result(10).score for one in [verifier.submit(PROMPT, text) for text in GROUP]] == [1.25, 0.25, 1.25, 0.25]
    verifier.close()


@pytest.mark.parametrize("combined", ["sum", "gdpo"])
def test_each_reward_stands_in_metrics_and_transcripts(tmp_path, monkeypatch, combined):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "mine.py").write_text("def short(response): return 1 - len(response) / 40")
    both = "{rewards: {right: CountdownVerifier, short: mine.py:short}, truth: right, weights: {short: 0.5}}"
    one = f"{{class_path: Weighted, init_args: {both}}}"
    text = one if combined == "sum" else f"{{class_path: EachNormalised, init_args: {{verifier: {one}}}}}"
    (tmp_path / "mine.yaml").write_text(f"verifier: {text}")
    every = ["--config", str(ROOT / "tests" / "lit" / "transcribed.yaml"), "--config", "mine.yaml"]
    make_cli(words(tmp_path, "grpo", *every))
    run = tmp_path / "run" / "version_0"
    rows = [json.loads(line) for line in (run / "rollouts" / "train_000000.jsonl").open()]
    assert [row["rewards"]["short"] for row in rows] == pytest.approx([1 - len(row["response"]) / 40 for row in rows])
    assert [row["rewards"]["right"] for row in rows] == [float(row["outcome"] == "correct") for row in rows]
    if combined == "sum":
        assert [r["reward"] for r in rows] == pytest.approx([r["rewards"]["right"] + 0.5 * r["rewards"]["short"] for r in rows])
    else:
        assert [sum(r["reward"] for r in rows[i : i + 4]) for i in range(0, 16, 4)] == pytest.approx([0] * 4, abs=1e-6)
    mean = sum(row["rewards"]["short"] for row in rows) / len(rows)
    assert scalars(run, "reward/short")[0] == pytest.approx(mean)


@pytest.mark.parametrize(
    ("given", "pattern"),
    [
        ({"rewards": {}, "truth": "a"}, "rewards is empty"),
        (
            {"rewards": {"right": Function(truth)}, "truth": "rihgt"},
            "truth names 'rihgt', which is no reward. Nearest: right. Allow",
        ),
        (
            {"rewards": {"a": Function(truth)}, "truth": "a", "weights": {"b": 1.0}},
            "weights names 'b', which is no reward. Allowed: a",
        ),
        (
            {"rewards": {"a": Function(truth)}, "truth": "a", "weights": {"a": float("nan")}},
            "weights.a is nan; allowed: a finite",
        ),
        ({"rewards": {"mean": Function(truth)}, "truth": "mean"}, "rewards has the name 'mean'; allowed: .* none of mean, std"),
    ],
)
def test_what_cannot_be_summed_is_refused(given, pattern):
    with pytest.raises(ValueError, match=pattern):
        Weighted(**given)


def test_verdicts_carry_the_weights_and_gdpo_reads_rewards_and_weights_off_them():
    group = scored(weighted(length=0.5), *GROUP)
    assert dict(group[0].verdict.weights) == {"truth": 1.0, "length": 0.5}
    for rollout in group:
        rollout.token_ids, rollout.logprobs = [5], [-1.0]
    # As above: the sums 0.28508, -1.05968, 1.05968, -0.28508 over 0.89598; over tokens it is verl's, here the same.
    for objective in (gdpo(eps=1e-6, batch_eps=0.0), gdpo("tokens", 1e-6, 1e-8)):
        advantages_BT = objective.estimate(experience_of(group, 4, torch.device("cpu")))
        assert advantages_BT[:, 0].tolist() == pytest.approx([0.31818, -1.18271, 1.18271, -0.31818], abs=1e-4)
    normalised = scored(EachNormalised(weighted(length=0.5)), *GROUP)
    for rollout in normalised:
        rollout.token_ids, rollout.logprobs = [5], [-1.0]
    same_BT = gdpo(eps=1e-6, batch_eps=0.0).estimate(experience_of(normalised, 4, torch.device("cpu")))
    assert same_BT[:, 0].tolist() == pytest.approx([0.31818, -1.18271, 1.18271, -0.31818], abs=1e-4)
