"""One cell of a study: an arm on a task with a seed. What it is run with, how far it is, and who is at it."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from asym_lit.lit.run_folder import RECORD, whole_checkpoints, write_atomically, write_json
from asym_lit.lit.study.definition import StudyFile
from asym_lit.types import InputError

ENDED = ("finished", "stopped early")


@dataclass(frozen=True, eq=False)
class Cell:
    """One run of a study."""

    task: str
    arm: str
    seed: int
    out: Path
    """The study's folder."""
    words: tuple[str, ...]
    """Behind `fit`."""
    overlays: Mapping[Path, str]
    """Overlays of the study file, by the place they are written to."""
    after: str = ""

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
    def done(self) -> bool:
        """True if its run ended by itself."""
        path = self.folder / RECORD
        return path.exists() and json.loads(path.read_text(encoding="utf-8")).get("state") in ENDED

    def prepare(self) -> list[str]:
        """Make ready to run, from the newest checkpoint if there is one; returns the words behind `fit`.

        Raises:
            InputError: If the cell was begun with other settings, or its folder holds another run.
        """
        settings = {"words": list(self.words), "files": self._hashes()}
        record = self.notes.with_suffix(f"{self.notes.suffix}.json")
        if record.exists():
            before = json.loads(record.read_text(encoding="utf-8"))
            if before != settings:
                raise InputError(
                    f"{self.name} was begun with other settings ({_difference(before, settings)}), so its numbers would mix "
                    "two experiments. Restore them, give the arm another name, or write --out with another folder."
                )
        elif self.folder.exists():
            raise InputError(f"{self.folder} holds a run that this study did not begin; write --out with another folder.")
        for path, text in self.overlays.items():
            write_atomically(path, [text])
        write_json(record, settings)
        if whole_checkpoints(self.folder):
            return [*self.words, "--ckpt_path", str(self.folder)]
        if self.folder.exists():
            shutil.rmtree(self.folder)  # begun by this study, and nothing in it can be gone on from
        return list(self.words)

    def _hashes(self) -> dict[str, str]:
        """What the configuration files say, ours by their text."""
        files = [word for flag, word in zip(self.words, self.words[1:], strict=False) if flag == "--config"]
        texts = {str(path): text.encode() for path, text in self.overlays.items()}
        return {name: hashlib.sha256(texts.get(name) or Path(name).read_bytes()).hexdigest()[:16] for name in files}

    def lock(self) -> int | None:
        """Takes the cell for this process and those that inherit the descriptor; None if another one is at it.

        The lock goes with the last process that holds it: a trainer whose study was killed keeps its cell.
        """
        self.notes.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.notes.with_suffix(f"{self.notes.suffix}.lock"), os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        return descriptor


def _difference(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    if before["words"] != now["words"]:
        gone = [word for word in before["words"] if word not in now["words"]]
        new = [word for word in now["words"] if word not in before["words"]]
        return f"{' '.join(gone)[:80] or 'nothing'} became {' '.join(new)[:80] or 'nothing'}"
    changed = [name for name, mark in now["files"].items() if before["files"].get(name) != mark]
    return f"{', '.join(changed)} says something else now"


def cells(study: StudyFile, out: Path) -> list[Cell]:
    """All cells of a study: tasks, then seeds, then arms, so that early results already compare arms.

    Args:
        study: From its file.
        out: The study's folder.
    """
    return [_cell(study, out, task, arm, seed) for task in study.tasks for seed in study.seeds for arm in study.arms]


def _cell(study: StudyFile, out: Path, task: str, arm: str, seed: int) -> Cell:
    parts = {"study": study.common, f"task.{task}": study.tasks[task], f"arm.{arm}": study.arms[arm]}
    recipe = next((part.recipe for part in reversed(parts.values()) if part.recipe), None)
    files = [recipe, *(file for part in parts.values() for file in part.config)]
    words = [word for file in files if file for word in ("--config", str(file))]
    places = {"folder": str(out), "task": task, "arm": arm, "seed": seed}
    places = {**study.tasks[task].values, **study.arms[arm].values, **places}
    overlays: dict[Path, str] = {}
    options: list[str] = []
    for kind, part in parts.items():
        settings = _filled(part.settings, places)
        nested = {key: value for key, value in settings.items() if "." not in key and isinstance(value, dict)}
        if nested:
            # Placeholders differ by cell, so that its overlay is its own where it has any.
            own = "" if all(nested[key] == part.settings[key] for key in nested) else f".{task}.{arm}.seed_{seed}"
            path = out / "cells" / f"{kind}{own}.yaml"
            overlays[path] = yaml.safe_dump(nested, sort_keys=False)
            words += ["--config", str(path)]
        options += [w for key, value in settings.items() if key not in nested for w in (f"--{key}", _word(value))]
    words += [*options, "--seed_everything", str(seed), "--trainer.enable_progress_bar", "false"]
    words += ["--trainer.logger.save_dir", str(out / task), "--trainer.logger.name", arm]
    words += ["--trainer.logger.version", f"seed_{seed}"]
    return Cell(task, arm, seed, out, tuple(words), overlays, study.arms[arm].after)


def _filled(value: Any, places: Mapping[str, Any]) -> Any:
    """Puts values in the place of their names; a text that is nothing but a name may become anything."""
    if isinstance(value, dict):
        return {key: _filled(inner, places) for key, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, places) for inner in value]
    if not isinstance(value, str):
        return value
    if value[1:-1] in places and value == f"{{{value[1:-1]}}}":
        others = {name: one for name, one in places.items() if name != value[1:-1]}  # none stands for itself
        return _filled(places[value[1:-1]], others)
    for name, one in places.items():
        if isinstance(one, str | int | float):
            value = value.replace(f"{{{name}}}", str(one))
    return value


def _word(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def ready(all_cells: list[Cell]) -> Iterator[Cell]:
    """Cells that are not done and wait for none."""
    for cell in all_cells:
        before = [c for c in all_cells if (c.task, c.arm, c.seed) == (cell.task, cell.after, cell.seed)]
        if not cell.done and all(c.done for c in before):
            yield cell
