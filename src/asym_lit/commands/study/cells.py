"""One cell of a study: an arm on a task with a seed. How far it is, who is at it, and whether it is what it was.

Running them is in `running`.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from asym_lit.commands.study.command_line import CommandLine, command_line, difference, folder_of
from asym_lit.commands.study.definition import StudyFile
from asym_lit.run_folder.paths import LOCK, whole_checkpoints
from asym_lit.run_folder.record import read_record
from asym_lit.run_folder.writing import write_atomically, write_json
from asym_lit.types import InputError

ENDED = ("finished", "stopped early")


@dataclass(frozen=True, eq=False)
class Cell:
    """One run of a study."""

    study: StudyFile
    task: str
    arm: str
    seed: int
    out: Path
    """The study's folder."""

    @cached_property
    def line(self) -> CommandLine:
        """What it is run with."""
        return command_line(self.study, self.out, self.task, self.arm, self.seed)

    @property
    def after(self) -> str:
        """The arm it waits for; none if empty."""
        return self.study.arms[self.arm].after

    @property
    def name(self) -> str:
        """How it is called on the command line and in messages."""
        return f"{self.task}/{self.arm}/seed_{self.seed}"

    @property
    def folder(self) -> Path:
        """Its run folder."""
        return self.out / self.name

    @property
    def notes(self) -> Path:
        """Where its lock, log and settings lie, without their endings."""
        return self.out / "cells" / f"{self.task}.{self.arm}.seed_{self.seed}"

    @property
    def state(self) -> str:
        """Of its run, as `run.json` calls it; empty if there is none."""
        return str(read_record(self.folder).get("state", ""))

    @property
    def done(self) -> bool:
        """True if its run ended by itself."""
        return self.state in ENDED

    def check_unchanged(self) -> None:
        """Hold a cell that was begun against the settings it was begun with; one that was not begun is left alone.

        Raises:
            InputError: If they are others, with what changed.
        """
        before = self._begun_with()
        if before is None:
            return
        # The study's folder stands in settings, and may have been moved or called by another path.
        now = command_line(self.study, folder_of(before), self.task, self.arm, self.seed).settings()
        if changed := difference(before, now):
            raise InputError(
                f"{self.name} was begun with other settings ({changed}), so its numbers would mix two experiments. Restore "
                "them, give the arm another name, or write --out with another folder."
            )

    def _begun_with(self) -> Mapping[str, Any] | None:
        path = self.notes.with_suffix(f"{self.notes.suffix}.json")
        found: Mapping[str, Any] | None = json.loads(path.read_text(encoding="utf-8")) if path.exists() else None
        return found

    def prepare(self) -> list[str]:
        """Make ready to run, from the newest checkpoint if there is one; returns the words behind `fit`.

        Raises:
            InputError: If the cell was begun with other settings, or its folder holds another run.
        """
        self.check_unchanged()
        if self.folder.exists() and self._begun_with() is None:
            raise InputError(f"{self.folder} holds a run that this study did not begin; write --out with another folder.")
        for path, text in self.line.overlays.items():
            write_atomically(path, [text])
        write_json(self.notes.with_suffix(f"{self.notes.suffix}.json"), self.line.settings())
        if whole_checkpoints(self.folder):
            return [*self.line.words, "--ckpt_path", str(self.folder)]
        if self.folder.exists():
            shutil.rmtree(self.folder)  # begun by this study, and nothing in it can be gone on from
        return list(self.line.words)

    def lock(self) -> int | None:
        """Takes the cell for this process and those that inherit the descriptor; None if another one is at it.

        The lock goes with the last process that holds it: a trainer whose study was killed keeps its cell.
        """
        self.notes.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.notes.with_suffix(f"{self.notes.suffix}{LOCK}"), os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        return descriptor


def cells(study: StudyFile, out: Path) -> list[Cell]:
    """All cells of a study: tasks, then seeds, then arms, so that early results already compare arms.

    Args:
        study: From its file.
        out: The study's folder.
    """
    return [Cell(study, task, arm, seed, out) for task in study.tasks for seed in study.seeds for arm in study.arms]


def ready(all_cells: list[Cell]) -> Iterator[Cell]:
    """Cells that are not done and wait for none."""
    for cell in all_cells:
        before = [c for c in all_cells if (c.task, c.arm, c.seed) == (cell.task, cell.after, cell.seed)]
        if not cell.done and all(c.done for c in before):
            yield cell
