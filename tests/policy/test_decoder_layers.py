"""Decoder layers are found whatever a class calls them, and what is measured of a few is drawn out to all."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.distributed import HashStore, destroy_process_group, init_process_group
from torch.distributed.device_mesh import init_device_mesh

from asym_lit.layouts import PaddedTokens
from asym_lit.policy.decoder_layers import decoder_layers, drawn_out
from asym_lit.policy.lora import LoRA, add_adapters
from asym_lit.policy.token_scores import TokenScorer
from asym_lit.sharding.loading import shard
from asym_lit.types import Needs
from fakes import tiny_policy
from model_kinds import tiny
from tiny_classes import tiny as tiny_class


@pytest.mark.parametrize(
    ("model", "where"),
    [
        (lambda: tiny_policy(), "model.layers"),
        (lambda: tiny("GPT2"), "transformer.h"),
        (lambda: tiny("OPT"), "model.decoder.layers"),
        (lambda: tiny("GPTNeoX"), "gpt_neox.layers"),
        (lambda: tiny("Llama4Text"), "model.layers"),  # its base_model is itself
        (lambda: tiny("Qwen3Moe"), "model.layers"),
        (lambda: tiny_class("Mamba"), "backbone.layers"),
        (lambda: tiny_class("Bloom"), "transformer.h"),
        (lambda: add_adapters(tiny("GPT2"), LoRA(r=2)), "transformer.h"),
    ],
)
def test_the_layers_of_a_policy_are_those_of_its_class(model, where):
    policy = model()
    assert decoder_layers(policy) is policy.get_submodule(where)
    assert len(decoder_layers(policy)) == 2


def test_of_several_lists_the_one_with_most_weights_is_taken_and_lists_within_layers_are_part_of_them():
    model = nn.Module()
    model.gates = nn.ModuleList([nn.Linear(1, 1) for _ in range(9)])
    model.inner = nn.Module()
    model.inner.blocks = nn.ModuleList([nn.Sequential(nn.ModuleList([nn.Linear(50, 50)])) for _ in range(2)])
    assert decoder_layers(model) is model.inner.blocks
    assert len(decoder_layers(nn.Linear(2, 2))) == 0


class Stack(nn.Module):
    """Layers of these sizes, and ten weights outside."""

    def __init__(self, sizes):
        super().__init__()
        self.config = type("Config", (), {})()
        self.outside = nn.Linear(10, 1, bias=False)
        self.layers = nn.ModuleList([nn.Linear(size, 1, bias=False) for size in sizes])


@pytest.mark.parametrize(
    ("sizes", "read"),
    [
        ([3] * 30, [1, 2]),  # layers of one kind
        ([3, 3, 3, 7] * 8, [1, 2, 3, 4]),  # every fourth layer is another
        ([7, 3, 3, 3, 3], [1, 2]),  # a first one of its own
        ([5], [1]),
        ([], [0]),
    ],
)
def test_what_is_measured_of_the_first_layers_is_drawn_out_to_all(sizes, read):
    seen = []

    def measure(model):
        seen.append(len(model.layers))
        return sum(value.numel() for value in model.parameters())

    assert drawn_out(lambda: Stack(sizes), measure) == 10 + sum(sizes)
    assert sorted(seen) == read


@pytest.fixture
def mesh():
    init_process_group("gloo", store=HashStore(), rank=0, world_size=1)
    yield init_device_mesh("cpu", (1,))
    destroy_process_group()


@pytest.mark.parametrize(
    "make", [lambda: tiny("GPT2"), lambda: tiny("OPT"), lambda: tiny_class("Mamba"), lambda: tiny("Llama4Text")]
)
def test_a_policy_of_any_class_is_sharded_layer_by_layer_and_scores_as_whole(mesh, make):
    from torch.distributed.fsdp import FSDPModule

    whole, sharded = (TokenScorer(make().requires_grad_(True)) for _ in range(2))
    shard(sharded, mesh, torch.float32)
    assert all(isinstance(layer, FSDPModule) for layer in decoder_layers(sharded.model))
    ids_BS = torch.arange(3, 33).reshape(2, 15)
    tokens = PaddedTokens(ids_BS, torch.tensor([5, 6]))
    scores = [scorer(tokens, torch.ones(2, 8), 1.0, Needs()).logprobs_BT for scorer in (whole, sharded)]
    torch.testing.assert_close(scores[1], scores[0], rtol=0, atol=1e-6)
    for score in scores:
        score.sum().backward()
    for (name, ours), theirs in zip(whole.named_parameters(), sharded.parameters(), strict=True):
        if ours.grad is not None:
            torch.testing.assert_close(theirs.grad.full_tensor(), ours.grad, rtol=0, atol=1e-5, msg=name)
