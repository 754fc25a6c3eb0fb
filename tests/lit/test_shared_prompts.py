"""Runs that read a prompt once for its group, and rollouts without gradient not at all: they train as those that read all."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from lightning.pytorch import Callback, Trainer

from asym_lit.layouts import PaddedTokens, SharedTokens, TokenLayout
from asym_lit.lit import PolicyModule, RolloutDataModule
from asym_lit.lit.callbacks import VerifierReward
from asym_lit.objectives import Objective, ace, dr_grpo, grpo, simko
from asym_lit.policy.loading import load_policy
from asym_lit.policy.token_scores import TokenScorer
from asym_lit.tasks import Countdown, CountdownVerifier
from asym_lit.types import Outcome, RolloutBatch, Sampling, Verdict

TASK = Countdown(train_size=64, val_size=4, test_size=4)


class Fading(CountdownVerifier):
    """Right about the first 16 responses of training, then calls everything wrong: one mixed step, then uniform ones."""

    seen = 0

    def self_test(self) -> None:
        super().self_test()
        self.seen = 0

    def verify(self, prompt: Any, response: str) -> Verdict:
        self.seen += 1
        if self.seen > 16:
            return Verdict(Outcome.INCORRECT, self.name, "late")
        return super().verify(prompt, response)


class AllRead:
    """A loss of somebody's own that says nothing of zeros, so that every rollout is read."""

    def __init__(self, loss: Any) -> None:
        self.loss = loss

    def __call__(self, *args: Any) -> Any:
        return self.loss(*args)


class Watch(Callback):
    """Layouts that are read, and metrics of each step."""

    def __init__(self) -> None:
        self.read: list[TokenLayout] = []
        self.steps: list[int] = []
        self.metrics: list[dict[str, float]] = []

    def on_train_batch_start(self, trainer: Trainer, pl_module: Any, batch: RolloutBatch, batch_idx: int) -> None:
        self.steps.append(len(self.read))
        if batch_idx == 0:
            pl_module.scorer.register_forward_pre_hook(lambda _, args: self.read.append(args[0]))

    def on_train_batch_end(self, trainer: Trainer, pl_module: Any, *_: Any) -> None:
        self.metrics.append({name: float(value) for name, value in trainer.callback_metrics.items()})


def train(
    objective: Objective, steps: int = 2, verifier: Any = None, precision: Any = 32, **settings: Any
) -> tuple[Watch, PolicyModule]:
    watch = Watch()
    data = RolloutDataModule(TASK, Sampling(n=4, max_tokens=24), rollout_steps=steps, prompts_per_step=4)
    settings = {"optimizer": lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9), "max_grad_norm": 0, **settings}
    module = PolicyModule(objective, **settings)
    trainer = Trainer(
        accelerator="cpu", max_epochs=1, logger=False, enable_checkpointing=False, enable_progress_bar=False,
        limit_val_batches=0, callbacks=[VerifierReward(verifier or CountdownVerifier()), watch], precision=precision,
    )  # fmt: skip
    trainer.fit(module, data)
    return watch, module


def assert_same_weights(one: PolicyModule, other: PolicyModule, atol: float) -> None:
    for ours, theirs in zip(one.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=atol)


@pytest.mark.parametrize("objective", [grpo(kl=0.1), dr_grpo(max_tokens=24), simko(), ace(grpo())])
def test_shared_prompts_train_the_weights_that_rows_of_their_own_train(objective: Objective) -> None:
    (watch, shared), (rows, apart) = (train(objective, mini_batches=2, share_prompts=on) for on in (True, False))
    assert all(isinstance(tokens, SharedTokens) for tokens in watch.read)
    assert all(isinstance(tokens, PaddedTokens) for tokens in rows.read)
    assert_same_weights(shared, apart, atol=2e-6)


def test_a_group_split_over_micro_batches_trains_the_same() -> None:
    whole, split = (train(grpo(kl=0.1), max_micro_batch_tokens=budget)[1] for budget in (4096, 40))
    assert_same_weights(whole, split, atol=2e-6)


def test_rollouts_without_gradient_are_not_read_and_the_optimizer_goes_on() -> None:
    """Four groups of wrong responses: no pass at all, but momentum moves the weights as if there were."""
    plain = grpo()
    every = replace(plain, token_loss=AllRead(plain.token_loss))
    (watch, quick), (all_read, slow) = (train(objective, steps=3, verifier=Fading()) for objective in (plain, every))
    assert 0 < watch.metrics[0]["update/idle"] < 1
    assert watch.read[0].ids_1N.numel() < all_read.read[0].ids_1N.numel()  # type: ignore[union-attr]
    assert watch.steps[1] == watch.steps[2] == len(watch.read), "nothing was read in the second and third step"
    assert all_read.steps[1] < all_read.steps[2] < len(all_read.read)
    assert [metrics["update/idle"] for metrics in watch.metrics[1:]] == [1.0, 1.0]
    assert [metrics["update/skipped"] for metrics in watch.metrics] == [0.0, 0.0, 0.0]
    assert watch.metrics[2]["update/grad_norm"] == 0.0
    assert_same_weights(quick, slow, atol=2e-6)
    _, earlier = train(plain, steps=1, verifier=Fading())
    assert max(float((a - b).abs().max()) for a, b in zip(quick.parameters(), earlier.parameters(), strict=True)) > 1e-4


def test_rollouts_without_gradient_are_read_where_the_objective_wants_their_scores() -> None:
    watch, _ = train(ace(grpo()), steps=2, verifier=Fading())
    assert watch.steps[1] < len(watch.read)
    assert watch.metrics[1]["update/idle"] == 1.0


def test_a_part_that_breaks_its_word_on_zeros_stops_the_run() -> None:
    class Liar:
        keeps_zero, needs = True, ace(grpo()).reweights[0].needs

        def __call__(self, advantages_BT: Any, experience: Any) -> Any:
            return advantages_BT + experience.mask_BT

    with pytest.raises(RuntimeError, match="says that it keeps advantages of 0, and gave one of these another value"):
        train(replace(grpo(), reweights=(Liar(),)), steps=2, verifier=Fading())


def test_products_in_bf16_leave_the_first_ratio_at_one_and_train_nearly_the_same() -> None:
    """Scoring and update round alike; weights that are kept in fp32 move as they would have, to a few bits of bf16."""
    one = {"mini_batches": 1, "inner_epochs": 1, "steps": 1}
    ace_needs_scores_first = ace(grpo())
    watch, half = train(ace_needs_scores_first, precision="bf16-mixed", head_dtype="bfloat16", **one)
    _, full = train(ace_needs_scores_first, **one)
    assert watch.metrics[0]["ratio/mean"] == 1.0
    start = load_policy("bundled")
    moved = [(a - c, b - c) for a, b, c in zip(half.parameters(), full.parameters(), start.parameters(), strict=True)]
    gap = sum(float((a - b).pow(2).sum()) for a, b in moved) ** 0.5
    way = sum(float(b.pow(2).sum()) for _, b in moved) ** 0.5
    assert all(weight.dtype == torch.float32 for weight in half.parameters())
    assert 1e-5 < gap / way < 0.05


def test_metrics_of_an_update_are_means_over_the_tokens_it_read() -> None:
    watch, _ = train(grpo(), steps=1, verifier=Fading())
    assert watch.metrics[0]["ratio/mean"] == 1.0


def test_a_policy_that_cannot_share_says_so_and_trains(monkeypatch: Any, caplog: Any) -> None:
    def refuse(scorer: TokenScorer) -> None:
        scorer.why_not_shared = "it carries a state"

    monkeypatch.setattr("asym_lit.policy.scorer_plans.try_sharing", refuse)
    with caplog.at_level("INFO"):
        watch, _ = train(grpo(kl=0.1), steps=1)
    assert "Prompts are read once for each response: it carries a state." in caplog.text
    assert all(isinstance(tokens, PaddedTokens) for tokens in watch.read)
