"""What a cell is run with: the words behind `fit`, and the overlays that the study file holds. When it is run: `running`."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml

from asym_lit.commands.study.definition import StudyFile


@dataclass(frozen=True)
class CommandLine:
    """Of one cell."""

    words: tuple[str, ...]
    """Options and their values in turn."""
    overlays: Mapping[Path, str]
    """Overlays of the study file, by the place they are written to."""

    def settings(self) -> dict[str, Any]:
        """As a cell records them: the words, and what the configuration files among them say, ours by their text."""
        files = [Path(value) for flag, value in pairwise(self.words) if flag == "--config"]
        texts = {path: self.overlays[path].encode() if path in self.overlays else path.read_bytes() for path in files}
        said = {str(path): hashlib.sha256(_with_parts(text, path.parent)) for path, text in texts.items()}
        return {"words": list(self.words), "files": {name: mark.hexdigest()[:16] for name, mark in said.items()}}


def _with_parts(text: bytes, folder: Path, seen: tuple[Path, ...] = ()) -> bytes:
    """A configuration, and behind it those that it names by their paths from its folder."""
    for name in re.findall(rb"[^\s'\"\[\]{},]+\.ya?ml\b", re.sub(rb"#.*", b"", text)):
        part = (folder / name.decode()).resolve()
        if part.is_file() and part not in seen:
            text += _with_parts(part.read_bytes(), part.parent, (*seen, part))
    return text


def command_line(study: StudyFile, out: Path, task: str, arm: str, seed: int) -> CommandLine:
    """Of one cell of a study.

    Args:
        study: From its file.
        out: The study's folder.
        task: Of the cell.
        arm: Of the cell.
        seed: Of the cell.
    """
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
    return CommandLine(tuple(words), overlays)


def folder_of(settings: Mapping[str, Any]) -> Path:
    """The study's folder, as it was called when a cell was recorded."""
    flags = settings["words"][::2]
    last = len(flags) - 1 - flags[::-1].index("--trainer.logger.save_dir")
    return Path(settings["words"][2 * last + 1]).parent


def difference(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """What two records of settings differ in, in words; empty if in nothing.

    Files count by what they say, wherever they lie.
    """
    old, new = _options(before), _options(now)
    old_meanings, new_meanings = [meant for meant, _ in old], [meant for meant, _ in new]
    if old_meanings == new_meanings:
        return ""
    gone = [shown for meant, shown in old if meant not in new_meanings]
    come = [shown for meant, shown in new if meant not in old_meanings]
    edited = [shown for shown in gone if shown in come]
    gone, come = [one for one in gone if one not in edited], [one for one in come if one not in edited]
    parts = [f"{', '.join(one.removeprefix('--config ') for one in edited)} says something else now"] if edited else []
    if gone or come:
        parts.append(f"{' '.join(gone)[:80] or 'nothing'} became {' '.join(come)[:80] or 'nothing'}")
    return "; ".join(parts) or "the same ones came in another order"


def _options(settings: Mapping[str, Any]) -> list[tuple[tuple[str, str], str]]:
    """Options in order: what each means, files by what they say, and how it is written."""
    pairs = list(zip(settings["words"][::2], settings["words"][1::2], strict=True))
    return [((flag, settings["files"][one] if flag == "--config" else one), f"{flag} {one}") for flag, one in pairs]


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
