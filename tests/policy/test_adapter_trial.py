import re

import pytest
import torch
from torch import nn

from asym_lit.policy import adapter_merging, adapter_trial
from asym_lit.policy.adapter_trial import add_tried_adapters
from asym_lit.policy.characters import character_tokenizer
from asym_lit.policy.export import named_weights, save_policy
from asym_lit.policy.loading import load_policy
from asym_lit.policy.lora import LoRA, add_adapters
from asym_lit.types import InputError
from fakes import tiny_policy
from model_kinds import move, tiny

IDS = torch.tensor([[3, 4, 5, 6, 7, 9, 11, 2]])
SMALL = LoRA(r=2, alpha=4)


def logits(model):
    with torch.no_grad():
        return model.eval()(input_ids=IDS, use_cache=False).logits


@pytest.mark.parametrize("tied", [False, True], ids=["own head", "tied head"])
@pytest.mark.parametrize("kind", ["Qwen3Moe", "Qwen2Moe", "Mixtral", "DeepseekV3", "GptOss", "GPT2", "OPT", "Gemma3Text"])
def test_adapters_of_any_class_are_exported_as_they_were_trained(tmp_path, kind, tied):
    plain = {name: value.shape for name, value in tiny(kind, tie_word_embeddings=tied).state_dict().items()}
    model = move(add_tried_adapters(tiny(kind, tie_word_embeddings=tied), SMALL))
    assert {name: value.shape for name, value in named_weights(model)} == plain
    assert (logits(model) - logits(tiny(kind, tie_word_embeddings=tied))).abs().max() > 1e-3
    save_policy(model, character_tokenizer(64), tmp_path / "merged")
    torch.testing.assert_close(logits(load_policy(str(tmp_path / "merged"))), logits(model), rtol=0, atol=1e-5)


def test_stacked_experts_and_their_router_are_merged():
    model = move(add_adapters(tiny("Qwen3Moe"), SMALL))
    merged, before = dict(named_weights(model)), tiny("Qwen3Moe").state_dict()
    for name in ("experts.gate_up_proj", "experts.down_proj", "gate.weight"):
        assert not torch.equal(merged[f"model.layers.0.mlp.{name}"], before[f"model.layers.0.mlp.{name}"]), name
    # The second of four experts, r = 2: rows 2 and 3 of A, and of B every fourth column from the second on.
    wrapper = model.model.layers[0].mlp.experts
    assert wrapper.parameter_name == "down_proj"
    down, up = wrapper.lora_A["default"].weight, wrapper.lora_B["default"].weight
    expected = before["model.layers.0.mlp.experts.down_proj"][1] + 4 / 2 * up[:, 1::4] @ down[2:4]
    torch.testing.assert_close(merged["model.layers.0.mlp.experts.down_proj"][1], expected)


def test_a_square_layer_stored_in_by_out_is_merged_transposed():
    model = move(add_adapters(tiny("GPT2"), SMALL))
    name = "transformer.h.0.attn.c_proj"
    state = model.state_dict()
    w, a, b = (state[f"{name}.{part}"] for part in ("base_layer.weight", "lora_A.default.weight", "lora_B.default.weight"))
    assert w.shape == (32, 32)
    torch.testing.assert_close(dict(named_weights(model))[f"{name}.weight"], w + 4 / 2 * (b @ a).T)


@pytest.mark.parametrize(
    ("kind", "names", "rest"),
    [
        ("Llama4Text", "router", ["down_proj", "gate_proj", "k_proj", "o_proj", "q_proj", "up_proj", "v_proj"]),
        # Its weight is read by the layer around it, past the adapter.
        ("Jamba", "dt_proj", ["down_proj", "gate_proj", "in_proj", "k_proj", "o_proj", "out_proj", "q_proj", "up_proj"]),
        ("Mamba2", "out_proj", ["in_proj"]),  # peft itself refuses it
    ],
)
def test_layers_whose_adapters_cannot_be_merged_are_refused_with_what_to_write(kind, names, rest):
    with pytest.raises(InputError, match=names) as refusal:
        add_tried_adapters(tiny(kind), SMALL)
    assert kind.removesuffix("Text") in str(refusal.value)
    listed = re.search(r"Write model\.lora\.target_modules: \[(.*)\]", str(refusal.value)).group(1).split(", ")
    assert set(rest) <= set(listed)
    assert names not in listed
    model = move(add_tried_adapters(tiny(kind), LoRA(r=2, alpha=4, target_modules=listed)))
    assert dict(named_weights(model)).keys() == tiny(kind).state_dict().keys()


class Transposed(nn.Linear):
    """A square layer that keeps its weight [in, out] and does not say so."""

    def forward(self, x):
        return x @ self.weight


class ReadPast(nn.Module):
    """A block that reads its layer's weight in place of calling it."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self, x):
        return nn.functional.linear(x, self.layer.weight, self.layer.bias)


class Forgetful(nn.Module):
    """A block with a layer that it never calls."""

    def __init__(self, layer):
        super().__init__()
        self.used, self.layer = layer, nn.Linear(4, 4)

    def forward(self, x):
        return self.used(x)


def with_planted(plant):
    model = tiny_policy()
    for layer in model.model.layers:
        layer.self_attn.q_proj = plant(layer.self_attn.q_proj)
    return model


def test_a_layer_that_is_merged_the_wrong_way_round_is_found(monkeypatch):
    """Its adapter acts as `x A^T B^T`, its weight as `x W`: W + B A is another layer, and shapes do not tell."""
    add_tried_adapters(tiny_policy(), SMALL)
    real = adapter_merging._merged

    def transposed(layer, scale, weight, down, up):
        is_square = weight.shape[0] == weight.shape[1]
        return torch.addmm(weight, down.T, up.T, alpha=scale) if is_square else real(layer, scale, weight, down, up)

    monkeypatch.setattr(adapter_merging, "_merged", transposed)
    with pytest.raises(InputError, match=r"Qwen2ForCausalLM cannot be trained by adapters on .*q_proj.*merged, it is off by"):
        add_tried_adapters(tiny_policy(), SMALL)


def test_a_layer_stored_in_by_out_without_saying_so_is_refused():
    def plant(layer):
        square = Transposed(layer.in_features, layer.out_features, bias=False)
        assert square.weight.shape[0] == square.weight.shape[1]
        return square

    with pytest.raises(InputError, match=r"by adapters on q_proj \(merged, it is off by"):
        add_tried_adapters(with_planted(plant), SMALL)


def test_a_weight_that_is_read_past_its_adapter_is_refused():
    with pytest.raises(InputError, match=r"by adapters on layer \(merged, it is off by .* where the adapter changes 0\)"):
        add_tried_adapters(with_planted(ReadPast), SMALL)


def test_one_weight_in_two_layers_is_refused_if_both_have_an_adapter():
    model = tiny_policy()
    first, second = (layer.mlp.up_proj for layer in model.model.layers)
    second.weight = first.weight
    with pytest.raises(InputError, match=r"by adapters on up_proj \(one weight in model.layers.0.mlp.up_proj.weight and model"):
        add_tried_adapters(model, SMALL)


def test_layers_beside_the_list_that_are_never_called_are_refused():
    model = tiny_policy()
    model.model.unused = nn.Linear(4, 4)
    with pytest.raises(InputError, match=r"by adapters on unused \(never called\)"):
        add_tried_adapters(model, SMALL)


def test_a_layer_within_a_block_that_is_never_called_does_no_harm():
    model = add_tried_adapters(with_planted(Forgetful), SMALL)
    assert "model.layers.0.self_attn.q_proj.layer.lora_A.default.weight" in model.state_dict()


@pytest.mark.parametrize("kind", ["Qwen3Moe", "GPT2", "Gemma2"])
def test_the_trial_leaves_everything_as_it_was_to_the_bit(kind):
    torch.manual_seed(5)
    before = torch.get_rng_state()
    tried, untried = add_tried_adapters(tiny(kind).train(), SMALL), add_adapters(tiny(kind).train(), SMALL)
    assert torch.equal(torch.get_rng_state(), before)
    one, other = tried.state_dict(), untried.state_dict()
    assert one.keys() == other.keys()
    assert all(torch.equal(one[name], other[name]) and one[name].dtype == other[name].dtype for name in one)
    trained = [{name for name, p in model.named_parameters() if p.requires_grad} for model in (tried, untried)]
    assert trained[0] == trained[1]
    assert all(module.training for module in tried.modules())
    assert torch.equal(logits(tried), logits(untried))


def test_a_policy_in_bf16_keeps_its_dtype_and_its_rounding_is_no_fault():
    model = add_tried_adapters(tiny("Qwen3Moe").bfloat16(), SMALL)
    assert model.lm_head.weight.dtype == torch.bfloat16
    weights = dict(named_weights(move(model)))
    assert {value.dtype for value in weights.values()} == {torch.bfloat16}
    # W + 2 B A in fp32, rounded once.
    name, state = "model.layers.0.self_attn.o_proj", model.state_dict()
    w, a, b = (state[f"{name}.{part}"] for part in ("base_layer.weight", "lora_A.default.weight", "lora_B.default.weight"))
    assert torch.equal(weights[f"{name}.weight"], (w.float() + 2 * b @ a).bfloat16())


def test_the_trial_does_not_depend_on_torchs_default_dtype():
    """Lightning sets it while a policy is made in bf16: random numbers would then be bf16 beside fp32 weights."""
    model = tiny("GPT2")
    torch.set_default_dtype(torch.bfloat16)
    try:
        add_tried_adapters(model, SMALL)
    finally:
        torch.set_default_dtype(torch.float32)


def test_of_equal_layers_one_is_tried(monkeypatch):
    tried = []
    real = adapter_trial._at_fault
    monkeypatch.setattr(adapter_trial, "_at_fault", lambda layer, name, call: tried.append(name) or real(layer, name, call))
    add_tried_adapters(tiny("DeepseekV3", num_hidden_layers=4), SMALL)
    # The first is dense, the three others have experts.
    assert [name for name in tried if ".layers." in name] == ["model.layers.0", "model.layers.1"]
