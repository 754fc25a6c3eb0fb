"""Policies of many classes, tiny and random: their scores are those of their own logits, or they are refused in one line."""

from types import SimpleNamespace

import pytest
import torch
from torch import nn

from asym_lit.layouts import PaddedTokens
from asym_lit.policy.head_inputs import head_inputs
from asym_lit.policy.logit_shaping import LogitShaping
from asym_lit.policy.lora import LoRA, add_adapters
from asym_lit.policy.own_logits import read_head
from asym_lit.policy.token_scores import TokenScorer
from asym_lit.types import InputError, Needs
from fakes import full_scores, tiny_policy
from model_kinds import SPREAD

V = SPREAD["vocab_size"]
MAMBA = {"mamba_d_ssm": 32, "mamba_n_heads": 4, "mamba_d_head": 8, "mamba_d_state": 8, "mamba_n_groups": 1}
# Config, class, settings, and what the class does with its logits.
CLASSES = {
    "Gemma2": ("Gemma2Config", "Gemma2ForCausalLM", {"final_logit_softcapping": 3.0}, LogitShaping(cap=3.0)),
    "Gemma3": ("Gemma3TextConfig", "Gemma3ForCausalLM", {"final_logit_softcapping": 3.0}, LogitShaping(cap=3.0)),
    "Cohere": ("CohereConfig", "CohereForCausalLM", {"logit_scale": 0.3}, LogitShaping(0.3)),
    "Cohere2": ("Cohere2Config", "Cohere2ForCausalLM", {}, LogitShaping(0.0625)),
    "Granite": ("GraniteConfig", "GraniteForCausalLM", {"logits_scaling": 3.0}, LogitShaping(1 / 3)),
    "GraniteMoe": (
        "GraniteMoeConfig",
        "GraniteMoeForCausalLM",
        {"logits_scaling": 4.0, "num_local_experts": 4, "num_experts_per_tok": 2},
        LogitShaping(0.25),
    ),
    "FalconH1": ("FalconH1Config", "FalconH1ForCausalLM", {"lm_head_multiplier": 0.7, **MAMBA}, LogitShaping(0.7)),
    "GPT-2": ("GPT2Config", "GPT2LMHeadModel", {"n_embd": 32, "n_layer": 2, "n_head": 4}, LogitShaping()),
    "ModernBertDecoder": ("ModernBertDecoderConfig", "ModernBertDecoderForCausalLM", {}, LogitShaping()),
    "BERT": ("BertConfig", "BertLMHeadModel", {"is_decoder": True}, LogitShaping()),
    "RoBERTa": ("RobertaConfig", "RobertaForCausalLM", {"is_decoder": True}, LogitShaping()),
    "Electra": ("ElectraConfig", "ElectraForCausalLM", {"is_decoder": True, "embedding_size": 16}, LogitShaping()),
    "OPT": ("OPTConfig", "OPTForCausalLM", {"ffn_dim": 32, "word_embed_proj_dim": 16}, LogitShaping()),
}
BETWEEN = ("ModernBertDecoder", "BERT", "RoBERTa", "Electra")
IDS = torch.tensor([[5, 9, 7, 33, 42, 8, 12, 60], [11, 6, 40, 3, 3, 58, 29, 17]])
PROMPTS, MASK = torch.tensor([3, 4]), torch.tensor([[1.0, 1, 1, 1], [1, 1, 1, 0]])
NEEDS = Needs(entropy=True, top_n=3, rank1=True)


def policy(name, **changes):
    import transformers

    config, model, settings, _ = CLASSES[name]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return getattr(transformers, model)(getattr(transformers, config)(**{**SPREAD, **settings, **changes})).eval()


def own_scores(model, temperature):
    """From the model's own logits, all at once."""
    logits_BSV = model(input_ids=IDS).logits
    places_BT = (PROMPTS[:, None] + torch.arange(4)).clamp(max=7)
    rows = torch.arange(2)[:, None]
    return full_scores(logits_BSV[rows, places_BT - 1], IDS[rows, places_BT], MASK.to(logits_BSV.dtype), 3, temperature)


def gradients(model, scores):
    model.zero_grad()
    weights = torch.linspace(-1, 2, 4)
    ((scores.logprobs_BT + scores.topk_logprobs_BTK.sum(-1)) * weights).sum().backward()
    return {name: parameter.grad for name, parameter in model.named_parameters() if parameter.grad is not None}


@pytest.mark.parametrize("name", CLASSES)
def test_scores_and_gradients_are_those_of_the_policys_own_logits(name):
    dtype = torch.float32 if name == "GraniteMoe" else torch.float64  # torch multiplies no grouped matrices in fp64
    exact = 1e-5 if dtype == torch.float32 else 1e-10
    model = policy(name).to(dtype)
    scorer = TokenScorer(model)
    assert scorer.shaping.cap == CLASSES[name][3].cap
    assert scorer.shaping.scale == pytest.approx(CLASSES[name][3].scale, rel=1e-12)
    ours, full = scorer(PaddedTokens(IDS, PROMPTS), MASK, 0.7, NEEDS), own_scores(model, 0.7)
    # Rotary embeddings and some norms are computed in fp32 on both sides, in different batches of rows.
    for score in ("logprobs_BT", "entropy_BT", "topk_logprobs_BTK", "rank1_BT"):
        torch.testing.assert_close(getattr(ours, score), getattr(full, score), rtol=0, atol=exact)
    mine, theirs = gradients(model, ours), gradients(model, full)
    for parameter, gradient in theirs.items():
        torch.testing.assert_close(mine[parameter], gradient, rtol=0, atol=10 * exact, msg=parameter)


@pytest.mark.parametrize("name", BETWEEN)
def test_the_base_models_hidden_states_are_not_what_such_heads_are_given(name):
    model = policy(name)
    assert not read_head(model).is_direct
    plain = model.base_model(input_ids=IDS).last_hidden_state
    given = head_inputs(model, IDS)
    assert given.shape[-1] != plain.shape[-1] or (given - plain).abs().max() > 0.1
    torch.testing.assert_close(model.get_output_embeddings()(given), model(input_ids=IDS).logits)  # the head is itself again


@pytest.mark.parametrize("name", ["Gemma2", "Cohere", "ModernBertDecoder", "FalconH1", "GPT-2"])
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_a_policy_in_half_precision_is_read_as_in_full(name, dtype):
    whole, half = read_head(policy(name)), read_head(policy(name).to(dtype))
    assert half == whole


def test_a_policy_with_adapters_is_read_as_without():
    model = policy("Gemma2")
    reading = read_head(model)
    adapted = add_adapters(model, LoRA(r=2))
    for name, parameter in adapted.named_parameters():
        if "lora_B" in name:
            nn.init.normal_(parameter)
    assert read_head(adapted) == reading
    ours, full = TokenScorer(adapted)(PaddedTokens(IDS, PROMPTS), MASK, 1.0, NEEDS), own_scores(adapted, 1.0)
    torch.testing.assert_close(ours.logprobs_BT, full.logprobs_BT, rtol=0, atol=1e-5)


def test_reading_leaves_the_policy_and_the_random_numbers_as_they_were():
    model = tiny_policy()
    model.train()
    model.model.layers[0].eval()
    state, before = torch.get_rng_state(), [module.training for module in model.modules()]
    read_head(model)
    assert torch.equal(torch.get_rng_state(), state)
    assert [module.training for module in model.modules()] == before
    assert not any(module._forward_hooks for module in model.modules())
    assert all(parameter.grad is None for parameter in model.parameters())


def test_a_cap_in_the_config_of_a_class_that_has_none_is_not_computed():
    model = tiny_policy()
    model.config.final_logit_softcapping = model.config.logit_scale = 2.0
    assert read_head(model).shaping == LogitShaping()


class Bent(nn.Module):
    """A policy whose logits are bent, as a class of tomorrow might do it."""

    def __init__(self, bend, before=lambda hidden_BSH: hidden_BSH):
        super().__init__()
        self.model, self.bend, self.before = tiny_policy(vocabulary=V), bend, before
        self.config, self.base_model = self.model.config, self.model.base_model

    def get_output_embeddings(self):
        return self.model.lm_head

    def forward(self, input_ids, use_cache=False):
        hidden_BSH = self.base_model(input_ids=input_ids, use_cache=use_cache).last_hidden_state
        return SimpleNamespace(logits=self.bend(self.model.lm_head(self.before(hidden_BSH))))


@pytest.mark.parametrize(
    ("bend", "shaping"),
    [
        (lambda z: z, LogitShaping()),
        (lambda z: 3 * z, LogitShaping(3.0)),
        (lambda z: 30 * torch.tanh(z / 30), LogitShaping(cap=30.0)),
        (lambda z: 30 * torch.tanh(z / 7), LogitShaping(30 / 7, 30.0)),
        (lambda z: 2 * torch.tanh(z.float() / 2), LogitShaping(cap=2.0)),
        (lambda z: z[..., :50], LogitShaping(vocabulary=50)),
        (lambda z: 0.5 * z[..., :50], LogitShaping(0.5, None, 50)),
    ],
    ids=["plain", "scale", "cap", "scale and cap", "cap in fp32", "fewer tokens", "scale, fewer tokens"],
)
def test_what_a_class_does_with_its_logits_is_measured_and_not_looked_up(bend, shaping):
    found = read_head(Bent(bend)).shaping
    assert (found.cap, found.vocabulary) == (shaping.cap, shaping.vocabulary)
    assert found.scale == pytest.approx(shaping.scale, rel=1e-6)


@pytest.mark.parametrize(
    "bend",
    [
        lambda z: z.clamp(-20, 20),
        lambda z: 30 * z / (30 + z.abs()),
        lambda z: z + torch.linspace(0, 0.01, z.shape[-1]),
        lambda z: z * torch.linspace(1, 1.01, z.shape[-1]),
        lambda z: z.roll(1, -1),
        lambda z: torch.cat([z, z], -1),
        lambda z: z - 0.01 * z.square().clamp(max=1),
    ],
    ids=["clamp", "another cap", "bias", "scale by token", "other tokens", "more tokens", "a little"],
)
def test_logits_that_cannot_be_computed_in_tiles_are_refused_by_name(bend):
    with pytest.raises(InputError, match=r"is a Bent, which does more with the logits .* nats off .*Allowed: .*another class"):
        read_head(Bent(bend))


def test_how_far_off_is_said_in_nats():
    """Half of the logits are moved by 5.6; the log-probs move by less, for so does the normaliser."""

    def bend(z):
        return z + 5.6 * (torch.arange(V) % 2)

    with pytest.raises(InputError, match=r"up to [45]\.\d+ nats off"):
        read_head(Bent(bend))


def test_hidden_states_changed_before_the_head_are_followed():
    bent = Bent(lambda z: z, before=lambda hidden_BSH: hidden_BSH.square() / 2)
    assert not read_head(bent).is_direct
    expected = bent.before(bent.base_model(input_ids=IDS).last_hidden_state)
    torch.testing.assert_close(head_inputs(bent, IDS), expected, rtol=0, atol=0)


def test_a_head_that_is_no_module_of_the_forward_pass_is_refused():
    class Unused(Bent):
        def forward(self, input_ids, use_cache=False):
            hidden_BSH = self.base_model(input_ids=input_ids).last_hidden_state
            return SimpleNamespace(logits=hidden_BSH @ self.model.lm_head.weight.T)

    with pytest.raises(InputError, match=r"is a Unused, which does not give its LM head one hidden state .*Allowed"):
        read_head(Unused(None))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_policy_that_reads_later_tokens_is_refused(dtype):
    model = policy("BERT", is_decoder=False).to(dtype)
    with pytest.raises(InputError, match=r"BertLMHeadModel, whose hidden states hang on later tokens.*is_decoder: true"):
        read_head(model)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_rounding_does_not_hide_that_a_policy_reads_later_tokens(dtype):
    """Its first two tokens move by 0.012 of the largest number with others behind them, where a bit of bf16 is 0.008."""
    from transformers import AutoModelForCausalLM, XLNetConfig

    def xlnet(reads):
        torch.manual_seed(0)
        sizes = {"vocab_size": 99, "d_model": 32, "n_layer": 2, "n_head": 4, "d_inner": 48, "dropout": 0.0}
        ends = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 1}
        return AutoModelForCausalLM.from_config(XLNetConfig(**sizes, **ends, attn_type=reads)).to(dtype).eval()

    both = xlnet("bi")
    before = {name: (value, value.clone()) for name, value in both.state_dict().items()}
    with pytest.raises(InputError, match="XLNetLMHeadModel, whose hidden states hang on later tokens"):
        read_head(both)
    for name, value in both.state_dict().items():
        assert value.data_ptr() == before[name][0].data_ptr() and torch.equal(value, before[name][1])
    read_head(xlnet("uni"))


def test_a_policy_whose_forward_pass_fails_is_refused_with_its_words():
    class Failing(Bent):
        def forward(self, input_ids, use_cache=False):
            raise ValueError("pixel_values are missing\nand more")

    with pytest.raises(InputError, match=r"is a Failing, whose .* fails with ValueError: pixel_values are missing\. Allowed"):
        read_head(Failing(None))


def test_weights_that_are_no_numbers_are_refused():
    model = tiny_policy()
    model.model.norm.weight.data[0] = torch.nan
    with pytest.raises(InputError, match=r"a Qwen2ForCausalLM, which answers with other logits .* up to nan nats off"):
        read_head(model)


def test_a_head_that_multiplies_otherwise_than_its_weight_says_is_refused():
    class Normed(nn.Linear):
        def forward(self, hidden_BSH):
            return nn.functional.linear(hidden_BSH, nn.functional.normalize(self.weight))

    bent = Bent(lambda z: z)
    head = Normed(16, V, bias=False)
    head.load_state_dict(bent.model.lm_head.state_dict())
    bent.model.lm_head = head
    with pytest.raises(InputError, match=r"is a Bent, which answers with other logits than its LM head: .* nats off"):
        read_head(bent)
