import pytest
import torch
from torch import nn

from asym_lit.layouts import PaddedTokens
from asym_lit.policy.characters import character_tokenizer
from asym_lit.policy.export import named_weights, save_policy
from asym_lit.policy.loading import load_policy
from asym_lit.policy.lora import AdapterOff, LoRA, add_adapters, without_adapters
from asym_lit.policy.token_scores import TokenScorer
from asym_lit.types import InputError, Needs
from fakes import tiny_policy

IDS = torch.tensor([[3, 4, 5, 6]])


def adapted(moved: float = 0.0, **changes):
    """A tiny policy with adapters, B at `moved` times noise."""
    model = add_adapters(tiny_policy(**changes), LoRA(r=2, alpha=6))
    generator = torch.Generator().manual_seed(1)
    for name, parameter in model.named_parameters():
        if "lora_B" in name:
            parameter.data = moved * torch.randn(parameter.shape, generator=generator)
    return model


def logits(model):
    with torch.no_grad():
        return model(IDS).logits


@pytest.mark.parametrize("tied", [False, True], ids=["own head", "tied head"])
def test_fresh_adapters_change_nothing(tied):
    assert torch.equal(logits(adapted(tied=tied)), logits(tiny_policy(tied=tied)))
    plain, weights = tiny_policy(tied=tied).state_dict(), dict(named_weights(adapted(tied=tied)))
    assert weights.keys() == plain.keys()
    assert all(torch.equal(weights[name], plain[name]) for name in plain)


def test_only_adapters_are_trained_and_they_stay_in_fp32():
    model = add_adapters(tiny_policy().bfloat16(), LoRA(r=2))
    trained = {name: p for name, p in model.named_parameters() if p.requires_grad}
    # Seven linear layers in each of two layers, A and B each.
    assert len(trained) == 28
    assert all(".lora_" in name and p.dtype == torch.float32 for name, p in trained.items())
    assert model.lm_head.weight.dtype == torch.bfloat16


def test_merged_weights_are_w_plus_alpha_over_r_b_a():
    model = adapted(moved=0.3)
    weights, before = dict(named_weights(model)), {k: v.clone() for k, v in model.state_dict().items()}
    name = "model.layers.0.mlp.up_proj"
    w, a, b = (before[f"{name}.{part}"] for part in ("base_layer.weight", "lora_A.default.weight", "lora_B.default.weight"))
    torch.testing.assert_close(weights[f"{name}.weight"], w + 6 / 2 * b @ a)
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())


def test_a_policy_saved_with_adapters_loads_without_them(tmp_path):
    model = adapted(moved=0.3)
    save_policy(model, character_tokenizer(64), tmp_path / "merged")
    torch.testing.assert_close(logits(load_policy(str(tmp_path / "merged"))), logits(model), rtol=0, atol=1e-4)
    assert (logits(model) - logits(tiny_policy())).abs().max() > 0.1


def test_with_adapters_off_the_policy_is_its_own_reference():
    model = adapted(moved=0.3)
    moved = logits(model)
    with without_adapters(model):
        assert torch.equal(logits(model), logits(tiny_policy()))
    assert torch.equal(logits(model), moved)


def test_the_reference_is_the_scorer_without_adapters():
    arguments = (PaddedTokens(IDS, torch.tensor([2])), torch.ones(1, 2), 1.0, Needs())
    with torch.no_grad():
        found = AdapterOff(TokenScorer(adapted(moved=0.3)))(*arguments).logprobs_BT
        assert torch.equal(found, TokenScorer(tiny_policy())(*arguments).logprobs_BT)


def test_adapters_are_switched_on_again_after_a_fault():
    model = adapted(moved=0.3)
    moved = logits(model)
    with pytest.raises(KeyError, match="x"), without_adapters(model):
        raise KeyError("x")
    assert torch.equal(logits(model), moved)


def test_the_start_is_the_same_each_time_and_leaves_the_global_generator_alone():
    state = torch.get_rng_state()
    one, other = adapted().state_dict(), adapted().state_dict()
    assert torch.equal(torch.get_rng_state(), state)
    name = "model.layers.1.mlp.up_proj.lora_A.default.weight"
    assert torch.equal(one[name], other[name])
    assert one[name].abs().sum() > 0


def test_only_the_named_layers_get_an_adapter():
    model = add_adapters(tiny_policy(), LoRA(r=2, target_modules=["q_proj", "v_proj"]))
    found = {name.split(".")[-4] for name, p in model.named_parameters() if p.requires_grad}
    assert found == {"q_proj", "v_proj"}
    assert isinstance(model.model.layers[0].mlp.up_proj, nn.Linear)


@pytest.mark.parametrize("names", [["q_proj", "w_q"], []])
def test_layers_that_are_not_there_are_named(names):
    with pytest.raises(InputError, match=r"target_modules names .*'q_proj'"):
        add_adapters(tiny_policy(), LoRA(target_modules=names))


def test_adapters_on_the_head_are_refused():
    with pytest.raises(InputError, match=r"names \['lm_head'\].*all but the LM head"):
        add_adapters(tiny_policy(), LoRA(target_modules=["lm_head"]))


@pytest.mark.parametrize(("changes", "words"), [({"r": 0}, r"lora\.r is 0"), ({"alpha": 0.0}, r"lora\.alpha is 0")])
def test_settings_out_of_range_are_refused(changes, words):
    with pytest.raises(InputError, match=words):
        LoRA(**changes)
