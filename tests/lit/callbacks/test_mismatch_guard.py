from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
import torch
from lightning.pytorch import Trainer
from torch import Tensor, nn

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


class Copying(HFEngine):
    """Keeps a copy of its own, as engines do that share no memory with the trainer."""

    def start(self, host: Any) -> None:
        super().start(replace(host, live_model=None))


class Sleepy(Copying):
    """Takes new weights at every sync but the second."""

    syncs = 0

    def sync(self, named_weights: Iterable[tuple[str, Tensor]], version: int) -> None:
        self.syncs += 1
        if self.syncs == 2:
            self.version = version
        else:
            super().sync(named_weights, version)


class Hoarder(Copying):
    """Takes new weights in only when it is told to forget, as if all it reads were cached."""

    kept: tuple[tuple[str, Tensor], ...] = ()

    def sync(self, named_weights: Iterable[tuple[str, Tensor]], version: int) -> None:
        self.kept = tuple((name, value.clone()) for name, value in named_weights)
        if self.version < 0:
            self.forget()
        self.version = version

    def forget(self) -> None:
        super().sync(self.kept, self.version)


class Coarse(Copying):
    """Holds its weights in bfloat16, from the second sync on."""

    weight_dtype = "bfloat16"

    def sync(self, named_weights: Iterable[tuple[str, Tensor]], version: int) -> None:
        coarse = ((name, value if version == 0 else value.bfloat16().to(value.dtype)) for name, value in named_weights)
        super().sync(coarse, version)


class Raw(HFEngine):
    """Samples at the temperature, reports log-probs at temperature 1."""

    def generate(self, requests: Sequence[Request], sampling: Sampling) -> Iterator[list[Rollout]]:
        for request, group in zip(requests, super().generate(requests, sampling), strict=True):
            for rollout in group:
                rollout.logprobs = _at_temperature_one(self._model, request, rollout)
            yield group


def _at_temperature_one(model: Any, request: Request, rollout: Rollout) -> list[float]:
    prompt = request.prompt.token_ids
    with torch.no_grad():
        logits_SV = model(input_ids=torch.tensor([[*prompt, *rollout.token_ids]])).logits[0, len(prompt) - 1 : -1]
    return logits_SV.log_softmax(-1).gather(-1, torch.tensor(rollout.token_ids)[:, None]).squeeze(-1).tolist()


class Noisy(PolicyModule):
    """Something after its loading brings noise back, in train mode or in both."""

    def __init__(self, *args: Any, always: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.always = always

    def configure_model(self) -> None:
        super().configure_model()

        def shake(layer: nn.Module, _args: Any, hidden: Tensor) -> Tensor:
            # An engine that keeps a copy of its own hears nothing of it.
            return hidden * (1 + torch.randn_like(hidden)) if self.always or layer.training else hidden

        self.scorer.model.model.layers[1].register_forward_hook(shake)


def run(
    engine: HFEngine,
    steps: int,
    temperature: float = 1.0,
    make: Callable[..., PolicyModule] = PolicyModule,
    lr: float = 20.0,
    max_mean: float = 0.05,
) -> tuple[Trainer, PolicyModule]:
    data = RolloutDataModule(
        Countdown(train_size=64, val_size=4, test_size=4),
        Sampling(n=4, max_tokens=24, temperature=temperature),
        engine=engine,
        rollout_steps=steps,
        prompts_per_step=4,
    )
    module = make(grpo(), optimizer=lambda p: torch.optim.SGD(p, lr=lr))
    trainer = Trainer(
        accelerator="cpu", max_epochs=1, logger=False, enable_checkpointing=False, enable_progress_bar=False,
        limit_val_batches=0, callbacks=[VerifierReward(CountdownVerifier()), MismatchGuard(max_mean=max_mean)],
    )  # fmt: skip
    trainer.fit(module, data)
    return trainer, module


def test_an_engine_that_shares_the_weights_passes() -> None:
    trainer, _ = run(HFEngine(), steps=2)
    assert trainer.callback_metrics["mismatch/mean"] < 1e-5


def test_stale_weights_stop_the_run_before_the_second_update() -> None:
    with pytest.raises(RuntimeError, match=r"disagree on the sampled tokens at step 1: .*a sync does not reach"):
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


@pytest.mark.parametrize(
    ("engine", "temperature", "cause"),
    [
        (Sleepy(), 1.0, "step 1: .* Likely cause: stale weights: after another sync the engine agrees"),
        (Hoarder(), 1.0, "step 1: .* Likely cause: a stale prefix cache"),
        (Raw(), 0.5, "step 0: .* Likely cause: the engine's log-probs are those at temperature 1, not at 0.5"),
    ],
)
def test_the_likely_cause_is_named(engine: HFEngine, temperature: float, cause: str) -> None:
    with pytest.raises(RuntimeError, match=cause):
        run(engine, steps=3, temperature=temperature)


def test_updates_that_round_away_in_the_engines_weights_are_named() -> None:
    told = r"step 1: .* Likely cause: another dtype .* Of \d+ weights that training has changed so far, (9\d|100)% are"
    with pytest.raises(RuntimeError, match=told):
        run(Coarse(), steps=3, lr=1e-2, max_mean=1e-4)


@pytest.mark.parametrize(
    ("always", "cause"),
    [
        (False, "noise in train mode, such as dropout: the trainer's own scores in train and eval mode differ by"),
        (True, "the policy itself: two passes of the trainer in eval mode, over the same tokens, differ by"),
    ],
)
def test_noise_of_the_trainer_is_not_put_down_to_the_engine(always: bool, cause: str) -> None:
    with pytest.raises(RuntimeError, match=f"step 0: .* Likely cause: {cause} "):
        run(Copying(), steps=1, make=partial(Noisy, always=always))


def test_a_policy_that_is_sure_of_every_token_is_said_to_have_collapsed() -> None:
    # Logits over 1e-4: every sampled token has the log-prob 0.0, which is no sign of a response that was not scored.
    with pytest.warns(UserWarning, match=r"Every token sampled at step 0 has probability 1: the policy has collapsed"):
        trainer, _ = run(HFEngine(), steps=1, temperature=1e-4)
    assert trainer.callback_metrics["mismatch/mean"] == 0


def test_a_limit_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="max_mean is 0; allowed: above 0"):
        MismatchGuard(0)
