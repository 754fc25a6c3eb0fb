"""Weights that are read part by part are those of a plain load, to the bit, and so is all else of the policy."""

import re
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import distributed
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.tensor import DTensor

from asym_lit.policy.adapter_merging import whole
from asym_lit.policy.lora import LoRA
from asym_lit.policy.scorer_plans import ScorerPlan
from asym_lit.sharding import trials
from asym_lit.sharding.empty_policies import empty_policy_of
from asym_lit.sharding.loading import sharded_scorer
from asym_lit.types import InputError
from gguf_files import random_llama, write_gguf
from model_kinds import tiny
from sharded import alike, load_and_compare, odd_policy, two_processes


@pytest.fixture(scope="module")
def mesh():
    distributed.init_process_group("gloo", store=distributed.HashStore(), rank=0, world_size=1)
    yield init_device_mesh("cpu", (1,))
    distributed.destroy_process_group()


@pytest.fixture
def large(monkeypatch):
    """Policies of tests count as large ones, which are tried by their first layers."""
    monkeypatch.setattr(trials, "is_small", lambda model: False)


def save(model, folder, dtype=torch.float32, files="50GB"):
    model.to(dtype).save_pretrained(folder, max_shard_size=files)
    return str(folder)


def load(mesh, plan):
    return sharded_scorer(plan, mesh, getattr(torch, plan.dtype), 1)


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        ("Llama", {"tie_word_embeddings": True, "num_hidden_layers": 3}),
        ("Llama", {"tie_word_embeddings": False}),
        ("Gemma2", {}),
        ("Gemma3Text", {}),
        ("OPT", {"tie_word_embeddings": True}),
        ("GPT2", {}),
        ("Cohere2", {}),
        ("Mamba2", {}),
    ],
    ids=lambda value: value if isinstance(value, str) else "tied" if value.get("tie_word_embeddings") else "",
)
def test_weights_buffers_and_all_else_are_those_of_a_plain_load(mesh, large, tmp_path, kind, changes):
    plan = ScorerPlan(save(tiny(kind, **changes), tmp_path), longest=32, is_exported=True)
    scorer, why = load(mesh, plan)
    assert why == ""
    assert all(isinstance(weight, DTensor) for weight in scorer.parameters())
    alike(scorer, plan.whole())


@pytest.mark.parametrize("files", ["50GB", "9KB"], ids=["one file", "an index"])
@pytest.mark.parametrize(("stored", "dtype"), [(torch.bfloat16, "float32"), (torch.float32, "bfloat16")], ids=["up", "down"])
def test_dtypes_are_cast_as_in_a_plain_load(mesh, large, tmp_path, stored, dtype, files):
    plan = ScorerPlan(save(tiny("Llama", tie_word_embeddings=True), tmp_path, stored, files), dtype)
    assert (len(list(tmp_path.glob("*.safetensors"))) > 1) == (files == "9KB")
    alike(load(mesh, plan).scorer, plan.whole())


@pytest.mark.parametrize("kind", ["Llama", "GPT2"])
def test_adapters_start_as_in_a_plain_load_and_alone_are_trained(mesh, large, tmp_path, kind):
    plan = ScorerPlan(save(tiny(kind), tmp_path), "bfloat16", lora=LoRA(r=2, seed=3), is_exported=True)
    scorer = load(mesh, plan).scorer
    alike(scorer, plan.whole())
    trained = {name: weight for name, weight in scorer.named_parameters() if weight.requires_grad}
    assert trained and all("lora_" in name and weight.dtype == torch.float32 for name, weight in trained.items())
    assert any(whole(weight).abs().sum() > 0 for weight in trained.values())


def test_the_bundled_policy_and_gguf_files_are_read_part_by_part(mesh, tmp_path, monkeypatch):
    monkeypatch.setenv("ASYM_LIT_CACHE", str(tmp_path / "cache"))
    for policy in ("bundled", str(write_gguf(tmp_path / "tiny.gguf", random_llama(tied=True)))):
        plan = ScorerPlan(policy)
        scorer, why = load(mesh, plan)
        assert why == ""
        alike(scorer, plan.whole())


@pytest.mark.parametrize(
    ("kind", "words"),
    [("Qwen3Moe", "transformers makes .* of other tensors"), ("GPTNeoX", "its files have another name for lm_head.weight")],
)
def test_weights_that_transformers_makes_or_renames_are_read_by_every_process(mesh, tmp_path, kind, words):
    plan = ScorerPlan(save(tiny(kind), tmp_path))
    scorer, why = load(mesh, plan)
    assert re.search(words, why)
    alike(scorer, plan.whole())


def test_names_that_are_not_the_models_are_read_by_every_process(mesh, tmp_path):
    where = save(tiny("Llama"), tmp_path)
    file = tmp_path / "model.safetensors"
    save_file({name.removeprefix("model."): value for name, value in load_file(file).items()}, file, {"format": "pt"})
    scorer, why = load(mesh, ScorerPlan(where))
    assert "another name" in why
    alike(scorer, ScorerPlan(where).whole())


def test_a_tied_weight_that_is_stored_twice_is_read_by_every_process(mesh, tmp_path):
    """Whether the two are equal, and so stay tied, is for transformers to see."""
    where = save(tiny("Llama", tie_word_embeddings=True), tmp_path)
    file = tmp_path / "model.safetensors"
    held = load_file(file)
    save_file(held | {"lm_head.weight": held["model.embed_tokens.weight"] + 1}, file, {"format": "pt"})
    scorer, why = load(mesh, ScorerPlan(where))
    assert "a second time" in why
    alike(scorer, ScorerPlan(where).whole())


def without(held):
    del held["model.norm.weight"]


def beside(held):
    held["model.extra.weight"] = torch.zeros(3)


def other_shape(held):
    held["model.norm.weight"] = torch.zeros(7)


def no_number(held):
    held["model.layers.1.mlp.up_proj.weight"][3, 2] = torch.nan


def too_large(held):
    """For the dtype that it is cast to."""
    held["model.layers.1.mlp.up_proj.weight"][3, 2] = 1e30


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (without, "lacks 1 weights of a LlamaForCausalLM, model.norm.weight first"),
        (other_shape, "does not load: RuntimeError: .*ignore_mismatched_sizes"),
        (no_number, "model.safetensors is damaged: the weight model.layers.1.mlp.up_proj.weight holds a number that is not"),
        (too_large, "model.layers.1.mlp.up_proj.weight holds a number that is not finite"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_files_that_do_not_fit_are_refused_in_the_words_of_a_plain_load(mesh, large, tmp_path, change, words):
    where = save(tiny("Llama"), tmp_path)
    held = load_file(tmp_path / "model.safetensors")
    change(held)
    save_file(held, tmp_path / "model.safetensors", {"format": "pt"})
    plan = ScorerPlan(where, "float16")
    with pytest.raises(InputError, match=words) as plain:
        plan.whole()
    with pytest.raises(InputError) as parts:
        load(mesh, plan)
    assert str(parts.value) == str(plain.value)


def test_a_name_too_many_is_left_out_as_in_a_plain_load(mesh, tmp_path):
    where = save(tiny("Llama"), tmp_path)
    held = load_file(tmp_path / "model.safetensors")
    beside(held)
    save_file(held, tmp_path / "model.safetensors", {"format": "pt"})
    scorer, why = load(mesh, ScorerPlan(where))
    assert why == ""
    alike(scorer, ScorerPlan(where).whole())


@pytest.mark.parametrize("damage", ["cut", "lost", "no folder"])
def test_damaged_and_missing_files_are_told_as_in_a_plain_load(tmp_path, damage):
    where = save(tiny("Llama"), tmp_path / "policy", files="9KB")
    files = sorted((tmp_path / "policy").glob("*.safetensors"))
    if damage == "cut":
        files[1].write_bytes(files[1].read_bytes()[:-100])
    elif damage == "lost":
        files[1].unlink()
    else:
        shutil.rmtree(where)
    said = []
    for read in (ScorerPlan(where).whole, lambda: empty_policy_of(where, "float32")):
        with pytest.raises(InputError, match=r"damaged|that can be read|no directory") as refused:
            read()
        said.append(str(refused.value).split(":")[0])
    assert said[0] == said[1]


def test_a_kind_of_layer_that_stands_last_is_tried_too():
    """Eight layers, of which the sixth alone has full attention, and the seventh alone drops out."""
    model = tiny(
        "Gemma3Text",
        num_hidden_layers=8,
        layer_types=["sliding_attention"] * 5 + ["full_attention"] + ["sliding_attention"] * 2,
    )
    assert trials.kinds_end(model) == 6
    model.model.layers[6].self_attn.attention_dropout = 0.5
    assert trials.kinds_end(model) == 7
    assert trials.kinds_end(tiny("Llama", num_hidden_layers=8)) == 1


def test_a_policy_whose_first_layers_are_refused_is_asked_whole(mesh, large, tmp_path, monkeypatch):
    depths = []

    def read(model):
        depths.append(len(model.model.layers))
        if len(model.model.layers) < 3:
            raise IndexError("no layer 1")
        return real(model)

    from asym_lit.policy import token_scores

    real = token_scores.read_head
    monkeypatch.setattr(token_scores, "read_head", read)
    plan = ScorerPlan(save(tiny("Llama", num_hidden_layers=3), tmp_path))
    assert load(mesh, plan).why_whole == ""
    assert depths == [1, 3]


def test_where_only_values_tell_whether_an_export_is_right_every_process_loads(mesh, large, tmp_path, monkeypatch):
    monkeypatch.setattr(trials, "check_reload", lambda model: False)
    plan = ScorerPlan(save(tiny("Llama"), tmp_path), is_exported=True)
    assert load(mesh, plan).why_whole == "transformers writes into what it has loaded"
    assert load(mesh, ScorerPlan(plan.policy)).why_whole == ""  # it is not exported


def test_a_policy_that_would_be_exported_as_another_is_refused(mesh, tmp_path):
    plan = ScorerPlan(save(tiny("Youtu"), tmp_path), is_exported=True)
    with pytest.raises(InputError, match="YoutuForCausalLM would not be exported as it is trained"):
        load(mesh, plan)


def test_two_processes_hold_parts_of_what_one_has_read_and_end_together_if_it_cannot(tmp_path):
    """61 tokens and 32 rows over two: 31 and 30. The second process may not open a file of weights."""
    whole, damaged = (odd_policy(tmp_path / name) for name in ("whole", "damaged"))
    held = load_file(f"{damaged}/model.safetensors")
    no_number(held)
    save_file(held, f"{damaged}/model.safetensors", {"format": "pt"})
    plans = [ScorerPlan(whole, "bfloat16", lora=LoRA(r=2)), ScorerPlan(damaged)]
    first, second = two_processes(load_and_compare, plans, tmp_path)
    assert first == second
    assert first[0] == ""
    assert "up_proj.weight holds a number that is not finite" in first[1]


@pytest.mark.parametrize("make", ["whole", "parts"])
def test_trials_leave_no_gradient_behind(mesh, tmp_path, make):
    """The update adds to what is there."""
    plan = ScorerPlan(save(tiny("Llama", tie_word_embeddings=True), tmp_path), is_exported=True)
    scorer = plan.whole() if make == "whole" else load(mesh, plan).scorer
    assert scorer.adds_gradients and scorer.shares_prompts
    assert all(weight.grad is None for weight in scorer.parameters())
