"""Figures of GPUs by name, from their makers' data sheets: dense 16-bit operations, memory, links. No shares of sparsity.

What of them a program reaches is in `roofline`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Device:
    """A GPU's figures."""

    name: str
    flops: float
    """Operations a second with bfloat16 factors and fp32 sums."""
    bandwidth: float
    """Bytes a second from its memory."""
    memory: float
    """Bytes of it."""
    link: float
    """Bytes a second to another GPU of its node, one way."""


def _device(name: str, teraflops: float, terabytes: float, gigabytes: float, link: float) -> Device:
    return Device(name, teraflops * 1e12, terabytes * 1e12, gigabytes * 1e9, link * 1e9)


DEVICES: Sequence[Device] = (
    _device("B200", 2250, 7.7, 180, 900),
    _device("GH200", 989, 4.0, 96, 450),
    _device("H200", 989, 4.8, 141, 450),
    _device("H100 PCIe", 756, 2.0, 80, 64),
    _device("H100 NVL", 835, 3.9, 94, 300),
    _device("H100", 989, 3.35, 80, 450),
    _device("H800", 989, 3.35, 80, 200),
    _device("H20", 148, 4.0, 96, 450),
    _device("A100 40GB", 312, 1.555, 40, 300),
    _device("A100 PCIe", 312, 1.935, 80, 32),
    _device("A100", 312, 2.039, 80, 300),
    _device("A800", 312, 2.039, 80, 200),
    _device("L40S", 362, 0.864, 48, 32),
    _device("L4", 121, 0.3, 24, 32),
    _device("RTX 5090", 209, 1.792, 32, 64),
    _device("RTX 4090", 165, 1.008, 24, 32),
    _device("RTX 3090", 71, 0.936, 24, 32),
    _device("RTX 6000 Ada", 364, 0.96, 48, 32),
    _device("RTX A6000", 155, 0.768, 48, 32),
)
"""Those of one family from the particular to the general: the first that fits a name is taken."""


def device_named(name: str) -> Device | None:
    """The figures of a GPU, by what torch or a person calls it; None for one that is not listed.

    All words of a listed name must stand in it: "NVIDIA H100 80GB HBM3" is an H100, "NVIDIA H200" no H20,
    "NVIDIA A100-SXM4-40GB" an A100 40GB.

    Args:
        name: As `torch.cuda.get_device_name` gives it, or as it is listed here.
    """
    words = set(re.split(r"[^a-z0-9]+", name.lower()))
    return next((device for device in DEVICES if set(device.name.lower().split()) <= words), None)
