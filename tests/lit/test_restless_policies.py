"""Runs with policies that would not score a row alike whenever they are asked: made to, or refused before the first batch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from lightning.pytorch import Trainer

from asym_lit.lit import PolicyModule, RolloutDataModule
from asym_lit.lit.callbacks import MismatchGuard, VerifierReward
from asym_lit.objectives import grpo
from asym_lit.policy.characters import character_tokenizer
from asym_lit.rollout.hf_engine import HFEngine
from asym_lit.tasks import Countdown, CountdownVerifier
from asym_lit.types import InputError, Sampling

SIZES = {
    "vocab_size": 99, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2,
    "intermediate_size": 32, "max_position_embeddings": 64, "bos_token_id": None, "initializer_range": 0.3,
}  # fmt: skip
PRETRAINED = 20
ROPE = {
    "rope_type": "longrope", "rope_theta": 1e4, "original_max_position_embeddings": PRETRAINED,
    "short_factor": [1.0, 1.1, 1.2, 1.3], "long_factor": [2.0, 4.0, 6.0, 8.0],
}  # fmt: skip


class Copying(HFEngine):
    """Keeps a replica of its own, as it does where the policy is sharded."""

    def start(self, host: Any) -> None:
        assert host.load is not None
        self._host = host
        self._model = host.load().requires_grad_(False)


def save(folder: Path, kind: str, **numbers: Any) -> str:
    tokenizer = character_tokenizer(64)
    ends = {"eos_token_id": tokenizer.eos_token_id, "pad_token_id": tokenizer.pad_token_id}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        config = getattr(transformers, f"{kind}Config")(**{**SIZES, **ends, **numbers})
        getattr(transformers, f"{kind}ForCausalLM")(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)


def run(policy: str, engine: HFEngine, max_tokens: int = 8) -> Trainer:
    data = RolloutDataModule(
        Countdown(train_size=16, val_size=4, test_size=4),
        Sampling(n=4, max_tokens=max_tokens),
        engine=engine,
        rollout_steps=2,
        prompts_per_step=4,
        policy=policy,
    )
    trainer = Trainer(
        accelerator="cpu", max_epochs=1, logger=False, enable_checkpointing=False, enable_progress_bar=False,
        limit_val_batches=0, callbacks=[VerifierReward(CountdownVerifier()), MismatchGuard()],
    )  # fmt: skip
    trainer.fit(PolicyModule(grpo(), policy=policy, optimizer=lambda p: torch.optim.SGD(p, lr=0.1)), data)
    return trainer


@pytest.mark.parametrize("engine", [HFEngine, Copying])
def test_frequencies_are_chosen_by_the_longest_row_of_the_run(engine: type[HFEngine], tmp_path: Path) -> None:
    policy = save(tmp_path, "Phi3", original_max_position_embeddings=PRETRAINED, rope_parameters=ROPE)
    # Without the replica's share of this, its rows of up to 20 tokens would be read with the short set.
    with pytest.warns(UserWarning, match=r"\(longrope\) are fixed to those of rows beyond 20 tokens, for rows have up to"):
        trainer = run(policy, engine(), max_tokens=24)
    assert trainer.callback_metrics["mismatch/max"] < 1e-4


@pytest.mark.parametrize("engine", [HFEngine, Copying])
def test_a_policy_with_functional_dropout_trains_on_what_it_wrote(engine: type[HFEngine], tmp_path: Path) -> None:
    policy = save(tmp_path, "SeedOss", head_dim=8, residual_dropout=0.5, attention_dropout=0.5)
    assert run(policy, engine()).callback_metrics["mismatch/max"] < 1e-4


def test_a_policy_that_samples_experts_in_train_mode_is_refused_before_the_first_batch(tmp_path: Path) -> None:
    class Unasked(HFEngine):
        def start(self, host: Any) -> None:
            raise AssertionError

    policy = save(tmp_path, "Phimoe", num_local_experts=4)
    with pytest.raises(InputError, match=r"begins in model\.layers\.0\.mlp\.router \(PhimoeTopKRouter\)"):
        run(policy, Unasked())
