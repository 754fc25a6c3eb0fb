"""A sharded state that was written as a checkpoint, read back one tensor at a time, by one process alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path

import torch
from torch import Tensor
from torch.distributed.checkpoint.default_planner import DefaultLoadPlanner
from torch.distributed.checkpoint.filesystem import FileSystemReader
from torch.distributed.checkpoint.metadata import Metadata, TensorStorageMetadata
from typing_extensions import override

from asym_lit.processes.progress import PROGRESS


class StoredState(Mapping[str, Tensor]):
    """Tensors of a checkpoint by name; each is put together from the parts of all processes when it is asked for.

    Args:
        folder: Of the checkpoint; it need not be there before the first tensor is asked for.
        names: Of the tensors.
        prefix: What their names begin with in the checkpoint, such as `state_dict.scorer.model`.
    """

    def __init__(self, folder: Path, names: Iterable[str], prefix: str) -> None:
        self._folder, self._names, self._prefix = folder, list(names), prefix

    @override
    def __getitem__(self, name: str) -> Tensor:
        PROGRESS.move()
        reader, metadata = FileSystemReader(self._folder), self._metadata
        key = f"{self._prefix}.{name}"
        kept = metadata.state_dict_metadata[key]
        if not isinstance(kept, TensorStorageMetadata):
            raise RuntimeError(f"{key} of {self._folder} is no tensor.")
        value = torch.empty(kept.size, dtype=kept.properties.dtype)
        # The steps of torch's `load`, which would want a process group of its own.
        planner = DefaultLoadPlanner()
        planner.set_up_planner({key: value}, metadata, is_coordinator=True)
        reader.set_up_storage_reader(metadata, is_coordinator=True)
        reader.read_data(planner.create_local_plan(), planner).wait()
        return value

    @cached_property
    def _metadata(self) -> Metadata:
        return FileSystemReader(self._folder).read_metadata()

    @override
    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    @override
    def __len__(self) -> int:
        return len(self._names)
