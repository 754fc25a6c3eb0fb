"""What a study file may say, checked before anything runs. What becomes of it: `cells`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from asym_lit.command_line.program import typed_recipe
from asym_lit.command_line.recipes import nearest_shipped, recipe_file
from asym_lit.types import InputError

_NAME = re.compile(r"[\w.+-]+")


@dataclass(frozen=True)
class Part:
    """What an arm, a task or the whole study adds to the command line."""

    recipe: Path | None = None
    """The complete recipe under everything else; an arm's goes before a task's, that before the study's."""
    config: tuple[Path, ...] = ()
    """Overlays, in order; the study's first, then the task's, then the arm's. All settings lie above them."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """`set` in the file: dotted keys become options, the others an overlay."""
    after: str = ""
    """The arm whose run of the same task and seed must be there first."""
    values: Mapping[str, Any] = field(default_factory=dict)
    """What `{name}` stands for in settings and in other values; an arm's goes before a task's."""


@dataclass(frozen=True)
class StudyFile:
    """A study: every arm on every task with every seed."""

    title: str
    common: Part
    arms: Mapping[str, Part]
    tasks: Mapping[str, Part]
    seeds: tuple[int, ...]
    baseline: str
    metrics: tuple[str, ...] = ()
    """Of training, for the report."""


def read_study(path: Path) -> StudyFile:
    """A study from its file.

    Args:
        path: Of the YAML file.

    Raises:
        InputError: If it is not as it must be, with what is allowed.
    """
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as fault:
        raise InputError(f"The study file {path} cannot be read: {fault}.") from fault
    allowed = {"title", "recipe", "config", "set", "arms", "tasks", "seeds", "baseline", "metrics"}
    _check_keys(path, "the study", found, allowed)
    common = _part(path, "the study", {key: found[key] for key in ("recipe", "config", "set") if key in found}, True)
    arms = {name: _part(path, f"arm {name!r}", arm) for name, arm in _mapping(path, found, "arms").items()}
    if not arms:
        raise InputError(
            f"{path} has no arms; write at least one, such as `arms: {{grpo: {{recipe: {typed_recipe('grpo')}}}}}`."
        )
    given_tasks = _mapping(path, found, "tasks")
    tasks = {name: _part(path, f"task {name!r}", task, may_be_empty=True) for name, task in given_tasks.items()} or {
        "task": Part()
    }
    for name in [*arms, *tasks]:
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise InputError(f"{path} has {name!r}; allowed in a name: letters, digits and any of _ . + -")
    baseline = found.get("baseline", next(iter(arms)))
    for what, name in [("baseline", baseline), *((f"arm {n!r} is after", arm.after) for n, arm in arms.items() if arm.after)]:
        if name not in arms:
            raise InputError(f"{path}: {what} {name!r}, which is no arm; allowed: {', '.join(arms)}.")
    _check_order(path, arms)
    seeds = found.get("seeds", [1])
    whole = isinstance(seeds, list) and seeds and all(isinstance(seed, int) for seed in seeds)
    if not whole or len(set(seeds)) < len(seeds):
        raise InputError(f"{path}: seeds is {seeds!r}; allowed: a list of different whole numbers, such as [1, 2, 3].")
    metrics = found.get("metrics", [])
    if not isinstance(metrics, list):
        raise InputError(f"{path}: metrics is {metrics!r}; it must be a list of names, such as [reward/gap].")
    return StudyFile(str(found.get("title", path.stem)), common, arms, tasks, tuple(seeds), baseline, tuple(map(str, metrics)))


def _check_keys(path: Path, what: str, found: Any, allowed: set[str]) -> None:
    if not isinstance(found, dict):
        raise InputError(f"{path}: {what} is {found!r}; it must be a mapping with some of {', '.join(sorted(allowed))}.")
    unknown = [str(key) for key in found if key not in allowed]
    if unknown:
        raise InputError(f"{path}: {what} has {', '.join(unknown)}; allowed: {', '.join(sorted(allowed))}.")


def _mapping(path: Path, found: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = found.get(key) or {}
    if not isinstance(value, dict):
        raise InputError(f"{path}: {key} is {value!r}; it must be a mapping from names to what they change.")
    return value


def _part(path: Path, what: str, found: Any, may_be_empty: bool = False) -> Part:
    """One arm or task; an arm that changes nothing is most likely one that was not finished."""
    found = {} if found is None else found
    _check_keys(path, what, found, {"recipe", "config", "set", "after", "values"})
    config = found.get("config", [])
    names = [config] if isinstance(config, str) else config
    settings, values = found.get("set") or {}, found.get("values") or {}
    if not isinstance(names, list) or not isinstance(settings, dict) or not isinstance(values, dict):
        raise InputError(f"{path}: {what} must have a list of files as config and mappings as set and values.")
    recipe = _file(path, what, found["recipe"]) if "recipe" in found else None
    if not (recipe or names or settings or values or may_be_empty):
        raise InputError(
            f"{path}: {what} is empty; write what it is, with `recipe: FILE`, `config: [OVERLAY]`, `set: {{...}}` or "
            "`values: {...}`."
        )
    files = tuple(_file(path, what, name) for name in names)
    return Part(recipe, files, settings, str(found.get("after", "")), values)


def _file(path: Path, what: str, name: str) -> Path:
    place = next((p for p in (Path(name), path.parent / name) if p.is_file()), None) or recipe_file(name)
    if place is None:
        close = f" Nearest: {near}." if (near := nearest_shipped(name)) else ""
        raise InputError(
            f"{path}: {what} names the file {name}, which is neither here nor beside the study file, nor does it ship.{close}"
        )
    return place


def _check_order(path: Path, arms: Mapping[str, Part]) -> None:
    for name in arms:
        seen, now = [name], arms[name].after
        while now:
            if now in seen:
                raise InputError(f"{path}: the arms {', '.join(seen)} wait for each other; leave out one `after`.")
            seen.append(now)
            now = arms[now].after
