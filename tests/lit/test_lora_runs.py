"""Adapters train the same on one process, DDP over two and fsdp2 over two; their checkpoints resume."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from asym_lit.policy.export import save_policy
from asym_lit.policy.loading import load_policy, load_tokenizer
from asym_lit.policy.lora import add_adapters
from model_kinds import tiny
from runs import run_alone, scalars, weights, words

# ACE over GRPO with KL: the recipe that needs a reference.
LORA = ["--config", "configs/overlays/lora.yaml", "--config", "tests/lit/adapters.yaml", "--data.rollout_steps", "2"]
STRATEGIES = {"one": [], "ddp": ["--config", "configs/overlays/ddp.yaml"], "fsdp2": ["--config", "configs/overlays/fsdp2.yaml"]}


def train(folder: Path, strategy: str, *more: str) -> Path:
    run_alone(*words(folder, "ace", *STRATEGIES[strategy], *LORA, *more))
    return folder / "run" / "version_0"


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {name: train(tmp_path_factory.mktemp(name), name) for name in STRATEGIES}


@pytest.mark.parametrize("strategy", ["ddp", "fsdp2"])
def test_two_processes_train_adapters_like_one(runs: dict[str, Path], strategy: str) -> None:
    for tag in ("update/grad_norm", "loss/total", "ratio/mean", "errors/overconfident"):
        alone, together = scalars(runs["one"], tag), scalars(runs[strategy], tag)
        assert together == pytest.approx(alone, abs=1e-5), tag
    alone_weights, their_weights = (weights(runs[name] / "checkpoints/step_000002") for name in ("one", strategy))
    assert their_weights.keys() == alone_weights.keys()
    for name, value in alone_weights.items():
        assert torch.allclose(their_weights[name], value, rtol=0, atol=1e-5), name


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_engine_has_the_adapters_too(runs: dict[str, Path], strategy: str) -> None:
    """The second step is written by weights that have moved."""
    assert scalars(runs[strategy], "mismatch/max")[1] < 1e-4


def test_the_first_step_has_the_reference_for_a_policy_and_the_second_has_not(runs: dict[str, Path]) -> None:
    overconfident = scalars(runs["one"], "errors/overconfident")
    assert overconfident[0] == 0
    assert overconfident[1] > 0


def test_the_export_has_plain_names_and_has_moved(runs: dict[str, Path]) -> None:
    merged, before = weights(runs["one"] / "checkpoints/step_000002"), load_policy("bundled").state_dict()
    assert merged.keys() == before.keys()
    moved = {name for name in merged if not torch.equal(merged[name], before[name])}
    assert moved == {name for name in merged if name.endswith("_proj.weight")}


@pytest.mark.parametrize("strategy", ["one", "fsdp2"])
def test_a_run_with_adapters_resumes(tmp_path: Path, runs: dict[str, Path], strategy: str) -> None:
    resumed = train(tmp_path, strategy, "--ckpt_path", str(runs[strategy] / "checkpoints/step_000001"))
    found = weights(resumed / "checkpoints/step_000002")
    for name, value in weights(runs[strategy] / "checkpoints/step_000002").items():
        assert torch.equal(found[name], value), name


def test_a_checkpoint_with_other_adapters_is_refused(runs: dict[str, Path], fit: Callable[..., Path]) -> None:
    with pytest.raises(SystemExit, match=r"model\.lora .*'r': 32.*'r': 8"):
        fit("ace", *LORA, "--model.lora.r", "8", "--ckpt_path", str(runs["one"] / "checkpoints/step_000001"))


@pytest.mark.parametrize("more", [LORA, []], ids=["adapters", "all weights"])
def test_the_trials_before_the_first_batch_change_no_weight(
    tmp_path: Path, fit: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, more: list[str]
) -> None:
    saved = [
        *more,
        "--config",
        "tests/lit/adapters.yaml",
        "--data.rollout_steps",
        "2",
        "--model.objective",
        "asym_lit.objectives.nsr",
    ]
    tried = weights(fit("ace", *saved, folder=tmp_path / "tried") / "checkpoints/step_000002")
    monkeypatch.setattr("asym_lit.policy.scorer_plans.check_reload", lambda model: None)
    monkeypatch.setattr("asym_lit.policy.scorer_plans.add_tried_adapters", add_adapters)
    untried = weights(fit("ace", *saved, folder=tmp_path / "untried") / "checkpoints/step_000002")
    start = load_policy("bundled").state_dict()
    assert any(not torch.equal(tried[name], start[name]) for name in start)
    for name, value in untried.items():
        assert torch.equal(tried[name], value), name


@pytest.mark.parametrize(
    ("kind", "more", "words"),
    [
        ("Youtu", [], r"YoutuForCausalLM would not be exported as it is trained: .* other values"),
    ],
)
def test_a_policy_that_would_be_exported_as_another_is_refused_before_the_first_batch(
    tmp_path: Path, fit: Callable[..., Path], kind: str, more: list[str], words: str
) -> None:
    tokenizer = load_tokenizer("bundled")
    model = tiny(kind, vocab_size=len(tokenizer), eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id)
    save_policy(model, tokenizer, tmp_path / "policy")
    with pytest.raises(SystemExit, match=words):
        fit("ace", *more, "--model.policy", str(tmp_path / "policy"), folder=tmp_path / "run")
    assert not list((tmp_path / "run").rglob("step_*"))
