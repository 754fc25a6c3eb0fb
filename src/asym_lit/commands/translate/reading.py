"""Another trainer's configuration as flat options: YAML, JSON, or the words of a command line in a shell script."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import yaml

from asym_lit.types import InputError

Trainer = Literal["trl", "verl"]
VERL_MARKS = ("actor_rollout_ref", "algorithm", "data", "critic", "trainer", "custom_reward_function", "reward")
_OVERRIDE = re.compile(r"\+{0,2}([a-zA-Z_][\w]*(?:\.[\w]+)+)=(.*)", re.DOTALL)
_VARIABLE = re.compile(r"^\s*(?:export\s+)?([A-Za-z_]\w*)=(\S*|\"[^\"]*\"|'[^']*')\s*(?:#.*)?$", re.MULTILINE)


def read_options(path: Path) -> tuple[Trainer, dict[str, Any]]:
    """The options of a file, by their names there, and whose they are.

    Args:
        path: `.yaml`, `.yml`, `.json`; anything else is read as a shell script.

    Raises:
        InputError: If there is no such file, or it holds no options.
    """
    if not path.is_file():
        raise InputError(f"There is no file {path}; give a TRL or verl configuration (.yaml, .json) or a script (.sh).")
    text = path.read_text(encoding="utf-8")
    if path.suffix in (".yaml", ".yml", ".json"):
        try:
            found = yaml.safe_load(text)
        except yaml.YAMLError as fault:
            line = getattr(getattr(fault, "problem_mark", None), "line", None)
            what = getattr(fault, "problem", None) or str(fault)
            raise InputError(f"{path} is no YAML{'' if line is None else f', line {line + 1}'}: {what:.120}") from fault
        found = {} if found is None else found
        if not isinstance(found, Mapping):
            raise InputError(f"{path} holds {type(found).__name__}, not options by name.")
        nested = any(isinstance(found.get(mark), Mapping) for mark in VERL_MARKS)
        options = dict(_flat(found)) if nested else {str(k): v for k, v in found.items()}
    else:
        options = _of_words(_words(text))
    if not options:
        raise InputError(f"{path} holds no options: neither --name value, as for TRL, nor a.b=value, as for verl.")
    is_verl = any(name.partition(".")[0] in VERL_MARKS and "." in name for name in options)
    return ("verl" if is_verl else "trl"), options


def _flat(options: Mapping[str, Any], above: str = "") -> list[tuple[str, Any]]:
    rows: list[tuple[str, Any]] = []
    for name, value in options.items():
        if name in ("defaults", "_target_", "hydra"):  # of hydra itself
            continue
        inside = f"{above}.{name}" if above else str(name)
        rows += _flat(value, inside) if isinstance(value, Mapping) and value else [(inside, value)]
    return rows


def _words(script: str) -> list[str]:
    """The words of a script's commands, its plain variables put in."""
    variables = {name: value.strip("\"'") for name, value in _VARIABLE.findall(script)}
    lines = re.sub(r"\\\s*\n", " ", script).splitlines()
    words: list[str] = []
    for line in lines:
        for _ in range(3):  # variables may stand in others
            line = re.sub(r"\$\{?([A-Za-z_]\w*)\}?", lambda m: variables.get(m[1], m[0]), line)
        try:
            words += shlex.split(line, comments=True)
        except ValueError:  # a line of shell with quotes over several lines
            words += line.split()
    return words


def _of_words(words: Sequence[str]) -> dict[str, Any]:
    options: dict[str, Any] = {}
    for i, word in enumerate(words):
        override = _OVERRIDE.fullmatch(word)
        if override:
            options[override[1]] = _value(override[2])
        elif word.startswith("--") and len(word) > 2:
            name, given, value = word[2:].partition("=")
            rest = [value] if given else _until_option(words[i + 1 :])
            values = [_value(one) for one in rest]
            options[name.replace("-", "_")] = True if not values else values[0] if len(values) == 1 else values
    return options


def _until_option(words: Sequence[str]) -> list[str]:
    found = []
    for word in words:
        if word.startswith("--") or _OVERRIDE.fullmatch(word) or word in ("&&", "|", ";", "&"):
            break
        found.append(word)
    return found


def _value(word: str) -> Any:
    """A word as YAML reads it; 1e-6, which YAML takes for text, as the number it is."""
    try:
        found = yaml.safe_load(word)
    except yaml.YAMLError:
        return word
    if isinstance(found, str):
        try:
            return float(found)
        except ValueError:
            return found
    return found
