"""Weights go through shared memory bit by bit, and stay there until they are written over."""

from __future__ import annotations

import torch

from asym_lit.engine_process.shared_weights import WeightFile, read_weights

NAN = torch.tensor([[float("nan"), -0.0, 1e-42]])


def test_weights_of_any_dtype_and_shape_are_read_as_they_were_written():
    tied = torch.arange(6.0).view(2, 3)
    sent = {
        "matrix": tied,
        "tied": tied,
        "turned": tied.T,
        "bf16": torch.randn(5).bfloat16(),
        "scalar": torch.tensor(3.0),
        "none": torch.empty(0),
        "odd": NAN,
    }
    file = WeightFile()
    places = file.write(sent.items())
    assert [place[3] % 64 for place in places] == [0] * 7
    found = dict(read_weights(file.descriptor, places))
    assert list(found) == list(sent)
    for name, value in sent.items():
        assert found[name].dtype == value.dtype and found[name].shape == value.shape
        one, other = (tensor.reshape(-1).view(torch.uint8) for tensor in (found[name], value))
        assert torch.equal(one, other), name
    file.write({name: value + 1 for name, value in sent.items()}.items())
    assert found["scalar"] == 4, "the same memory"
