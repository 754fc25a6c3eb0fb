"""The trial of an export: before the first batch, a policy written and loaded again must be the same policy.

Transformers renames, splits and stacks weights between its modules and its files, leaves tied ones out, and starts anew
what it does not find. All of that is done here in memory, on the policy's own weights. `save_policy` does it on files.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from asym_lit.policy.layer_calls import first_line, undisturbed
from asym_lit.types import InputError

if TYPE_CHECKING:
    from transformers import PreTrainedModel

MOST_WEIGHTS = 2**26
"""A policy of more (256 MiB in fp32) is tried without values, which would be held twice: by names, shapes, and whether
transformers writes into what it has loaded. Only where it does are values compared."""


def check_reload(model: PreTrainedModel) -> bool:
    """See that a policy, once trained, would be loaded from its export as it is; it is left as it was.

    Args:
        model: Whole, without adapters; if it is on the meta device, it is tried without values.

    Returns:
        False if only values could tell, and there are none.

    Raises:
        InputError: If a weight would be lost, or be another; the export would be scored as another policy.
    """
    is_empty = any(value.is_meta for value in model.parameters())
    with_values = not is_empty and is_small(model)
    with undisturbed(model):
        trained = _moved(model) if with_values else model.state_dict()
        try:
            with _Writes() as writes:
                found = _reloaded(model, trained, with_values)
            if not with_values and any(map(writes.into, found.values())):
                if is_empty:
                    return False
                with_values, trained = True, _moved(model)
                found = _reloaded(model, trained, with_values)
        except Exception as fault:
            raise _refused(model, f"it does not load: {first_line(fault)}") from fault
    for name in sorted(trained.keys() | found.keys()):
        if name not in found or name not in trained:
            raise _refused(model, f"{name} would be {'lost' if name in trained else 'new'}")
        if found[name].shape != trained[name].shape:
            raise _refused(model, f"{name} would have shape {tuple(found[name].shape)}, not {tuple(trained[name].shape)}")
        if with_values and not torch.equal(found[name], trained[name].cpu()):
            raise _refused(model, f"{name} would have other values")
    return True


def is_small(model: nn.Module) -> bool:
    """Whether a policy is tried with all of its values, at the cost of holding them twice."""
    return sum(value.numel() for value in model.parameters()) <= MOST_WEIGHTS


def _refused(model: nn.Module, reason: str) -> InputError:
    return InputError(
        f"{type(model).__name__} would not be exported as it is trained: {reason}. Allowed: policies that transformers loads "
        "as it saves them; take another release of transformers (pip install), or another policy."
    )


def _moved(model: PreTrainedModel) -> dict[str, Tensor]:
    """Its weights as training could leave them: each is moved, but for the padding token's embedding, which has no gradient."""
    generator = torch.Generator("cpu").manual_seed(0)
    state = model.state_dict()
    trained = {value.data_ptr(): torch.zeros(()) for value in model.parameters() if value.numel()}
    names: dict[int, list[str]] = {}
    for name, value in state.items():
        names.setdefault(value.data_ptr(), []).append(name)
    for pointer in trained:
        value = state[names[pointer][0]]
        moved = value + 0.01 * torch.randn(value.shape, generator=generator, device="cpu").to(value)
        if len(names[pointer]) == 1:
            still = _padding_row(model, names[pointer][0])
            if still is not None:
                moved[still] = value[still]
        trained[pointer] = moved
    return {name: trained.get(value.data_ptr(), value) for name, value in state.items()}


def _padding_row(model: nn.Module, name: str) -> int | None:
    module = model.get_submodule(name.rpartition(".")[0])
    return module.padding_idx if isinstance(module, nn.Embedding) else None


def _reloaded(model: PreTrainedModel, trained: Mapping[str, Tensor], with_values: bool) -> dict[str, Tensor]:
    """The weights of a policy loaded from what `save_pretrained` would write; on the meta device without values."""
    from transformers.core_model_loading import revert_weight_conversion
    from transformers.modeling_utils import remove_tied_weights_from_state_dict

    ignored = model._keys_to_ignore_on_save or ()
    state = remove_tied_weights_from_state_dict({k: v for k, v in trained.items() if k not in ignored}, model)
    device = "cpu" if with_values else "meta"
    written = revert_weight_conversion(model, {name: value.to(device) for name, value in state.items()})
    # Copies: the loaded policy keeps the very tensors, and what it starts anew within one would change on both sides.
    written = {name: value.clone() for name, value in written.items()}
    kind: Any = type(model)
    with _quiet(), TemporaryDirectory() as folder:
        model.config.save_pretrained(folder)  # a small file of json, in which transformers writes infinity its own way
        config = type(model.config).from_pretrained(folder)
        arguments = {"config": config, "state_dict": written, "dtype": model.dtype, "device_map": {"": device}}
        loaded, told = kind.from_pretrained(None, output_loading_info=True, ignore_mismatched_sizes=True, **arguments)
    for what in ("missing_keys", "mismatched_keys", "unexpected_keys"):
        if told[what]:
            raise ValueError(f"{what} {sorted(map(str, told[what]))[:3]}")
    return dict(loaded.state_dict())


class _Writes(TorchDispatchMode):
    """Watches which tensors are written into; that shows without values, too."""

    def __init__(self) -> None:
        super().__init__()
        self._storages: WeakSet[torch.UntypedStorage] = WeakSet()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func._schema.is_mutable and isinstance(args[0], Tensor):
            self._storages.add(args[0].untyped_storage())
        return func(*args, **(kwargs or {}))

    def into(self, value: Tensor) -> bool:
        """Whether a tensor, or another that shares its memory, was written into."""
        return value.untyped_storage() in self._storages


@contextmanager
def _quiet() -> Iterator[None]:
    """Without transformers' progress bar and load report: nothing is loaded as far as a reader is concerned."""
    from transformers.utils import logging

    level, bar = logging.get_verbosity(), logging.is_progress_bar_enabled()
    try:
        logging.set_verbosity_error()
        logging.disable_progress_bar()
        yield
    finally:
        logging.set_verbosity(level)
        if bar:
            logging.enable_progress_bar()
