from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import pytest
import torch
from lightning.pytorch import Trainer
from torch import Tensor

from asym_lit.lit import PolicyModule, RolloutDataModule
from asym_lit.lit.callbacks import MismatchGuard, VerifierReward
from asym_lit.objectives import grpo
from asym_lit.rollout.engine import Request
from asym_lit.rollout.hf_engine import HFEngine
from asym_lit.tasks import Countdown, CountdownVerifier
from asym_lit.types import Rollout, Sampling


class StaleEngine(HFEngine):
    """Keeps a copy of its own, and never takes new weights."""

    def start(self, host: Any) -> None:
        from dataclasses import replace

        super().start(replace(host, live_model=None))

    def sync(self, named_weights: Iterable[tuple[str, Tensor]], version: int) -> None:
        self.version = version


class ForgetfulEngine(HFEngine):
    """Reports the log-probs of another temperature."""

    def generate(self, requests: Sequence[Request], sampling: Sampling) -> Iterator[list[Rollout]]:
        for group in super().generate(requests, sampling):
            for rollout in group:
                rollout.logprobs = [2 * value for value in rollout.logprobs]
            yield group


def run(engine: HFEngine, steps: int) -> tuple[Trainer, PolicyModule]:
    data = RolloutDataModule(
        Countdown(train_size=64, val_size=4, test_size=4),
        Sampling(n=4, max_tokens=24),
        engine=engine,
        rollout_steps=steps,
        prompts_per_step=4,
    )
    module = PolicyModule(grpo(), optimizer=lambda p: torch.optim.SGD(p, lr=20.0))
    trainer = Trainer(
        accelerator="cpu", max_epochs=1, logger=False, enable_checkpointing=False, enable_progress_bar=False,
        limit_val_batches=0, callbacks=[VerifierReward(CountdownVerifier()), MismatchGuard(max_mean=0.05)],
    )  # fmt: skip
    trainer.fit(module, data)
    return trainer, module


def test_an_engine_that_shares_the_weights_passes() -> None:
    trainer, _ = run(HFEngine(), steps=2)
    assert trainer.callback_metrics["mismatch/mean"] < 1e-5


def test_stale_weights_stop_the_run_before_the_second_update() -> None:
    with pytest.raises(RuntimeError, match=r"disagree on the sampled tokens at step 1: .*weights not synced"):
        run(StaleEngine(), steps=3)


def test_wrong_log_probs_stop_the_run_before_any_weight_moves() -> None:
    module: list[Any] = []

    class Keep(ForgetfulEngine):
        def start(self, host: Any) -> None:
            module.append((host.live_model, {n: v.clone() for n, v in host.live_model.state_dict().items()}))
            super().start(host)

    with pytest.raises(RuntimeError, match=r"allowed 0.05"):
        run(Keep(), steps=1)
    live, before = module[0]
    assert all(torch.equal(value, before[name]) for name, value in live.state_dict().items())


def test_a_limit_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="max_mean is 0; allowed: above 0"):
        MismatchGuard(0)
