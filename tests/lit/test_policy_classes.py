"""Policies of other classes in a run: soft caps, scales and padded heads are trained as they are generated with, or refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from rich.console import Console

from asym_lit.commands.probe.probing import Probe, run_probe
from asym_lit.commands.replay.replaying import run_replay
from asym_lit.commands.replay.settings import Replay
from asym_lit.lit import PolicyModule
from asym_lit.lit.demonstrations.supervised import SupervisedModule
from asym_lit.objectives import grpo
from asym_lit.policy.characters import character_tokenizer
from asym_lit.policy.logit_shaping import LogitShaping
from asym_lit.types import InputError
from policies import save_tiny
from runs import run_alone, scalars, weights, words

Fit = Callable[..., Path]
FEW = [
    *("--data.rollout_steps", "2", "--trainer.num_sanity_val_steps", "0", "--trainer.limit_val_batches", "0"),
    *("--data.sampling.max_tokens", "8", "--data.prompts_per_step", "2"),
]
LARGE = {"initializer_range": 0.3, "bos_token_id": 1}
"""Weights so large that the distributions are not flat."""
CAPPED = {**LARGE, "final_logit_softcapping": 3.0}


@pytest.mark.parametrize(
    ("kind", "settings"),
    [("Gemma2", CAPPED), ("Cohere", {**LARGE, "logit_scale": 0.3}), ("ModernBertDecoder", LARGE)],
    ids=["soft cap", "scale", "layers before the head"],
)
def test_a_policy_that_shapes_its_logits_trains_on_what_its_engine_writes(
    fit: Fit, tmp_path: Path, kind: str, settings: dict[str, Any]
) -> None:
    policy = save_tiny(tmp_path / "policy", kind, **settings)
    run = fit("simko", "--model.policy", policy, *FEW, folder=tmp_path)
    gaps = scalars(run, "mismatch/max")
    assert len(gaps) == 2 and max(gaps.values()) < 1e-4


@pytest.mark.parametrize(
    ("kind", "settings"), [("Gemma2", CAPPED), ("ModernBertDecoder", LARGE)], ids=["soft cap", "layers before the head"]
)
def test_such_a_policy_trains_sharded_as_it_does_whole(tmp_path: Path, kind: str, settings: dict[str, Any]) -> None:
    policy = save_tiny(tmp_path / "policy", kind, **settings)
    for folder, strategy in (("whole", []), ("sharded", ["--config", "configs/overlays/fsdp2.yaml"])):
        run_alone(*words(tmp_path / folder, "simko", *strategy, "--model.policy", policy, *FEW))
    whole, sharded = (tmp_path / folder / "run" / "version_0" for folder in ("whole", "sharded"))
    assert scalars(sharded, "loss/total") == pytest.approx(scalars(whole, "loss/total"), abs=1e-5)
    assert max(scalars(sharded, "mismatch/max").values()) < 1e-4
    mine, theirs = (weights(run / "checkpoints/step_000002") for run in (whole, sharded))
    assert all(torch.allclose(mine[key], theirs[key], rtol=0, atol=1e-5) for key in mine)


def supervised(policy: str, folder: Path) -> None:
    SupervisedModule(policy=policy)


def probe(policy: str, folder: Path) -> None:
    run_probe(Probe(policy=policy, output=str(folder), device="cpu"), Console(quiet=True))


def replay(policy: str, folder: Path) -> None:
    run_replay(Replay(policy=policy, output=str(folder), device="cpu"), Console(quiet=True))


def replay_reference(policy: str, folder: Path) -> None:
    settings = Replay(reference=policy, presets=["grpo", "ace"], output=str(folder), device="cpu")
    run_replay(settings, Console(quiet=True))


@pytest.fixture(scope="module")
def two_sided(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A RoBERTa that is no decoder: each of its tokens reads all others."""
    return save_tiny(tmp_path_factory.mktemp("two_sided"), "Roberta", context=64, **LARGE)


@pytest.mark.parametrize("load", [supervised, probe, replay, replay_reference])
def test_a_policy_whose_scores_would_be_wrong_is_refused_wherever_it_is_loaded(
    load: Callable[[str, Path], None], two_sided: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=r"a RobertaForCausalLM, whose hidden states hang on later tokens.*Allowed"):
        load(two_sided, tmp_path)


def test_such_a_policy_is_refused_in_one_line_before_the_first_batch(fit: Fit, two_sided: str) -> None:
    with pytest.raises(SystemExit) as stopped:
        fit("grpo", "--model.policy", two_sided, *FEW)
    message = str(stopped.value.code)
    assert "RobertaForCausalLM, whose hidden states hang on later tokens" in message and len(message.splitlines()) == 1


def test_tokens_of_a_padded_head_that_the_tokenizer_does_not_know_are_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokenizer = character_tokenizer(64)
    policy = save_tiny(tmp_path / "policy", "Gemma2", vocabulary=len(tokenizer) + 64)
    monkeypatch.setattr(PolicyModule, "datamodule", SimpleNamespace(tokenizer=tokenizer, longest=None))
    monkeypatch.setattr(PolicyModule, "is_sharded", False)
    module = PolicyModule(grpo(), policy)
    scorer = module._load()
    assert scorer.vocabulary == len(tokenizer)
    assert scorer.shaping == LogitShaping(cap=30.0, vocabulary=len(tokenizer))
