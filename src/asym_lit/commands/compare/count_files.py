"""Counts from files: rows `{id, n, c}`, with `source` and `seed` if there are any, one JSON object a line.

Rows of responses: `response_files`. What is done with counts: `evaluation/counted.py`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from asym_lit.command_line.names import nearest
from asym_lit.commands.compare.response_files import name_of, of_problems
from asym_lit.commands.other_rollouts import rows_of
from asym_lit.evaluation.counted import CountedArm
from asym_lit.types import InputError

FIELDS = {"id": "the problem's name", "n": "its responses", "c": "right ones among them"}
ENDINGS = (".jsonl", ".json", ".ndjson", ".csv", ".parquet")
"""Of words that mean a file, there or not."""


def split_words(words: Sequence[str]) -> tuple[list[tuple[str, Path]], list[str]]:
    """Files of counts with their arms, and the words that are left, which mean folders.

    Args:
        words: `NAME=PATH` or `PATH`; a file without a name makes an arm of its own name.

    Raises:
        InputError: If a word means a file that is not there.
    """
    files, folders = [], []
    for word in words:
        name, named, rest = word.partition("=")
        path = Path(rest if named else word)
        if path.is_file():
            files.append((name if named else path.stem, path))
        elif path.suffix in ENDINGS and not path.is_dir():
            close = nearest(path.name, sorted(one.name for one in path.parent.glob(f"*{path.suffix}")))
            raise InputError(f"There is no file {path}{f'; the nearest is {path.parent / close}' if close else ''}.")
        else:
            folders.append(word)
    return files, folders


def read_arms(files: Sequence[tuple[str, Path]]) -> list[CountedArm]:
    """Arms of counts; files of one name are one arm, and its seeds must tell them apart.

    Args:
        files: Names of arms, and where their counts are.

    Raises:
        InputError: If a row is not what it should be, by file, row and field, or a problem is there twice with one seed.
    """
    arms: dict[str, dict[str, dict[str, tuple[int, int]]]] = {}
    places: dict[tuple[str, str, str], str] = {}
    sources: dict[str, dict[str, str]] = {}
    for name, path in files:
        seeds = arms.setdefault(name, {})
        for where, row in of_problems(list(_rows(path))):
            uid, seed, n, c = _checked(row, where)
            first = places.setdefault((name, seed, uid), where)
            if first != where:
                of_seed = f" of seed {seed}" if "seed" in row else ""
                raise InputError(
                    f"{where}, field id: {uid!r}{of_seed} was given in {first} already; a problem has one row for each seed. "
                    "Add up its counts, write seed in every row, or name the arms apart, NAME=PATH."
                )
            seeds.setdefault(seed, {})[uid] = (n, c)
            source = row.get("source")
            if source is None:
                continue
            known = sources.setdefault(name, {}).setdefault(uid, str(source))
            if known != str(source):
                raise InputError(f"{where}, field source: {uid!r} is of {source!r} here and of {known!r} before.")
    origins = {name: ", ".join(str(path) for other, path in files if other == name) for name in arms}
    return [CountedArm(name, seeds, origins[name], sources.get(name, {})) for name, seeds in arms.items()]


def _rows(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Rows that are objects, and where each stands."""
    if path.suffix == ".parquet":
        yield from rows_of(path)
        return
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as fault:
        raise InputError(f"{path} cannot be read as text ({fault}); counts are JSON objects, one a line.") from fault
    found = False
    for i, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        where = f"{path}, row {i}"
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as fault:
            raise InputError(f"{where} is not JSON ({fault}); write one object a line, {_example()}.") from fault
        if not isinstance(row, dict):
            raise InputError(f"{where} is {line.strip()[:40]}, and no object; write {_example()}.")
        found = True
        yield where, row
    if not found:
        raise InputError(f"{path} has no rows; write one object a line, {_example()}.")


def _example() -> str:
    return 'such as {"id": "aime24-0", "n": 128, "c": 17}, or {"id": "aime24-0", "correct": true} for each response'


def _checked(row: dict[str, Any], where: str) -> tuple[str, str, int, int]:
    """Id, seed, n and c of a row."""
    for name, words in FIELDS.items():
        if name not in row:
            has = ", ".join(map(str, row)) or "nothing"
            raise InputError(f"{where}, field {name}: it is not there ({words}); the row has {has}. Write {_example()}.")
    uid, seed = name_of(row["id"], f"{where}, field id"), "0"
    if row.get("seed") is not None:
        seed = name_of(row["seed"], f"{where}, field seed")
    if not isinstance(row.get("source"), str | None):
        raise InputError(f"{where}, field source: it is {row['source']!r}; allowed: a text.")
    n, c = (_whole(row[name], f"{where}, field {name}") for name in ("n", "c"))
    if n < 1:
        raise InputError(f"{where}, field n: it is {n}; allowed: at least 1. Leave out a problem without a response.")
    if not 0 <= c <= n:
        raise InputError(f"{where}, field c: it is {c} of n = {n} responses; allowed: 0 to {n}.")
    return uid, seed, n, c


def _whole(value: Any, where: str) -> int:
    """A whole number; 128.0 is one, for tables with a gap are written so, and "128" is none."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value // 1:  # NaN differs from itself
        raise InputError(f"{where}: it is {value!r}; allowed: a whole number.")
    if abs(value) > 10**9:
        raise InputError(f"{where}: it is {value!r}; allowed: at most 1,000,000,000.")
    return int(value)
