"""A row's log-probs do not depend on the rows beside it, whatever its rotary frequencies hang on."""

import json

import pytest
import torch
import transformers

from asym_lit.layouts import PaddedTokens
from asym_lit.policy.export import named_weights, save_policy
from asym_lit.policy.frequencies import fix_frequencies
from asym_lit.policy.loading import load_policy
from asym_lit.policy.token_scores import TokenScorer
from asym_lit.rollout.engine import EngineHost, Request
from asym_lit.rollout.hf_engine import HFEngine
from asym_lit.types import InputError, Needs, Sampling
from fakes import make_prompt, tiny_policy

PRETRAINED, CONTEXT = 16, 64
SIZES = {
    "vocab_size": 32, "hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4,
    "num_key_value_heads": 2, "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0, "initializer_range": 0.5,
}  # fmt: skip
FACTORS = {"short_factor": [1.0, 1.1, 1.2, 1.3], "long_factor": [2.0, 4.0, 6.0, 8.0]}  # one for each pair of a head of 8
LONGROPE = {
    **SIZES, "max_position_embeddings": CONTEXT, "original_max_position_embeddings": PRETRAINED,
    "rope_parameters": {"rope_type": "longrope", "rope_theta": 1e4, "original_max_position_embeddings": PRETRAINED, **FACTORS},
}  # fmt: skip
DYNAMIC = {
    **SIZES, "max_position_embeddings": PRETRAINED,
    "rope_parameters": {"rope_type": "dynamic", "rope_theta": 1e4, "factor": 4.0},
}  # fmt: skip
KINDS = {"Phi3": LONGROPE, "Llama": DYNAMIC}
SHORT, LONG = [3, 9, 27, 17, 14, 5, 30, 11], [(5 * i + 3) % 29 + 3 for i in range(40)]
pytestmark = pytest.mark.filterwarnings("ignore:The policy's rotary frequencies")


def save(kind, folder):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        config = getattr(transformers, f"{kind}Config")(**KINDS[kind])
        getattr(transformers, f"{kind}ForCausalLM")(config).save_pretrained(folder)
    return str(folder)


@torch.no_grad()
def logprobs(model, *rows):
    """Of each row's tokens after the first two, beside the others."""
    width = max(map(len, rows))
    ids_BS = torch.tensor([row + [0] * (width - len(row)) for row in rows])
    mask_BT = torch.tensor([[1.0] * (len(row) - 2) + [0.0] * (width - len(row)) for row in rows])
    lengths_B = torch.tensor([2] * len(rows))
    scores = TokenScorer(model)(PaddedTokens(ids_BS, lengths_B), mask_BT, 1.0, Needs()).logprobs_BT
    return [scores[i, : len(row) - 2] for i, row in enumerate(rows)]


@pytest.mark.parametrize("kind", KINDS)
def test_a_short_row_scores_the_same_alone_and_beside_a_long_one(kind, tmp_path):
    where = save(kind, tmp_path)
    plain = transformers.AutoModelForCausalLM.from_pretrained(where)
    # In this order: transformers leaves `dynamic` at the longest row it ever saw, until a short one resets it.
    moved = (logprobs(plain, SHORT)[0] - logprobs(plain, SHORT, LONG)[0]).abs().max()
    assert moved > 0.05  # else the test could not fail
    model = load_policy(where, longest=len(LONG))
    alone, beside = logprobs(model, SHORT)[0], logprobs(model, SHORT, LONG)
    torch.testing.assert_close(beside[0], alone, rtol=0, atol=1e-5)
    torch.testing.assert_close(beside[1], logprobs(model, LONG)[0], rtol=0, atol=1e-5)
    torch.testing.assert_close(logprobs(model, SHORT)[0], alone, rtol=0, atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_rows_of_the_length_that_was_told_score_as_transformers_scores_them(kind, tmp_path):
    where = save(kind, tmp_path)

    def plain(row):
        return logprobs(transformers.AutoModelForCausalLM.from_pretrained(where), row)[0]

    torch.testing.assert_close(logprobs(load_policy(where, longest=40), LONG)[0], plain(LONG), rtol=0, atol=1e-5)
    torch.testing.assert_close(logprobs(load_policy(where, longest=PRETRAINED), SHORT)[0], plain(SHORT), rtol=0, atol=1e-5)
    torch.testing.assert_close(logprobs(load_policy(where), SHORT)[0], plain(SHORT), rtol=0, atol=1e-5)
    assert (logprobs(load_policy(where, longest=PRETRAINED + 1), SHORT)[0] - plain(SHORT)).abs().max() > 1e-3


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shared", [True, False])
def test_generation_and_scoring_agree_on_both_sides_of_the_pretrained_length(kind, shared, tmp_path):
    where = save(kind, tmp_path)
    model = load_policy(where, longest=40).train()
    engine = HFEngine()
    live = (where, model if shared else None, torch.device("cpu"), torch.float32, frozenset({31}), 0)
    engine.start(EngineHost(*live, load=lambda: load_policy(where, longest=40)))
    engine.sync(named_weights(model), 0)
    requests = [Request(make_prompt(row, uid=str(i)), i, seed=i) for i, row in enumerate((SHORT, LONG[:14]))]
    groups = list(engine.generate(requests, Sampling(n=3, max_tokens=26)))  # 14 + 26 = 40
    rollouts = [rollout for group in groups for rollout in group]
    assert max(len(r.prompt.token_ids) + len(r.token_ids) for r in rollouts) > 2 * PRETRAINED
    for rollout in rollouts:
        prompt = list(rollout.prompt.token_ids)
        ours = logprobs(model, [*prompt, *rollout.token_ids])[0][len(prompt) - 2 :]
        torch.testing.assert_close(ours, torch.tensor(rollout.logprobs), rtol=0, atol=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_the_saved_config_says_what_it_said(kind, tmp_path):
    where = save(kind, tmp_path / "before")
    save_policy(load_policy(where, longest=40), _NoTokenizer(), tmp_path / "after")
    before, after = (json.loads((tmp_path / name / "config.json").read_text()) for name in ("before", "after"))
    assert after == before
    torch.testing.assert_close(
        logprobs(load_policy(str(tmp_path / "after"), longest=40), LONG)[0], logprobs(load_policy(where, longest=40), LONG)[0]
    )


class _NoTokenizer:
    def save_pretrained(self, _directory):
        pass


@pytest.mark.parametrize("kind", KINDS)
def test_a_row_longer_than_was_told_is_refused(kind, tmp_path):
    model = load_policy(save(kind, tmp_path))
    logprobs(model, LONG[:PRETRAINED])
    with pytest.raises(InputError, match=r"A row of 17 tokens is longer than 16, .*Write a smaller max_tokens"):
        logprobs(model, LONG[: PRETRAINED + 1])


def test_the_choice_is_said(tmp_path):
    where = save("Phi3", tmp_path)
    with pytest.warns(UserWarning, match=r"\(longrope\) are fixed to those of rows of up to 16 tokens: transformers would"):
        load_policy(where, longest=16)
    with pytest.warns(UserWarning, match=r"\(longrope\) are fixed to those of rows beyond 16 tokens, for rows have up to 40"):
        load_policy(where, longest=40)


def test_kinds_of_layers_are_fixed_each_by_itself():
    config = transformers.Gemma3TextConfig(
        **{**SIZES, "head_dim": 8, "max_position_embeddings": PRETRAINED, "sliding_window": 8, "num_hidden_layers": 2},
        layer_types=["sliding_attention", "full_attention"],
        rope_parameters={
            "sliding_attention": {"rope_type": "default", "rope_theta": 1e4},
            "full_attention": {"rope_type": "dynamic", "rope_theta": 1e4, "factor": 4.0},
        },
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = transformers.Gemma3ForCausalLM(config).eval()
    fix_frequencies(model, longest=40)
    assert model.model.rotary_emb.rope_type == {"sliding_attention": "default", "full_attention": "fixed"}
    torch.testing.assert_close(logprobs(model, SHORT, LONG)[0], logprobs(model, SHORT)[0], rtol=0, atol=1e-5)


def test_other_frequencies_are_left_alone(recwarn):
    model = tiny_policy()
    before = model.model.rotary_emb.inv_freq.clone()
    fix_frequencies(model, longest=10_000)
    assert model.model.rotary_emb.rope_type == "default"
    assert torch.equal(model.model.rotary_emb.inv_freq, before)
    assert not [w for w in recwarn if "rotary" in str(w.message)]


def test_a_model_that_chooses_by_itself_is_refused():
    scales = {**LONGROPE["rope_parameters"], "short_mscale": 1.0, "long_mscale": 1.2}
    config = transformers.PhimoeConfig(**{**LONGROPE, "rope_parameters": scales, "num_local_experts": 4})
    with pytest.raises(
        InputError, match=r"PhimoeRotaryEmbedding \(longrope\) chooses by the longest row of a batch in a way of"
    ):
        fix_frequencies(transformers.PhimoeForCausalLM(config))
