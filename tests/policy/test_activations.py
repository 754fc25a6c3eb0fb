import pytest
import torch

from asym_lit.policy.activations import MicroBatchShape, activation_bytes, tiles_of
from asym_lit.policy.token_scores import CHUNK_ELEMENTS
from asym_lit.types import Needs
from fakes import tiny_policy

SHAPE, SMALL = MicroBatchShape(rows=8, prompt=8, response=24), MicroBatchShape(rows=2, prompt=6, response=10)


def config_of(layers: int):
    config = tiny_policy(vocabulary=500).config
    config.num_hidden_layers, config.layer_types = layers, ["full_attention"] * layers
    return config


def taken(layers: int = 4, shape: MicroBatchShape = SHAPE, **changes) -> int:
    return activation_bytes(config_of(layers), torch.float32, shape, Needs(), **changes)


def test_each_further_layer_takes_as_much():
    assert taken(6) - taken(5) == taken(5) - taken(4) > 0


def test_layers_count_where_the_head_is_the_peak_of_few():
    """20,000 x 16 numbers of a tied head's two gradients hide what a few layers keep, and not what sixty do."""

    def of_layers(layers: int) -> int:
        config = config_of(layers)
        config.vocab_size, config.tie_word_embeddings = 20_000, True
        return activation_bytes(config, torch.float32, SMALL, Needs())

    one, two, most, further = of_layers(1), of_layers(2), of_layers(60), taken(5, SMALL) - taken(4, SMALL)
    assert one == two
    assert most - one > 25 * further  # 60 of them, less what the head's own gradient took alone


def test_a_layer_keeps_at_least_what_its_products_need():
    """Inputs of the seven products of a layer: 16 numbers for q, k, v; 16 for o; 16 for gate and up; 16 for down."""
    tokens = SHAPE.rows * SHAPE.width
    assert taken(5) - taken(4) >= 4 * tokens * (16 + 16 + 16 + 16)


def test_with_checkpointing_a_layer_keeps_its_input_alone():
    """16 numbers of 4 bytes for each token, beside the gradient of its weights, which is made anew each time."""
    kept = taken(5, gradient_checkpointing=True) - taken(4, gradient_checkpointing=True)
    assert kept == 4 * SHAPE.rows * SHAPE.width * 16


def test_twice_the_rows_take_about_twice_as_much():
    double = taken(shape=MicroBatchShape(16, 8, 24))
    assert 1.7 < double / taken() < 2.0  # the tile of logits and the gradient of the head do not grow


@pytest.mark.parametrize(("needs", "buffers"), [(Needs(), 1), (Needs(entropy=True), 2)])
def test_logits_take_a_tile_whatever_the_tokens(needs, buffers):
    config = config_of(1)
    config.vocab_size = 151_936
    few, many = (tiles_of(config, tokens, needs, is_gpu=False).bytes for tokens in (20_000, 200_000))
    assert few == many
    assert 0.95 * buffers * 4 * CHUNK_ELEMENTS < few <= buffers * 4 * CHUNK_ELEMENTS  # bytes of fp32
    assert tiles_of(config, 20_000, needs, is_gpu=True).bytes > 7 * few


@pytest.mark.parametrize("name", ["final_logit_softcapping", "logits_soft_cap", "output_logit_soft_cap"])
def test_a_soft_cap_of_the_logits_takes_a_tile_more(name):
    config = config_of(1)
    plain = tiles_of(config, 20_000, Needs(), is_gpu=False).bytes
    setattr(config, name, None)
    assert tiles_of(config, 20_000, Needs(), is_gpu=False).bytes == plain
    setattr(config, name, 30.0)
    config.attn_logit_softcapping = 50.0  # of attention: no logits of tokens
    assert tiles_of(config, 20_000, Needs(), is_gpu=False).bytes == 2 * plain
    delattr(config, name)
    assert tiles_of(config, 20_000, Needs(), is_gpu=False).bytes == plain


def test_tokens_that_the_tokenizer_does_not_know_take_nothing():
    config = config_of(1)
    few, all_of_them = (tiles_of(config, 100, Needs(), False, vocabulary) for vocabulary in (300, None))
    assert (few.width, all_of_them.width) == (300, 500)
    assert tiles_of(config, 100, Needs(), False, 501) == all_of_them
