import pytest
import torch
from torch.optim import SGD, Adafactor, AdamW

from asym_lit.policy.lora import LoRA, add_adapters
from asym_lit.policy.size import measure_policy, optimizer_bytes
from fakes import tiny_policy


@pytest.mark.parametrize("tied", [False, True], ids=["own head", "tied head"])
def test_weights_are_counted_without_loading_them(tied):
    model = tiny_policy(tied=tied)
    size = measure_policy(model.config, torch.bfloat16)
    assert size.weights == size.trained == sum(p.numel() for p in model.parameters())
    assert size.weight_bytes == size.trained_bytes == 2 * size.weights
    assert size.layer == sum(p.numel() for p in model.model.layers[0].parameters())
    assert size.layers == 2
    assert size.outside == size.weights - 2 * size.layer


def test_adapters_are_what_is_trained_and_take_four_bytes():
    model = add_adapters(tiny_policy().bfloat16(), LoRA(r=2))
    size = measure_policy(tiny_policy().config, torch.bfloat16, LoRA(r=2))
    trained = [p for p in model.parameters() if p.requires_grad]
    assert size.trained == sum(p.numel() for p in trained)
    assert size.trained_bytes == 4 * size.trained
    assert size.weight_bytes == sum(p.numel() * p.element_size() for p in model.parameters())


@pytest.mark.parametrize(
    ("make", "dtype", "expected"),
    [
        (AdamW, torch.float32, 8),  # two moments
        (AdamW, torch.bfloat16, 4),
        (SGD, torch.float32, 0),
        (lambda p: SGD(p, momentum=0.9), torch.float32, 4),
        (Adafactor, torch.float32, 4 * (64 + 64) / 64**2),  # a row and a column of a square of 64
    ],
)
def test_state_of_an_optimizer_is_found_by_a_step(make, dtype, expected):
    assert optimizer_bytes(make, dtype) == expected
