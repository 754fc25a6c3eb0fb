"""A GGUF file opened: what it says of itself, and whether its tensors can be read."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from asym_lit.gguf_models.names import INSTALL_GGUF, READERS
from asym_lit.types import InputError


@dataclass(frozen=True)  # no slots: its metadata are read once
class GGUFFile:
    """An open file.

    Raises:
        InputError: If a package that reads it is missing, if the file is damaged, no GGUF or a part of one, or if it has
            tensors of a quantisation that cannot be undone.
    """

    path: Path

    def __post_init__(self) -> None:
        if missing := [package for package in READERS if find_spec(package) is None]:
            raise InputError(
                f"{self.path} is a GGUF file, which {' and '.join(READERS)} read; {missing[0]} is missing. "
                f"Write {INSTALL_GGUF}."
            )
        try:
            _ = self.metadata
        except Exception as fault:  # of numpy, of struct, of enums: the library checks nothing itself
            what = "is damaged, or no GGUF file"
            if "GGMLQuantizationType" in str(fault):
                what = "has tensors of a quantisation that this release of gguf does not know"
            raise InputError(
                f"The file {self.path} {what} ({type(fault).__name__}: {fault}). Copy it anew, or take another file of the "
                "model."
            ) from fault
        if (parts := self.metadata.get("split.count", 1)) > 1:
            raise InputError(
                f"The file {self.path} is one of {parts} parts. Put them together with llama-gguf-split --merge, and name the "
                "whole."
            )
        self._check_kinds()

    @cached_property
    def reader(self) -> Any:
        """The library's."""
        from gguf import GGUFReader

        return GGUFReader(str(self.path))

    @cached_property
    def metadata(self) -> dict[str, Any]:
        """All keys and values, as plain types."""
        return {name: field.contents() for name, field in self.reader.fields.items()}

    def need(self, key: str) -> Any:
        """The value of a key that must be there.

        Raises:
            InputError: If it is not.
        """
        if key not in self.metadata:
            raise InputError(f"The file {self.path} lacks {key}. Take another file of the model, written by a newer llama.cpp.")
        return self.metadata[key]

    @property
    def architecture(self) -> str:
        """As llama.cpp calls it."""
        return str(self.metadata.get("general.architecture", ""))

    @property
    def kinds(self) -> dict[str, int]:
        """Number of tensors of each quantisation."""
        kinds = [tensor.tensor_type.name for tensor in self.reader.tensors]
        return {kind: kinds.count(kind) for kind in sorted(set(kinds))}

    def _check_kinds(self) -> None:
        from gguf import dequantize

        first = {tensor.tensor_type: tensor for tensor in reversed(self.reader.tensors)}
        for kind, tensor in first.items():
            try:
                dequantize(tensor.data[:1], kind)
            except NotImplementedError as fault:
                raise InputError(
                    f"The file {self.path} has tensors of the quantisation {kind.name} ({tensor.name} first), which gguf "
                    "cannot undo. Take a file of the model in another one, such as F16, Q8_0, Q4_1 or Q4_K_M."
                ) from fault
