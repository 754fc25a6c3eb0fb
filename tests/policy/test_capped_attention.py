import pytest
import torch

from asym_lit.policy.capped_attention import cap_attention
from asym_lit.policy.loading import load_policy
from model_kinds import tiny

IDS = torch.arange(3, 19)[None]


def logprobs(model):
    with torch.no_grad():
        return model(input_ids=IDS, use_cache=False).logits.log_softmax(-1)


def capped(cap):
    model = tiny("Gemma2", attn_logit_softcapping=cap, initializer_range=0.5)
    model.set_attn_implementation("eager")
    return model


def test_attention_is_capped_where_a_kernel_without_caps_was_chosen():
    """As transformers 5.19 does for Gemma 2; that kernel leaves the cap out, and raises an error from 5.24 on."""
    model = capped(1.0)
    expected = logprobs(model)
    assert (logprobs(capped(None)) - expected).abs().max() > 1e-3  # what it would have computed
    model.config._attn_implementation = "sdpa"
    cap_attention(model)
    assert torch.equal(logprobs(model), expected)


def test_attention_without_a_cap_keeps_its_kernel():
    model = capped(None)
    model.config._attn_implementation = "sdpa"
    cap_attention(model)
    assert model.config._attn_implementation == "sdpa"


@pytest.mark.parametrize("cap", [1.0, None])
def test_a_loaded_policy_scores_as_it_is_defined(tmp_path, cap):
    model = capped(cap)
    model.save_pretrained(tmp_path)
    torch.testing.assert_close(logprobs(load_policy(str(tmp_path)).eval()), logprobs(model), rtol=0, atol=1e-5)
