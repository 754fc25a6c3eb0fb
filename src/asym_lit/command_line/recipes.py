"""The recipes, overlays and studies that ship with the package, by bare name: `simko`, `overlays/smoke`, `studies/tinyv`.

They are the files of `configs/`; `recipes` beside this room is a link to it, and a folder in a wheel.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from asym_lit.command_line.names import nearest

FOLDER = Path(__file__).parents[1] / "recipes"
PARTS = ("tasks", "callbacks")
"""Folders of what overlays name by path; none is a configuration by itself."""
ENDINGS = (".yaml", ".yml")


def shipped() -> dict[str, Path]:
    """All of them by name, in order."""
    found = {path.relative_to(FOLDER).with_suffix("").as_posix(): path for path in sorted(FOLDER.rglob("*.yaml"))}
    return {name: path for name, path in found.items() if name.partition("/")[0] not in PARTS}


def complete_recipes() -> dict[str, Path]:
    """Those that run by themselves: neither overlays nor studies."""
    return {name: path for name, path in shipped().items() if "/" not in name}


def recipe_file(name: str) -> Path | None:
    """The file that a name means: one of the current folder first, then one that ships; None if there is neither.

    Args:
        name: With or without `.yaml`.
    """
    endings = ("",) if name.endswith(ENDINGS) else ("", ENDINGS[0])
    for path in (Path(f"{name}{ending}") for ending in endings):
        if path.is_file():
            return path
    return shipped().get(_bare(name))


def nearest_shipped(name: str) -> str | None:
    """The name that ships and looks most like one that is neither a file nor ships; None if none does.

    Args:
        name: With or without `.yaml`, `configs/` before it or not.
    """
    names, last = list(shipped()), _bare(name).removeprefix("configs/")
    by_end = {one.rpartition("/")[2]: one for one in reversed(names)}
    if last in names:
        return last
    if last in by_end:
        return by_end[last]
    end = None if "/" in last else nearest(last, list(by_end))
    return nearest(last, names) or (by_end[end] if end else None)


def with_recipes(words: Sequence[str]) -> list[str]:
    """`--config simko` as `--config <the file>`; files that are there, and what is no name, stay as they are.

    Args:
        words: Of a command line.
    """
    told: list[str] = []
    for word in words:
        option, equals, given = word.partition("=") if word.startswith("--config=") else ("", "", word)
        found = recipe_file(given) if equals or told[-1:] in (["--config"], ["-c"]) else None
        told.append(f"{option}{equals}{found}" if found else word)
    return told


def _bare(name: str) -> str:
    return next((name.removesuffix(ending) for ending in ENDINGS if name.endswith(ending)), name)
