"""Passes over tensors that have shapes and nothing in them, and the storages that live at the same time in one."""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from asym_lit.policy.layer_calls import first_line
from asym_lit.types import InputError

if TYPE_CHECKING:
    from transformers import PreTrainedModel


@contextmanager
def simulated(model: PreTrainedModel) -> Iterator[None]:
    """A model on the meta device computes with fake tensors on the CPU: on meta, attention would run another kernel.

    Raises:
        InputError: If its forward or backward pass hangs on what tensors hold.
    """
    try:
        with FakeTensorMode(allow_non_fake_inputs=True):
            _fake(model)
            yield
    except InputError:
        raise
    except Exception as fault:  # whatever the code of a class does with the numbers that are not there
        raise InputError(
            f"The memory of a {type(model).__name__} cannot be found without running it, for its passes hang on the numbers in "
            f"its tensors: {first_line(fault)}. Run a few steps of fit instead (--data.rollout_steps 2) and watch its memory."
        ) from fault


def _fake(model: nn.Module) -> None:
    made: dict[Tensor, Tensor] = {}  # a tied head stays one tensor
    for module in model.modules():
        for name, tensor in [*module.named_parameters(recurse=False), *module.named_buffers(recurse=False)]:
            if tensor not in made:
                fake = torch.empty(tensor.shape, dtype=tensor.dtype, device="cpu")
                made[tensor] = nn.Parameter(fake, tensor.requires_grad) if isinstance(tensor, nn.Parameter) else fake
            setattr(module, name, made[tensor])


class LiveStorages(TorchDispatchMode):
    """Adds up the storages that operations make, for as long as each lives.

    Args:
        known: Tensors whose storages do not count.
    """

    def __init__(self, known: Iterable[Tensor]) -> None:
        super().__init__()
        self.now = self.most = 0
        """Bytes."""
        self._seen = weakref.WeakSet(tensor.untyped_storage() for tensor in known)

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        # Without numbers torch multiplies by groups in bf16 alone, as experts do it: "Expected inputs of BF16 type".
        by_groups = func is torch.ops.aten._grouped_mm.default
        result = _product_by_groups(*args, **(kwargs or {})) if by_groups else func(*args, **(kwargs or {}))
        for value in tree_leaves(result):
            if isinstance(value, Tensor):
                self._add(value.untyped_storage())
        return result

    def _add(self, storage: torch.UntypedStorage) -> None:
        if storage in self._seen:
            return
        self._seen.add(storage)
        size = storage.nbytes()
        self.now += size
        self.most = max(self.most, self.now)
        weakref.finalize(storage, self._free, size)

    def _free(self, size: int) -> None:
        self.now -= size


def _product_by_groups(left: Tensor, right: Tensor, offs: Tensor | None = None, *_: Any, **__: Any) -> Tensor:
    """What `torch._grouped_mm` answers with, without numbers: groups stand in a dimension of their own or in a shared one."""
    groups = () if left.dim() == right.dim() == 3 or left.dim() + right.dim() == 5 else (len(offs),)  # type: ignore[arg-type]
    batch = left.shape[:1] if left.dim() == right.dim() == 3 else groups
    return left.new_empty((*batch, left.shape[-2], right.shape[-1]))
