from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.profiler import ProfilerActivity, profile

from asym_lit.policy import linear_products
from asym_lit.policy.linear_products import WideLinear, has_wider_products, take_wider_products
from asym_lit.policy.loading import load_policy


@pytest.fixture
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """oneDNN is part of torch on any x86; whether it is quicker does not matter here."""
    if not torch.backends.mkldnn.is_available():
        pytest.skip("torch was built without oneDNN")
    monkeypatch.setattr(linear_products, "has_wider_products", lambda: True)
    monkeypatch.setattr(linear_products, "LEAST_WEIGHTS", 96 * 160)


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Rows of each product by oneDNN."""
    found: list[int] = []
    product = linear_products._product

    def counting(left: Tensor, right: Tensor, bias: Tensor | None = None) -> Tensor:
        found.append(left.numel() // left.shape[-1])
        return product(left, right, bias)

    monkeypatch.setattr(linear_products, "_product", counting)
    return found


def pair(bias: bool = True, inside: int = 96, outside: int = 160) -> tuple[nn.Linear, nn.Linear]:
    """A plain layer, and a wide one of the same weights."""
    torch.manual_seed(0)
    plain = nn.Linear(inside, outside, bias=bias)
    wide = nn.Sequential(copy.deepcopy(plain))
    take_wider_products(wide)
    assert type(wide[0]) is WideLinear
    return plain, wide[0]  # type: ignore[return-value]


@pytest.mark.usefixtures("_wide")
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("shape", [(300, 96), (4, 75, 96), (96, 300)])
def test_values_and_gradients_are_those_of_a_plain_layer(bias: bool, shape: tuple[int, ...], counted: list[int]) -> None:
    gradient = torch.randn(*(shape[:-1] if shape[-1] == 96 else shape[:0:-1]), 160)
    results = []
    for layer in pair(bias):
        torch.manual_seed(1)
        given = torch.randn(shape, requires_grad=True)
        out = layer(given if shape[-1] == 96 else given.t())  # the last one is read by its columns
        out.backward(gradient)
        results.append([out, given.grad, *(parameter.grad for parameter in layer.parameters())])
    assert counted == [300, 300, 160]  # forward, and the gradients of input and weight
    for expected, found in zip(*results, strict=True):
        assert expected is not None and found is not None and expected.shape == found.shape
        torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-4)


@pytest.mark.usefixtures("_wide")
def test_what_needs_no_gradient_gets_none(counted: list[int]) -> None:
    _, wide = pair()
    wide.requires_grad_(False)
    given = torch.randn(300, 96, requires_grad=True)
    wide(given).sum().backward()
    assert counted == [300, 300] and given.grad is not None and wide.weight.grad is None
    wide.requires_grad_(True)
    wide(given.detach()).sum().backward()
    assert counted[2:] == [300, 160] and wide.weight.grad is not None
    assert not wide(given.detach()[:0]).numel()


@pytest.mark.usefixtures("_wide")
@pytest.mark.parametrize(
    ("rows", "dtype", "products"),
    [
        (300, torch.float32, 1),
        (16, torch.float32, 1),
        (15, torch.float32, 0),
        (300, torch.bfloat16, 0),
        (300, torch.float64, 0),
    ],
)
def test_small_products_and_other_types_stay_to_the_last_bit(
    rows: int, dtype: torch.dtype, products: int, counted: list[int]
) -> None:
    plain, wide = (layer.to(dtype) for layer in pair())
    given = torch.randn(rows, 96, dtype=dtype)
    found, expected = wide(given), plain(given)
    assert len(counted) == products
    assert products or torch.equal(found, expected)


@pytest.mark.usefixtures("_wide")
def test_few_rows_autocast_and_simulated_tensors_are_left_to_torch(counted: list[int]) -> None:
    _, wide = pair(inside=1024, outside=1024)
    wide(torch.randn(15, 1024))
    with torch.autocast("cpu", torch.bfloat16):
        assert wide(torch.randn(64, 1024)).dtype == torch.bfloat16
    from torch._subclasses import FakeTensorMode

    with FakeTensorMode(allow_non_fake_inputs=True):
        assert wide(torch.empty(64, 1024)).shape == (64, 1024)
    assert wide.to("meta")(torch.empty(64, 1024, device="meta")).shape == (64, 1024)
    assert counted == []


@pytest.mark.usefixtures("_wide")
def test_the_same_rows_give_the_same_bits_with_and_without_gradient() -> None:
    _, wide = pair()
    given = torch.randn(300, 96)
    with torch.no_grad():
        before = wide(given)
    assert torch.equal(wide(given), before) and torch.equal(wide(given.clone().requires_grad_()), before)


@pytest.mark.usefixtures("_wide")
def test_a_policy_is_loaded_with_wide_layers_and_the_names_of_its_weights_stay() -> None:
    model: Any = load_policy("bundled")
    layers = [module for module in model.modules() if isinstance(module, nn.Linear)]
    assert layers and all(type(layer) is WideLinear for layer in layers)
    twin = copy.deepcopy(model)
    assert all(type(layer) is WideLinear for layer in twin.modules() if isinstance(layer, nn.Linear))
    ids = torch.randint(3, 20, (32, 40))
    wide = model(ids).logits
    for layer in layers:
        layer.__class__ = nn.Linear
    torch.testing.assert_close(wide, model(ids).logits, rtol=1e-4, atol=1e-4)
    assert list(model.state_dict()) == list(twin.state_dict())


def test_a_layer_of_another_class_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    class Own(nn.Linear):
        """With a forward pass of its own."""

    monkeypatch.setattr(linear_products, "has_wider_products", lambda: True)
    model = nn.Sequential(Own(2, 2), nn.Linear(2, 2))
    take_wider_products(model)
    assert [type(layer) for layer in model] == [Own, WideLinear]


@pytest.mark.parametrize(
    ("facts", "capability", "wider"),
    [
        ("vendor_id : AuthenticAMD", "AVX512", True),
        ("vendor_id : GenuineIntel", "AVX512", False),
        ("vendor_id : AuthenticAMD", "AVX2", False),
        (None, "AVX512", False),
    ],
)
def test_only_wide_processors_of_other_makers_have_something_to_win(
    facts: str | None, capability: str, wider: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    place = tmp_path / "cpuinfo"
    if facts is not None:
        place.write_text(facts)
    monkeypatch.setattr(linear_products, "CPU_FACTS", place)
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: capability)
    monkeypatch.setattr(torch.backends.mkl, "is_available", lambda: True)
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: True)
    has_wider_products.cache_clear()
    try:
        assert has_wider_products() is wider
        model = nn.Sequential(nn.Linear(2, 2))
        take_wider_products(model)
        assert type(model[0]) is (WideLinear if wider else nn.Linear)
    finally:
        has_wider_products.cache_clear()


@pytest.mark.usefixtures("_wide")
def test_small_layers_are_left_to_torch_for_what_the_other_library_keeps_of_them(counted: list[int]) -> None:
    _, wide = pair(inside=95)
    wide(torch.randn(300, 95))
    assert counted == []


@pytest.mark.usefixtures("_wide")
def test_last_tokens_of_several_prompts_are_one_product_in_half_precision() -> None:
    plain, wide = (layer.bfloat16() for layer in pair(bias=False))
    last = torch.randn(24, 7, 96).bfloat16()[:, -1:]  # of which torch would make 24 products, each with its copy of the weights
    with profile(activities=[ProfilerActivity.CPU]) as seen:
        found = wide(last)
    assert found.shape == (24, 1, 160)
    torch.testing.assert_close(found, plain(last.contiguous()), rtol=0, atol=0)
    names = {event.key for event in seen.key_averages()}
    assert "aten::mm" in names and "aten::bmm" not in names
