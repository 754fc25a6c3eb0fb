from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from asym_lit.policy import adapter_files
from asym_lit.policy.adapter_files import CONFIG, WEIGHTS, adapter_folder, save_adapter
from asym_lit.policy.export import named_weights
from asym_lit.policy.loading import load_policy, locate
from asym_lit.policy.lora import LoRA, add_adapters
from asym_lit.types import InputError
from policies import save_tiny

LORA = LoRA(r=4, alpha=6.0, target_modules=["q_proj", "down_proj"])


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASYM_LIT_CACHE", str(tmp_path / "cache"))


def adapted(base: str) -> Any:
    """A policy with adapters that change it."""
    model = add_adapters(load_policy(base), LORA)
    generator = torch.Generator().manual_seed(1)
    for name, parameter in model.named_parameters():
        if "lora_B" in name:
            parameter.data.copy_(0.1 * torch.randn(parameter.shape, generator=generator))
    return model


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    base = save_tiny(tmp_path / "base", "Llama")
    save_adapter(adapted(base), LORA, base, tmp_path / "adapter")
    return tmp_path / "adapter"


def edit(folder: Path, **settings: Any) -> None:
    config = json.loads((folder / CONFIG).read_text())
    (folder / CONFIG).write_text(json.dumps({**config, **settings}))


def test_adapters_alone_are_stored_under_the_names_of_peft(saved: Path) -> None:
    stored = load_file(saved / WEIGHTS)
    assert len(stored) == 2 * 2 * 2  # layers, modules, A and B
    assert stored["base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight"].shape == (4, 32)
    config = json.loads((saved / CONFIG).read_text())
    assert (config["r"], config["lora_alpha"], config["target_modules"]) == (4, 6.0, ["down_proj", "q_proj"])
    assert config["base_model_name_or_path"] == str(saved.parent / "base")


def test_stored_in_half_precision_the_policy_is_what_is_stored(tmp_path: Path) -> None:
    base = save_tiny(tmp_path / "base", "Llama")
    model = adapted(base)
    before = {name: p.clone() for name, p in model.named_parameters() if "lora_" in name}
    save_adapter(model, LORA, base, tmp_path / "adapter", "bfloat16")
    after = dict(model.named_parameters())
    assert any(not torch.equal(after[name], value) for name, value in before.items())
    assert all(torch.equal(after[name], value.bfloat16().float()) for name, value in before.items())
    state = load_policy(str(tmp_path / "adapter")).state_dict()
    assert all(torch.equal(state[name], value) for name, value in named_weights(model))


def test_a_folder_of_adapters_is_merged_once(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    where = locate(str(saved))
    monkeypatch.setattr(adapter_files, "_merge", None)  # would raise
    assert locate(str(saved)) == where
    assert Path(where).parent.name == "merged" and (Path(where) / "config.json").exists()


def test_other_adapters_are_merged_anew(saved: Path) -> None:
    where = locate(str(saved))
    edit(saved, lora_alpha=7)
    assert locate(str(saved)) != where


def test_a_strength_of_zero_is_the_base(saved: Path) -> None:
    edit(saved, lora_alpha=0)
    state, base = load_policy(str(saved)).state_dict(), load_policy(str(saved.parent / "base")).state_dict()
    assert all(torch.equal(state[name], value) for name, value in base.items())


def test_a_shipped_adapter_is_named_by_its_folder(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapter_files, "SHIPPED", saved.parent)
    assert adapter_folder("adapter") == saved
    assert locate("adapter") == locate(str(saved))


@pytest.mark.parametrize("policy", ["bundled", "smollm2", "some/hub-id", ""])
def test_anything_else_is_no_adapter(policy: str) -> None:
    assert adapter_folder(policy) is None


def test_a_merged_policy_that_kept_its_adapter_configuration_is_a_policy(saved: Path) -> None:
    (saved / "config.json").write_text("{}")
    assert adapter_folder(str(saved)) is None


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"use_dora": True}, "has use_dora True; allowed: False. Merge such adapters with peft"),
        ({"peft_type": "IA3"}, "has peft_type 'IA3'; allowed: 'LORA'"),
        ({"rank_pattern": {"q_proj": 2}}, r"has rank_pattern \{'q_proj': 2\}"),
        ({"base_model_name_or_path": "some/hub-id"}, "goes with 'some/hub-id', of which no safetensors are here"),
    ],
)
def test_adapters_that_cannot_be_merged_are_refused_with_what_to_write(saved: Path, settings: Any, words: str) -> None:
    edit(saved, **settings)
    with pytest.raises(InputError, match=words):
        load_policy(str(saved))


def test_adapters_of_themselves_are_refused(saved: Path) -> None:
    edit(saved, base_model_name_or_path=str(saved))
    with pytest.raises(InputError, match="names its own folder as base_model_name_or_path"):
        locate(str(saved))


def test_adapters_of_another_base_are_refused(saved: Path, tmp_path: Path) -> None:
    edit(saved, base_model_name_or_path=save_tiny(tmp_path / "wider", "Llama", hidden=64))
    with pytest.raises(InputError, match=r"does not fit its base: model.layers.0.*down_proj.weight is \(64, 192\)"):
        locate(str(saved))
    edit(saved, base_model_name_or_path=save_tiny(tmp_path / "lower", "Llama", layers=1))
    with pytest.raises(InputError, match=r"has 2 layers that its base .* has not, model.layers.1.mlp.down_proj.weight first"):
        locate(str(saved))


def test_files_that_are_cut_off_or_missing_are_refused(saved: Path) -> None:
    whole = (saved / WEIGHTS).read_bytes()
    (saved / WEIGHTS).write_bytes(whole[:200])
    with pytest.raises(InputError, match=r"adapter_model.safetensors is damaged: .* Copy it anew"):
        locate(str(saved))
    (saved / WEIGHTS).unlink()
    with pytest.raises(InputError, match=r"holds adapter_config\.json and no adapter_model\.safetensors"):
        locate(str(saved))
    (saved / CONFIG).write_text("{")
    with pytest.raises(InputError, match="is no configuration of low-rank adapters"):
        locate(str(saved))


@pytest.mark.parametrize("change", ["embedding", "alone"])
def test_weights_beside_pairs_are_refused(saved: Path, change: str) -> None:
    weights = load_file(saved / WEIGHTS)
    if change == "alone":
        del weights["base_model.model.model.layers.0.self_attn.q_proj.lora_B.weight"]
    else:
        weights["base_model.model.model.embed_tokens.lora_embedding_A"] = torch.zeros(4, 99)
    save_file(weights, saved / WEIGHTS)
    with pytest.raises(InputError, match=r"holds no pairs of A and B alone: .* is something else"):
        locate(str(saved))
