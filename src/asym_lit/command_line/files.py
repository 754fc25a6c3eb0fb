"""Which of the configuration files on a command line a mistake is in."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import yaml

from asym_lit.command_line.names import nearest
from asym_lit.command_line.recipes import complete_recipes, nearest_shipped


def config_files(words: Sequence[str]) -> list[Path]:
    """The files of `--config FILE` and `--config=FILE` that are there."""
    return [Path(name) for name in _config_words(words) if Path(name).is_file()]


def _config_words(words: Sequence[str]) -> list[str]:
    after = [second for first, second in pairwise(words) if first in ("--config", "-c")]
    return [*after, *(word.partition("=")[2] for word in words if word.startswith("--config="))]


def file_that_says(key: str, words: Sequence[str]) -> Path | None:
    """The last file with a key; None if it stands in none, but was written on the command line."""
    if any(re.search(rf"[-.]{re.escape(key)}(=|\+|$)", word) for word in words if word.startswith("--")):
        return None
    pattern = re.compile(rf"^[^#]*\b{re.escape(key)}\s*:", re.MULTILINE)
    return next((path for path in reversed(config_files(words)) if pattern.search(path.read_text(encoding="utf-8"))), None)


def unreadable_file(words: Sequence[str]) -> str | None:
    """What is wrong with the first file that is no YAML; None if all are."""
    for path in config_files(words):
        try:
            yaml.safe_load(path.read_text(encoding="utf-8"))
        except yaml.MarkedYAMLError as fault:
            mark = fault.problem_mark
            return f"{path} is not YAML: line {mark.line + 1 if mark else '?'}: {fault.problem}."
        except (yaml.YAMLError, UnicodeDecodeError) as fault:
            return f"{path} is not YAML: {' '.join(str(fault).split())}"
    return None


def missing_file(message: str, words: Sequence[str]) -> str | None:
    """What to say of a file that is not there, with the nearest that is; None if the message is about something else.

    Args:
        message: The parser's own.
        words: Of the command line.
    """
    found = re.search(r"File does not exist: '?([^'\n]+)'?", message)
    if not found:
        return None
    path = Path(found[1])
    if path.is_relative_to(Path.cwd()):
        path = path.relative_to(Path.cwd())
    there = path.parent.is_dir()
    close = (
        nearest(path.name, sorted(one.name for one in path.parent.glob(f"*{path.suffix}"))) if there and path.suffix else None
    )
    if close:
        return f"There is no file {path}. Nearest: {path.parent / close}."
    what = f"There is no file {path}{'' if there else f', nor a folder {path.parent}'}"
    if found[1] not in map(os.path.abspath, _config_words(words)) or Path(*path.parts[:1]).is_absolute():
        return f"{what}."
    close = nearest_shipped(str(path))
    hint = f"Nearest: {close}" if close else f"Recipes: {', '.join(complete_recipes())}"
    return f"{what}, and nothing of this name ships with asym_lit. {hint}."
