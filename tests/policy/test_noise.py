"""Policies of many classes train on what they would write: whatever a number switches off is off in train mode."""

import json

import pytest
import torch
import transformers
from torch import nn
from torch.nn import functional

from asym_lit.policy.export import save_policy
from asym_lit.policy.loading import load_policy
from asym_lit.policy.noise import remove_noise
from asym_lit.types import InputError
from fakes import tiny_policy

COMMON = {
    "vocab_size": 64, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 32,
    "max_position_embeddings": 64, "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0, "initializer_range": 0.2,
}  # fmt: skip
GPT2 = {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 64, "resid_pdrop": 0.5, "embd_pdrop": 0.5, "attn_pdrop": 0.5}
MOE = {"num_key_value_heads": 2, "num_local_experts": 4}
BART = {
    "d_model": 32, "decoder_layers": 2, "decoder_attention_heads": 4, "decoder_ffn_dim": 32, "is_decoder": True, "dropout": 0.5,
    "attention_dropout": 0.5, "activation_dropout": 0.5, "decoder_layerdrop": 0.5, "decoder_start_token_id": 1,
}  # fmt: skip
OPT = {"ffn_dim": 32, "word_embed_proj_dim": 32, "dropout": 0.5, "attention_dropout": 0.5, "layerdrop": 0.5}
NOISY = {
    "OPT": OPT,
    "XGLM": {
        "d_model": 32, "num_layers": 2, "attention_heads": 4, "ffn_dim": 32, "dropout": 0.5, "attention_dropout": 0.5,
        "activation_dropout": 0.5, "layerdrop": 0.5,
    },
    "SeedOss": {"num_key_value_heads": 2, "head_dim": 8, "residual_dropout": 0.5, "attention_dropout": 0.5},
    "GPTBigCode": GPT2,
    "Falcon": {"hidden_dropout": 0.5, "attention_dropout": 0.5},
    "Persimmon": {"hidden_dropout": 0.5, "attention_dropout": 0.5},
    "GPTNeoXJapanese": {"hidden_dropout": 0.5, "attention_dropout": 0.5},
    "BioGpt": {"layerdrop": 0.5, "activation_dropout": 0.5, "hidden_dropout_prob": 0.5, "attention_probs_dropout_prob": 0.5},
    "Mixtral": {**MOE, "router_jitter_noise": 0.5, "attention_dropout": 0.5},
    "Bloom": {"n_head": 4, "n_layer": 2, "hidden_dropout": 0.5, "attention_dropout": 0.5},
    "CodeGen": {**GPT2, "rotary_dim": 4},
    "GPTJ": {**GPT2, "rotary_dim": 4},
    "Marian": BART,
    "Bart": BART,
    "ModernBertDecoder": {
        "mlp_dropout": 0.5, "embedding_dropout": 0.5, "attention_dropout": 0.5, "cls_token_id": 1, "sep_token_id": 2,
    },
    "Phi3": {"num_key_value_heads": 2, "resid_pdrop": 0.5, "embd_pdrop": 0.5, "attention_dropout": 0.5},
}  # fmt: skip
IDS = torch.tensor([[3, 9, 27, 17, 40, 5, 60, 11], [4, 8, 15, 16, 23, 42, 7, 2]])


def build(kind, numbers):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        config = getattr(transformers, f"{kind}Config")(**{**COMMON, **numbers})
        return getattr(transformers, f"{kind}ForCausalLM")(config).eval()


@torch.no_grad()
def logits(model, training=False):
    return model.train(training)(input_ids=IDS, use_cache=False).logits


@pytest.mark.parametrize("kind", NOISY)
def test_a_noisy_policy_scores_in_train_mode_as_in_eval_mode_and_its_config_is_saved_as_it_was(kind, tmp_path):
    model = build(kind, NOISY[kind])
    assert (logits(model, training=True) - logits(model)).abs().max() > 1e-2  # else the test could not fail
    model.save_pretrained(tmp_path / "before")
    loaded = load_policy(str(tmp_path / "before"))
    torch.testing.assert_close(logits(loaded), logits(model), rtol=0, atol=1e-6)
    for _ in range(4):
        torch.testing.assert_close(logits(loaded, training=True), logits(loaded), rtol=0, atol=0)
    save_policy(loaded, _NoTokenizer(), tmp_path / "after")
    before, after = (json.loads((tmp_path / name / "config.json").read_text()) for name in ("before", "after"))
    assert after == before


class _NoTokenizer:
    def save_pretrained(self, _directory):
        pass


def test_gradients_in_train_mode_are_those_of_eval_mode(tmp_path):
    build("OPT", OPT).save_pretrained(tmp_path)
    gradients = []
    for training in (False, True):
        model = load_policy(str(tmp_path)).train(training)
        model(input_ids=IDS, use_cache=False).logits.log_softmax(-1)[..., 5].sum().backward()
        gradients.append(model.get_input_embeddings().weight.grad)
    assert gradients[0].abs().max() > 1e-2
    torch.testing.assert_close(gradients[1], gradients[0], rtol=0, atol=0)


def test_a_router_that_samples_experts_is_refused_by_its_name():
    model = build("Phimoe", {**MOE, "router_jitter_noise": 0.01, "input_jitter_noise": 0.01})
    with pytest.raises(
        InputError, match=r"begins in model\.layers\.0\.mlp\.router .*eval mode reads router_jitter_noise=0\.01 too"
    ):
        remove_noise(model)
    router = model.model.layers[0].mlp.router
    assert (router.router_jitter_noise, router.input_jitter_noise) == (0.01, 0.0)


def test_a_policy_without_noise_keeps_its_config_and_every_number():
    model = tiny_policy()
    held = model.model.config
    remove_noise(model.eval())
    assert model.model.config is held is model.config
    assert not model.training


class Layer(nn.Module):
    """Stands in for a layer of a policy; what it does besides is written by a test."""

    def __init__(self, inner, beside):
        super().__init__()
        self.inner, self.beside = inner, beside

    def forward(self, hidden_states, *args, **kwargs):
        return self.beside(self, self.inner(hidden_states, *args, **kwargs))


def with_layer(beside, **numbers):
    model = tiny_policy().eval()
    layer = model.model.layers[1] = Layer(model.model.layers[1], beside)
    layer.__dict__.update(numbers)
    return model, layer


def test_numbers_of_any_name_with_drop_in_it_are_switched_off():
    model, layer = with_layer(
        lambda layer, x: functional.dropout(x, layer.my_residual_droprate, layer.training), my_residual_droprate=0.2
    )
    remove_noise(model)
    assert layer.my_residual_droprate == 0


def test_a_number_that_eval_mode_reads_is_left_alone():
    model, layer = with_layer(lambda layer, x: x * layer.noise_scale, noise_scale=0.5)
    remove_noise(model)
    assert layer.noise_scale == 0.5


def test_one_number_is_left_alone_while_another_is_switched_off():
    model, layer = with_layer(
        lambda layer, x: functional.dropout(x * layer.noise_scale, layer.droprate, layer.training),
        noise_scale=0.5,
        droprate=0.5,
    )
    remove_noise(model)
    assert (layer.noise_scale, layer.droprate) == (0.5, 0)


def test_a_rate_under_a_name_of_its_own_is_refused():
    model, _ = with_layer(lambda layer, x: functional.dropout(x, layer.rho, layer.training), rho=0.2)
    with pytest.raises(
        InputError, match=r"between train mode and eval mode .*model\.layers\.1 \(Layer\).*Allowed: policies that"
    ):
        remove_noise(model)
