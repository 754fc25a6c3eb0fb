"""Gradients that head and embedding add to `.grad` themselves are those that autograd would have added."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from transformers import LlamaConfig, LlamaForCausalLM

from asym_lit.layouts import PaddedTokens
from asym_lit.policy.gradient_places import AddingEmbedding
from asym_lit.policy.token_scores import TokenScorer
from asym_lit.types import Needs


def scorer_of(tied: bool, padding: int | None, adds: bool, dtype: torch.dtype = torch.float64) -> TokenScorer:
    torch.manual_seed(0)
    sizes: dict[str, Any] = {"hidden_size": 16, "num_hidden_layers": 1, "intermediate_size": 24, "num_attention_heads": 2}
    config = LlamaConfig(**sizes, vocab_size=40, pad_token_id=padding, tie_word_embeddings=tied)
    scorer = TokenScorer(LlamaForCausalLM(config).to(dtype))
    if adds:
        scorer.add_gradients_in_place()
    return scorer


def gradients(scorer: TokenScorer, passes: int = 2) -> dict[str, Tensor]:
    """By every weight, of the same loss in so many micro-batches."""
    mask_BT = torch.ones(2, 3)
    for number in range(passes):
        tokens = PaddedTokens(torch.tensor([[3, 7, 7, 1, 9], [0, 2 + number, 7, 5, 0]]), torch.tensor([2, 2]))
        scores = scorer(tokens, mask_BT, 1.0, Needs(entropy=True, entropy_gradient=True))
        assert scores.entropy_BT is not None
        (scores.logprobs_BT.sum() + 0.1 * scores.entropy_BT.sum()).backward()
    return {name: weight.grad.clone() for name, weight in scorer.named_parameters() if weight.grad is not None}


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("padding", [None, 0])
def test_added_gradients_are_those_of_autograd(tied: bool, padding: int | None):
    plain, added = gradients(scorer_of(tied, padding, adds=False)), gradients(scorer_of(tied, padding, adds=True))
    assert plain.keys() == added.keys()
    for name in plain:
        torch.testing.assert_close(added[name], plain[name], rtol=1e-12, atol=1e-14)


def test_autograd_is_handed_no_gradient_of_a_weight_that_has_its_own(monkeypatch: pytest.MonkeyPatch):
    scorer = scorer_of(tied=True, padding=None, adds=True)
    gradients(scorer, passes=1)
    weight = scorer.model.get_input_embeddings().weight
    kept = weight.grad
    gradients(scorer, passes=1)
    assert weight.grad is kept  # the second micro-batch adds to the tensor of the first


def test_a_weight_with_a_hook_is_left_to_autograd():
    scorer = scorer_of(tied=True, padding=None, adds=True)
    seen: list[Tensor] = []
    scorer.model.get_input_embeddings().weight.register_hook(lambda gradient: seen.append(gradient.clone()))
    found = gradients(scorer, passes=1)
    plain = gradients(scorer_of(tied=True, padding=None, adds=False), passes=1)
    assert len(seen) == 1
    torch.testing.assert_close(found, plain)


def test_a_frozen_weight_gets_no_gradient():
    scorer = scorer_of(tied=True, padding=None, adds=True)
    scorer.model.get_input_embeddings().weight.requires_grad_(False)
    names = gradients(scorer)
    assert "model.model.embed_tokens.weight" not in names
    assert "model.model.layers.0.mlp.up_proj.weight" in names


def test_half_precision_rounds_no_more_often_than_autograd_does():
    plain = gradients(scorer_of(True, None, adds=False, dtype=torch.bfloat16))
    added = gradients(scorer_of(True, None, adds=True, dtype=torch.bfloat16))
    exact = gradients(scorer_of(True, None, adds=False))
    name = "model.model.embed_tokens.weight"
    far = [(one[name].double() - exact[name]).abs().max() for one in (added, plain)]
    assert far[0] < 2 * far[1]


def test_embeddings_with_rules_of_their_own_keep_them():
    torch.manual_seed(0)
    embedding = nn.Embedding(5, 3, scale_grad_by_freq=True)
    embedding(torch.tensor([1, 1, 2])).sum().backward()
    expected = embedding.weight.grad
    embedding.weight.grad = None
    embedding.__class__ = AddingEmbedding
    embedding(torch.tensor([1, 1, 2])).sum().backward()
    torch.testing.assert_close(embedding.weight.grad, expected)
