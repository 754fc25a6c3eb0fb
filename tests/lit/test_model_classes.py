"""A handful of the classes that `benchmarks/model_classes.py` tries, and that it would find a wrong one."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pytest

from asym_lit.rollout import hf_engine
from asym_lit.rollout.decoding import CacheUse


@pytest.fixture
def benchmark(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "benchmarks"))
    return importlib.import_module("model_classes")


@pytest.mark.parametrize(
    ("policy", "way"),
    [
        ("qwen2", "plain"),  # a padded vocabulary
        ("gemma2", "lora"),  # a soft cap
        ("mpt", "bf16"),  # ALiBi
        ("deepseek_v3", "checkpointed"),  # latent attention, experts
        ("qwen3_5_text", "lora"),  # recurrent layers
        ("bart", "plain"),  # counts places by what its cache holds, padding included
    ],
)
def test_a_class_trains_on_what_its_engine_writes_and_is_exported_as_trained(
    benchmark: Any, tmp_path: Path, policy: str, way: str
) -> None:
    outcome = benchmark.measure(policy, way, tmp_path)
    assert (outcome.state, outcome.said) == ("works", "")
    assert outcome.gap < (0.05 if way == "bf16" else 1e-5) and outcome.reloaded < 1e-5


@pytest.mark.parametrize(
    ("policy", "way", "words"),
    [
        ("openai-gpt", "plain", "HFEngine cannot generate with a OpenAIGPTLMHeadModel: its forward pass takes no cache"),
        ("jetmoe", "checkpointed", "gradient_checkpointing is true, which a JetMoeForCausalLM does not offer"),
        ("llama4_text", "lora", "cannot be trained by adapters on router"),
    ],
)
def test_a_class_that_cannot_is_refused_before_the_first_batch(
    benchmark: Any, tmp_path: Path, policy: str, way: str, words: str
) -> None:
    outcome = benchmark.measure(policy, way, tmp_path)
    assert outcome.state == "refused" and words in outcome.said


def test_a_class_that_reads_its_padding_is_neither_right_nor_refused(
    benchmark: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hf_engine, "try_caches", lambda model, host: CacheUse())  # without the trial, as if it could be padded
    outcome = benchmark.measure("bart", "plain", tmp_path)
    assert outcome.state == "NEITHER" and "Engine and trainer disagree" in outcome.said
    assert "| bart | decoder of a translator | NEITHER |" in benchmark.table([outcome])


def test_a_class_that_wants_settings_of_its_own_is_told_in_one_line(benchmark: Any, tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as stopped:
        benchmark.measure("longformer", "plain", tmp_path)
    said = str(stopped.value.code)
    assert said.startswith("longformer cannot be made of the common sizes: ") and said.endswith("Give it settings in CLASSES.")
    assert len(said.splitlines()) == 1
