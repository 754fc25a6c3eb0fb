"""Where the tensors of a policy lie in its safetensors files, and parts of them; nothing is read until it is asked for.

A file is opened for each part and closed behind it: what was read of a mapped file counts as memory until then.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from asym_lit.model_files import INDEX, SINGLE

DTYPES = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "I64": torch.int64,
    "I32": torch.int32,
    "I16": torch.int16,
    "I8": torch.int8,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}
"""By safetensors' names; others are of quantised weights."""


@dataclass(frozen=True, slots=True)
class StoredTensor:
    """A tensor in a file."""

    file: str
    name: str
    shape: tuple[int, ...]
    dtype: torch.dtype | None
    """None for one that torch has no plain dtype for."""

    def rows(self, start: int, stop: int) -> Tensor:
        """Rows of it, of the first dimension; all of a single number."""
        from safetensors import safe_open

        with safe_open(self.file, framework="pt") as opened:
            part: Tensor = opened.get_slice(self.name)[start:stop] if self.shape else opened.get_tensor(self.name)
            return part.clone()  # the file's own memory goes with the file


def stored_tensors(where: str) -> dict[str, StoredTensor]:
    """The tensors of a policy by name, as headers tell them; none if it has no safetensors files.

    Args:
        where: A directory, or a hub id; its files are fetched into the hub's cache if they are not there.

    Raises:
        Exception: Whatever a library says of files that cannot be had or read.
    """
    from safetensors import safe_open

    found: dict[str, StoredTensor] = {}
    for file in _files(where):
        with safe_open(file, framework="pt") as opened:
            for name in opened.keys():  # noqa: SIM118 - it is no mapping
                part = opened.get_slice(name)
                found[name] = StoredTensor(file, name, tuple(part.get_shape()), DTYPES.get(part.get_dtype()))
    return found


def _files(where: str) -> list[str]:
    """In the order of transformers: one file, else those of the index."""
    if single := _file(where, SINGLE):
        return [single]
    index = _file(where, INDEX)
    if index is None:
        return []
    names = sorted(set(json.loads(Path(index).read_text(encoding="utf-8"))["weight_map"].values()))
    files = {name: _file(where, name) for name in names}
    if missing := [name for name, file in files.items() if file is None]:
        raise OSError(f"{where} has no file named {missing[0]}, which its index names.")
    return [file for file in files.values() if file is not None]


def _file(where: str, name: str) -> str | None:
    if Path(where).is_dir():
        return str(Path(where, name)) if Path(where, name).is_file() else None
    from transformers.utils.hub import cached_file

    path: str | None = cached_file(where, name, _raise_exceptions_for_missing_entries=False)
    return path
