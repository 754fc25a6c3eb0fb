from __future__ import annotations

import json
from typing import Any

import pytest
import torch
from lightning.pytorch import Trainer

from asym_lit.lit import PolicyModule
from asym_lit.lit.callbacks import Dynamics
from asym_lit.objectives import grpo
from asym_lit.types import Experience, RolloutBatch, Sampling, TokenScores
from fakes import make_rollout


def logged(batch: RolloutBatch, candidates: int = 2) -> dict[str, float]:
    found: dict[str, float] = {}
    module = PolicyModule(grpo())
    module.log_metrics = lambda metrics, step, prog_bar=(): found.update(metrics)  # type: ignore[method-assign]
    Dynamics(candidates).on_train_batch_end(Trainer(logger=False, enable_checkpointing=False), module, None, batch, 0)
    return found


def two_rollouts(**changes: Any) -> RolloutBatch:
    """A right response of two tokens and a wrong one of one, in a group of two."""
    mask_BT = torch.tensor([[1.0, 1.0], [1.0, 0.0]])
    experience = Experience(
        mask_BT=mask_BT,
        rewards_B=torch.tensor([1.0, 0.0]),
        correct_B=torch.tensor([True, False]),
        valid_B=torch.tensor([True, True]),
        truncated_B=torch.tensor([False, True]),
        group_size=2,
        sampler_logprobs_BT=torch.zeros(2, 2),
        old_logprobs_BT=torch.tensor([[-1.0, -2.0], [-0.5, 0.0]]),
    )
    for name, value in changes.items():
        setattr(experience, name, value)
    scores = TokenScores(
        logprobs_BT=torch.tensor([[-1.0, -2.0], [-0.5, 0.0]]),
        entropy_BT=torch.tensor([[0.2, 0.4], [0.9, 0.0]]),
        topk_logprobs_BTK=torch.tensor([[[-0.1, -3.0], [-0.3, -5.0]], [[-0.4, -2.0], [0.0, 0.0]]]),
    )
    rollouts = [make_rollout([6, 7], 1.0), make_rollout([6], 0.0)]
    return RolloutBatch(rollouts, Sampling(n=2), 0, "fake", kept=[True], drawn=1, experience=experience, scores=scores)


def test_entropy_is_a_mean_over_tokens_and_lambda_one_over_responses() -> None:
    found = logged(two_rollouts())
    assert found["policy/entropy"] == pytest.approx((0.2 + 0.4 + 0.9) / 3)
    assert found["candidates/rank_1"] == pytest.approx(((-0.1 - 0.3) / 2 + -0.4) / 2)
    assert found["candidates/rank_2"] == pytest.approx(((-3.0 - 5.0) / 2 + -2.0) / 2)
    assert found["candidates/sampled"] == pytest.approx((-1.5 + -0.5) / 2)


def test_groups_and_responses_are_counted() -> None:
    found = logged(two_rollouts())
    assert (found["groups/mixed"], found["groups/all_right"], found["groups/all_wrong"]) == (1, 0, 0)
    assert found["rollout/length"] == 1.5
    assert found["rollout/truncated"] == 0.5


def test_an_error_is_overconfident_where_the_policy_outgrew_its_reference() -> None:
    # The wrong response's mean log-ratio: -0.5 - (-0.8) = 0.3, above 0.
    found = logged(two_rollouts(reference_logprobs_BT=torch.tensor([[-1.0, -1.0], [-0.8, 0.0]])))
    assert found["errors/overconfident"] == 1.0
    assert found["errors/severity"] == pytest.approx(0.3)


def test_no_error_is_overconfident_where_the_policy_shrank_from_it_and_severity_is_then_left_out() -> None:
    found = logged(two_rollouts(reference_logprobs_BT=torch.tensor([[-1.0, -1.0], [-0.2, 0.0]])))
    assert found["errors/overconfident"] == 0.0
    assert "errors/severity" not in found


def test_without_a_reference_errors_are_not_judged() -> None:
    assert not [name for name in logged(two_rollouts()) if name.startswith("errors/")]


def test_an_objective_that_learns_from_some_responses_is_watched_on_all(fit, tmp_path):
    """At the first step all policies are the same, whatever is learned from; filtered rows must not count as zeros."""
    seen = {}
    for name in ("grpo", "psr", "nsr"):
        words = [f"--model.objective=asym_lit.objectives.{name}", "--data.rollout_steps", "1"]
        words += ["--trainer.num_sanity_val_steps", "0", "--trainer.limit_val_batches", "0"]
        run = fit("grpo", *words, folder=tmp_path / name)
        seen[name] = json.loads((run / "metrics.jsonl").read_text().splitlines()[0])
    for metric in ("policy/entropy", "candidates/rank_1", "candidates/rank_3", "candidates/sampled", "mismatch/mean"):
        assert seen["psr"][metric] == pytest.approx(seen["grpo"][metric], rel=1e-5, abs=1e-7), metric
        assert seen["nsr"][metric] == pytest.approx(seen["grpo"][metric], rel=1e-5, abs=1e-7), metric


def test_a_negative_number_of_candidates_is_refused() -> None:
    with pytest.raises(ValueError, match="candidates is -1"):
        Dynamics(-1)
