import json

import torch
from transformers import AutoModelForCausalLM

from asym_lit.policy import export
from asym_lit.policy.characters import character_tokenizer
from asym_lit.policy.export import ExportPlan, save_policy
from asym_lit.policy.weight_shards import WeightShards
from model_kinds import tiny


def test_tensors_fill_a_file_up_to_its_limit(tmp_path):
    """In fp32: 40 + 40 bytes fill 100 but for 20, the third of 40 begins another file, and 160 have one to themselves."""
    shards = WeightShards(tmp_path, limit=100)
    shards.add({"a": torch.ones(10), "b": torch.ones(10)})
    shards.add({"c": torch.ones(10), "d": torch.ones(40)})
    shards.close()
    index = json.loads((tmp_path / "model.safetensors.index.json").read_text())
    one, two, three = (f"model-0000{number}-of-00003.safetensors" for number in (1, 2, 3))
    assert index == {"metadata": {"total_size": 280}, "weight_map": {"a": one, "b": one, "c": two, "d": three}}
    assert sorted(path.name for path in tmp_path.iterdir()) == [one, two, three, "model.safetensors.index.json"]


def test_a_large_policy_is_written_into_several_files_and_loads_as_it_was(tmp_path, monkeypatch):
    """Experts are stacked in the model and single in the files."""
    monkeypatch.setattr(export, "SHARD_BYTES", 2**12)
    for kind in ("Qwen3Moe", "Llama"):
        model = tiny(kind, tie_word_embeddings=kind == "Llama")
        save_policy(model, character_tokenizer(64), tmp_path / kind)
        assert len(list((tmp_path / kind).glob("model-*.safetensors"))) > 3
        found, told = AutoModelForCausalLM.from_pretrained(tmp_path / kind, output_loading_info=True)
        assert not any(map(told.get, ("missing_keys", "unexpected_keys", "mismatched_keys")))
        for name, value in model.state_dict().items():
            assert torch.equal(found.state_dict()[name], value), name


def test_a_policy_is_written_layer_by_layer_unless_that_would_give_other_names(tmp_path, monkeypatch):
    """Embedding, two layers, last norm with head; all at once where transformers needs them all."""
    model, written = tiny("Llama", tie_word_embeddings=False), []
    weights = len(model.state_dict())
    monkeypatch.setattr(WeightShards, "add", lambda shards, tensors: written.append(len(tensors)))
    save_policy(model, character_tokenizer(64), tmp_path)
    assert written == [1, (weights - 3) // 2, (weights - 3) // 2, 2]
    named = {True: "all", False: "some"}
    monkeypatch.setattr(
        ExportPlan, "_as_stored", lambda _, part: {f"{named[len(part) == weights]}.{name}": part[name] for name in part}
    )
    save_policy(model, character_tokenizer(64), tmp_path)
    assert written[4:] == [weights]
