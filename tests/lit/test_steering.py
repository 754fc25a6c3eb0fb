"""Runs of objectives that read more than scores and rewards: greedy responses, tokens by prompt, a memory, the step."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch import Callback, Trainer

from asym_lit.lit import PolicyModule, RolloutDataModule
from asym_lit.lit.callbacks import StepAccounting, VerifierReward
from asym_lit.objectives import (
    Objective,
    a_nsr,
    adaptive_entropy,
    dapo,
    gdpo,
    grpo,
    lens,
    opo,
    otb,
    real,
    remax,
    scheduled_clip,
)
from asym_lit.objectives.aggregations import PromptMean
from asym_lit.tasks import Countdown, CountdownVerifier
from asym_lit.types import InputError, RolloutBatch, Sampling, Schedule
from asym_lit.verifiers import Function, Weighted
from runs import run_alone, scalars, weights, words

TASK = Countdown(train_size=64, val_size=4, test_size=4)
BY_PROMPT = replace(grpo(), aggregation=PromptMean())
CONTROLLED = adaptive_entropy(grpo(token_mean=True), target=5.0, delta=0.02, highest=0.05, start=0.01)


class Watch(Callback):
    """Batches, gradients before clipping, metrics and memories of each step."""

    def __init__(self) -> None:
        self.batches: list[RolloutBatch] = []
        self.gradients: list[dict[str, torch.Tensor]] = []
        self.metrics: list[dict[str, float]] = []
        self.memories: list[dict[str, float]] = []

    def on_before_optimizer_step(self, trainer: Trainer, pl_module: Any, optimizer: Any) -> None:
        self.gradients.append({n: p.grad.clone() for n, p in pl_module.named_parameters() if p.grad is not None})

    def on_train_batch_end(self, trainer: Trainer, pl_module: Any, outputs: Any, batch: RolloutBatch, batch_idx: int) -> None:
        self.batches.append(batch)
        self.metrics.append({name: float(value) for name, value in trainer.callback_metrics.items()})
        self.memories.append(dict(pl_module.memory))


def train(
    objective: Objective, steps: int = 1, n: int = 4, verifier: Any = None, temperature: Schedule | None = None, **settings: Any
) -> Watch:
    watch = Watch()
    sampling = Sampling(n=n, max_tokens=24)
    data = RolloutDataModule(TASK, sampling, rollout_steps=steps, prompts_per_step=4, temperature=temperature)
    module = PolicyModule(objective, **{"optimizer": lambda p: torch.optim.SGD(p, lr=0.1), "max_grad_norm": 0, **settings})
    trainer = Trainer(
        accelerator="cpu",
        max_epochs=1,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        limit_val_batches=0,
        callbacks=[VerifierReward(verifier or CountdownVerifier(), max_undecided=1.0), StepAccounting(), watch],
    )
    trainer.fit(module, data)
    return watch


def largest(gradients: dict[str, torch.Tensor]) -> float:
    return max(float(gradient.abs().max()) for gradient in gradients.values())


@pytest.mark.parametrize(
    "objective",
    [BY_PROMPT, CONTROLLED, otb(), opo(), remax(), lens(), gdpo(), a_nsr(), scheduled_clip(grpo()), real()],
    ids=["prompt_mean", "adaptive_entropy", "otb", "opo", "remax", "lens", "gdpo", "a_nsr", "scheduled_clip", "real"],
)
def test_gradients_do_not_depend_on_how_a_batch_is_cut_up_or_prompts_are_shared(objective: Objective) -> None:
    cuts = [{"max_micro_batch_tokens": 75}, {"max_micro_batch_tokens": 4000}]
    cuts += [{"max_micro_batch_tokens": 150, "share_prompts": False}]
    first, *others = [train(objective, **cut).gradients[0] for cut in cuts]
    for other in others:
        for name, gradient in first.items():
            assert torch.allclose(other[name], gradient, rtol=0, atol=2e-6), name
    assert largest(first) > 1e-4


def test_the_mean_over_prompts_is_that_of_the_mini_batch_and_another_one_than_over_tokens() -> None:
    counted = train(BY_PROMPT, mini_batches=2)
    plain = train(grpo(), mini_batches=2)
    assert any(not torch.allclose(counted.gradients[0][n], plain.gradients[0][n], atol=1e-4) for n in plain.gradients[0])
    experience = counted.batches[0].experience
    assert experience is not None and experience.prompt_tokens_B is not None
    by_group = experience.mask_BT.sum(-1).view(4, 4).sum(-1)
    assert experience.prompt_tokens_B.tolist() == by_group.repeat_interleave(4).tolist()


def test_each_prompt_has_a_greedy_response_that_is_verified_counted_and_not_trained_on() -> None:
    watch, plain = train(remax(), steps=2), train(opo(), steps=2)
    for batch, other in zip(watch.batches, plain.batches, strict=True):
        assert [one.slot for one in batch.greedy] == [group[0].slot for group in batch.groups]
        assert [one.prompt.uid for one in batch.greedy] == [group[0].prompt.uid for group in batch.groups]
        assert all(one.verdict is not None and one.reward is not None for one in batch.greedy)
        assert len(batch.rollouts) == 16 and other.greedy == []
        experience = batch.experience
        assert experience is not None and experience.greedy_rewards_B is not None and experience.advantages_BT is not None
        expected_B = experience.rewards_B - experience.greedy_rewards_B
        torch.testing.assert_close(experience.advantages_BT, expected_B[:, None] * experience.mask_BT)
    # The first step's rollouts are the same: greedy responses take no random numbers of theirs.
    assert [r.token_ids for r in watch.batches[0].rollouts] == [r.token_ids for r in plain.batches[0].rollouts]
    metrics, batch = watch.metrics[0], watch.batches[0]
    assert metrics["greedy/reward"] == pytest.approx(sum(one.reward or 0 for one in batch.greedy) / 4)
    assert metrics["greedy/undecided"] == 0.0 and "greedy/reward" not in plain.metrics[0]
    tokens = sum(len(r.token_ids) for r in [*batch.rollouts, *batch.greedy])
    assert metrics["tokens/generated"] == tokens > plain.metrics[0]["tokens/generated"]
    assert metrics["reward/mean"] == plain.metrics[0]["reward/mean"]


def test_one_response_to_each_prompt_is_enough_beside_a_greedy_one() -> None:
    watch = train(remax(), steps=3, n=1)
    assert any(largest(gradients) > 1e-4 for gradients in watch.gradients)
    assert [len(batch.rollouts) for batch in watch.batches] == [len(batch.greedy) for batch in watch.batches] == [4] * 3


def test_greedy_responses_are_of_the_groups_that_are_left_after_drawing_anew() -> None:
    (batch,) = train(replace(remax(), group_filter=dapo(max_draws=3).group_filter)).batches
    assert batch.discarded
    assert [one.prompt.uid for one in batch.greedy] == [group[0].prompt.uid for group in batch.groups]


def test_the_entropy_of_a_step_steers_the_next_one() -> None:
    watch = train(CONTROLLED, steps=3, inner_epochs=2)
    # Below a target of 5 nats throughout: 0.01, 0.03, 0.05 are applied; then it stays at its highest.
    assert [metrics["entropy_control/applied"] for metrics in watch.metrics] == pytest.approx([0.01, 0.03, 0.05])
    for metrics, memory in zip(watch.metrics, watch.memories, strict=True):
        assert memory["entropy_control/entropy"] == pytest.approx(metrics["entropy_control/entropy"], rel=1e-5)
    assert [memory["entropy_control/coefficient"] for memory in watch.memories] == pytest.approx([0.03, 0.05, 0.05])
    by_update = adaptive_entropy(grpo(token_mean=True), target=5.0, delta=0.02, highest=1.0, start=0.01, rule="trl")
    memories = train(by_update, steps=2, inner_epochs=2, mini_batches=2).memories
    assert [memory["entropy_control/coefficient"] for memory in memories] == pytest.approx([0.09, 0.17])


def test_scores_are_taken_at_the_temperature_of_the_step() -> None:
    watch = train(grpo(), steps=3, temperature=Schedule(0.6, 1.4, 2))
    assert [batch.sampling.temperature for batch in watch.batches] == pytest.approx([0.6, 1.0, 1.4])
    for batch in watch.batches:
        experience = batch.experience
        assert experience is not None and experience.old_logprobs_BT is not None and batch.scored_B is not None
        gap_BT = (experience.sampler_logprobs_BT - experience.old_logprobs_BT)[batch.scored_B]
        assert gap_BT.abs().max() <= 1e-4
    plain, constant = train(grpo(), steps=2), train(grpo(), steps=2, temperature=Schedule(1.0, 1.0, 5))
    for one, other in zip(plain.gradients, constant.gradients, strict=True):
        assert all(torch.equal(one[name], other[name]) for name in one)


def test_a_temperature_of_0_is_refused_before_the_first_batch() -> None:
    with pytest.raises(InputError, match=r"data\.temperature is 0\.0; allowed: above 0"):
        train(grpo(), temperature=Schedule(1.0, 0.0, 5))


def test_parts_are_told_the_step_and_the_length_of_the_run() -> None:
    watch = train(a_nsr("cosine"), steps=3)
    found = []
    for batch in watch.batches:
        experience = batch.experience
        assert experience is not None and experience.advantages_BT is not None
        wrong_B = ~experience.correct_B
        found.append(float(experience.advantages_BT[wrong_B].min()))
    # 0.5 + 0.5 (1 + cos(pi t / 3)).
    assert found == pytest.approx([-1.5, -1.25, -0.75], abs=1e-6)


def brevity(response: str) -> float:
    return -len(response)


def test_several_rewards_reach_the_advantages_with_the_verifiers_weights() -> None:
    verifier = Weighted({"right": CountdownVerifier(), "short": Function(brevity)}, "right", {"short": 0.5})
    (batch,) = train(gdpo(), verifier=verifier).batches
    experience = batch.experience
    assert experience is not None and experience.rewards_BC is not None and experience.reward_weights_BC is not None
    assert experience.reward_weights_BC[0].tolist() == [1.0, 0.5]
    told = [[dict(r.verdict.rewards)[name] for name in ("right", "short")] for r in batch.rollouts if r.verdict]
    assert experience.rewards_BC.tolist() == told
    assert (experience.advantages_BT != 0).any()


RESUMED = {
    "adaptive_entropy": ["asym_lit.objectives.adaptive_entropy", "base: {class_path: asym_lit.objectives.grpo}, target: 5.0, "
                         "delta: 0.01, highest: 0.025, start: 0.01"],
    "remax": ["asym_lit.objectives.remax", "clip: 0.2"],
    "a_nsr": ["asym_lit.objectives.a_nsr", "form: cosine"],
}  # fmt: skip
SCHEDULE = ["--data.temperature", "{start: 0.8, end: 1.2, steps: 3}"]


def command(folder: Path, name: str, *more: str) -> list[str]:
    recipe = folder / f"{name}.yaml"
    recipe.parent.mkdir(parents=True, exist_ok=True)
    kind, given = RESUMED[name]
    recipe.write_text(f"model:\n  init_args:\n    objective:\n      class_path: {kind}\n      init_args: {{{given}}}\n")
    return words(folder, "grpo", "--config", "tests/lit/every_step.yaml", "--config", str(recipe), *SCHEDULE, *more)


@pytest.mark.parametrize("name", ["adaptive_entropy", "a_nsr"])
def test_a_killed_run_resumes_to_the_same_weights_and_the_same_memory(tmp_path: Path, name: str) -> None:
    run_alone(*command(tmp_path / "whole", name))
    kill = ["--trainer.callbacks+", "killers.KillInCheckpoint", "--trainer.callbacks.number", "3"]
    run_alone(*command(tmp_path / "cut", name, *kill), expect=-9)
    cut, whole = (tmp_path / kind / "run" / "version_0" for kind in ("cut", "whole"))
    run_alone(*command(tmp_path / "cut", name, "--ckpt_path", str(cut)))
    expected, resumed = (weights(folder / "checkpoints" / "step_000004") for folder in (whole, cut))
    assert all(torch.equal(value, resumed[key]) for key, value in expected.items())
    memories = [
        torch.load(folder / "checkpoints" / "step_000004" / "lightning.ckpt", weights_only=True)["asym_lit"]["memory"]
        for folder in (whole, cut)
    ]
    assert memories[0] == memories[1] and bool(memories[0]) == (name == "adaptive_entropy")
    if name == "adaptive_entropy":
        assert memories[0]["entropy_control/coefficient"] == pytest.approx(0.025)
        applied = scalars(cut, "entropy_control/applied")
        assert applied == scalars(whole, "entropy_control/applied")
        assert list(applied.values()) == pytest.approx([0.01, 0.02, 0.025, 0.025])


@pytest.mark.parametrize("name", ["remax"])
def test_two_processes_train_like_one(tmp_path: Path, name: str) -> None:
    found = []
    for kind, overlay in (("one", []), ("two", ["--config", "configs/overlays/ddp.yaml"])):
        run_alone(*command(tmp_path / kind, name, *overlay, "--data.rollout_steps", "2"))
        run = tmp_path / kind / "run" / "version_0"
        norms, rewards = scalars(run, "update/grad_norm"), scalars(run, "reward/mean")
        greedy = scalars(run, "greedy/reward") if name == "remax" else {}
        memory = torch.load(run / "checkpoints" / "step_000002" / "lightning.ckpt", weights_only=True)["asym_lit"]["memory"]
        found.append((norms, rewards, memory, greedy))
    one, two = found
    assert two[0] == pytest.approx(one[0], abs=1e-5) and two[1] == pytest.approx(one[1], abs=1e-6)
    assert two[2] == pytest.approx(one[2], rel=1e-5) and two[3] == pytest.approx(one[3], abs=1e-6)
    assert max(one[0].values()) > 1e-3
