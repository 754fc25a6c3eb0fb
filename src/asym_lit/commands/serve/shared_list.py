"""The file of addresses that a trainer reads, put together by processes on several machines over a folder that all see."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from asym_lit.commands.serve.ranks import Ranks
from asym_lit.rollout.server_list import KEY
from asym_lit.run_folder.writing import write_json


class SharedList:
    """There while the servers are; each process writes its part, the first one the whole.

    Args:
        path: Of the file.
        ranks: Which process this is.
        facts: What else stands in the file, for people.
    """

    def __init__(self, path: Path, ranks: Ranks, facts: dict[str, Any]) -> None:
        self.path, self.ranks, self.facts = path, ranks, facts
        self.parts = path.with_name(f".{path.name}.parts")

    def begin(self) -> None:
        """Take away what an earlier job left, so that no trainer reads it."""
        self._part(self.ranks.rank).unlink(missing_ok=True)
        if self.ranks.rank == 0:
            self.path.unlink(missing_ok=True)

    def add(self, urls: Sequence[str]) -> None:
        """The servers of this process are ready."""
        write_json(self._part(self.ranks.rank), {"job": self.ranks.job, KEY: list(urls)})

    def missing(self) -> list[int]:
        """Processes whose servers are not ready yet."""
        return [rank for rank in range(self.ranks.count) if self._read(rank) is None]

    def write(self) -> list[str]:
        """Write the file, on the first process, when nothing is missing; returns all addresses."""
        urls = [url for rank in range(self.ranks.count) for url in self._read(rank) or ()]
        write_json(self.path, {KEY: urls, **self.facts})
        return urls

    def end(self) -> None:
        """The servers are gone."""
        self._part(self.ranks.rank).unlink(missing_ok=True)
        if self.ranks.rank == 0:
            self.path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            self.parts.rmdir()  # by the last one

    def _part(self, rank: int) -> Path:
        return self.parts / f"{rank}.json"

    def _read(self, rank: int) -> list[str] | None:
        """Addresses of a process; None if it has none yet, or they are an earlier job's."""
        try:
            found = json.loads(self._part(rank).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        urls: list[str] = found[KEY]
        return urls if found["job"] == self.ranks.job else None
