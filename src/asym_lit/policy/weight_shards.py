"""Safetensors files of a Hugging Face directory, written one after another: no more than one file's tensors are held."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from asym_lit.model_files import SINGLE, write_index

SHARD_BYTES = 2**30
"""Of a file, unless one tensor is larger. A smaller policy has one file and no index."""


class WeightShards:
    """Takes tensors in any portions and writes files of them.

    Args:
        folder: Where to; made if missing.
        limit: Bytes of a file.
    """

    def __init__(self, folder: Path, limit: int) -> None:
        self.folder, self.limit = folder, limit
        self._held: dict[str, Tensor] = {}
        self._size = self._total = 0
        self._files: list[list[str]] = []
        folder.mkdir(parents=True, exist_ok=True)

    def add(self, tensors: Mapping[str, Tensor]) -> None:
        """Further tensors by their names; written at once where they fill a file."""
        for name, value in tensors.items():
            size = value.numel() * value.element_size()
            if self._held and self._size + size > self.limit:
                self._write()
            self._held[name] = value.detach().cpu().contiguous()
            self._size += size

    def close(self) -> None:
        """Write what is left, give files the names that tell how many there are, and write the index of several."""
        self._write()
        count = len(self._files)
        if count == 1:
            self._name(1).replace(self.folder / SINGLE)
            return
        names = [f"model-{number:05d}-of-{count:05d}.safetensors" for number in range(1, count + 1)]
        for number, name in enumerate(names, 1):
            self._name(number).replace(self.folder / name)
        write_index(
            self.folder, {name: file for file, held in zip(names, self._files, strict=True) for name in held}, self._total
        )

    def _name(self, number: int) -> Path:
        return self.folder / f".model-{number:05d}.partial"

    def _write(self) -> None:
        from safetensors.torch import save_file

        self._files.append(sorted(self._held))
        save_file(self._held, self._name(len(self._files)), metadata={"format": "pt"})
        self._total += self._size
        self._held, self._size = {}, 0
