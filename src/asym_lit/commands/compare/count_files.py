"""Arms from files of counts: rows `{id, n, c}`, with `source` and `seed` if there are any, and what becomes such rows.

Rows of responses: `response_files`; of problems with metrics: `harness_files`. What is done with counts:
`evaluation/counted.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from asym_lit.command_line.names import nearest
from asym_lit.commands.compare.harness_files import LIGHTEVAL, LM_EVAL, OLD_LIGHTEVAL, counted_lighteval, counted_lm_eval
from asym_lit.commands.compare.response_files import (
    TRL,
    VERL,
    added_up,
    are_rollouts,
    labelled_rollouts,
    labelled_trl,
    labelled_verl,
)
from asym_lit.commands.compare.row_files import EXAMPLE, Reading, Rows, name_of, read_rows
from asym_lit.evaluation.counted import CountedArm
from asym_lit.types import InputError
from asym_lit.types.errors import shortened, shown

FIELDS = {"id": "the problem's name", "n": "its responses", "c": "right ones among them"}
ENDINGS = (".jsonl", ".json", ".ndjson", ".csv", ".tsv", ".gz", ".parquet")
"""Of words that mean a file, there or not."""
OTHERS = {"lm-evaluation-harness", "lighteval", "verl", "TRL"}
USES = {"ids": OTHERS, "verdict": OTHERS, "filter": {"lm-evaluation-harness"}}
"""Whose files have a use for what `Reading` says."""


def split_words(words: Sequence[str]) -> tuple[list[tuple[str, Path]], list[str]]:
    """Files of counts with their arms, and the words that are left, which mean folders.

    Args:
        words: `NAME=PATH` or `PATH`; a file without a name makes an arm of its own name.

    Raises:
        InputError: If a word means a file that is not there.
    """
    files, folders = [], []
    for word in words:
        name, named, rest = "", "", word
        if not Path(word).is_file():  # a folder may be called lr=0.1
            name, named, rest = word.partition("=")
        path = Path(rest if named else word)
        if path.is_file():
            files.append((name if named else Path(path.name.removesuffix(".gz")).stem, path))
        elif path.suffix in ENDINGS and not path.is_dir():
            close = nearest(path.name, sorted(one.name for one in path.parent.glob(f"*{path.suffix}")))
            raise InputError(f"There is no file {path}{f'; the nearest is {path.parent / close}' if close else ''}.")
        else:
            folders.append(word)
    return files, folders


def read_arms(files: Sequence[tuple[str, Path]], reading: Reading | None = None) -> tuple[list[CountedArm], list[str]]:
    """Arms of counts, and what a reader must know; files of one name are one arm, and its seeds must tell them apart.

    Args:
        files: Names of arms, and where their counts are.
        reading: What others' files leave open.

    Raises:
        InputError: If a row is not what it should be, by file, row and field, a problem is there twice with one seed, or no
            file has a use for what `reading` says.
    """
    reading = reading or Reading()
    arms: dict[str, dict[str, dict[str, tuple[int, int]]]] = {}
    places: dict[tuple[str, str, str], str] = {}
    sources: dict[str, dict[str, str]] = {}
    notes: list[str] = []
    kinds = set()
    for name, path in files:
        seeds = arms.setdefault(name, {})
        kind, problems, of_file = _problems(path, reading)
        kinds.add(kind)
        notes += of_file
        for where, row in problems:
            uid, seed, n, c = _checked(row, where)
            first = places.setdefault((name, seed, uid), where)
            if first != where:
                of_seed = f" of seed {seed}" if "seed" in row else ""
                raise InputError(
                    f"{where}, field id: {shown(uid)}{of_seed} was given in {first} already; a problem has one row for each "
                    "seed. Add up its counts, write seed in every row, or name the arms apart, NAME=PATH."
                )
            seeds.setdefault(seed, {})[uid] = (n, c)
            source = row.get("source")
            if source is None:
                continue
            known = sources.setdefault(name, {}).setdefault(uid, str(source))
            if known != str(source):
                raise InputError(
                    f"{where}, field source: {shown(uid)} is of {shown(source)} here and of {shown(known)} before."
                )
    for setting, some in USES.items():
        if getattr(reading, setting) and not kinds & some:
            raise InputError(f"{setting} is of files of {', '.join(sorted(some))}, and there is none; leave it out.")
    origins = {name: ", ".join(str(path) for other, path in files if other == name) for name in arms}
    return [CountedArm(name, seeds, origins[name], sources.get(name, {})) for name, seeds in arms.items()], notes


def _problems(path: Path, reading: Reading) -> tuple[str, Rows, list[str]]:
    """Whose file it is, its rows as counts of problems, and what a reader must know of it."""
    rows = read_rows(path)
    fields = rows[0][1].keys()
    if fields >= LM_EVAL:
        return "lm-evaluation-harness", *counted_lm_eval(rows, reading, path)
    if fields >= LIGHTEVAL:
        return "lighteval", counted_lighteval(rows, reading, path), []
    if fields >= OLD_LIGHTEVAL:
        raise InputError(
            f"{path} is of a lighteval before 0.13, whose details hold texts of tables; evaluate with 0.13 or later."
        )
    if fields >= VERL and "id" not in fields:
        return "verl", added_up(labelled_verl(rows, reading)), []
    if fields >= TRL and "id" not in fields:
        return "TRL", added_up(labelled_trl(rows, reading)), []
    if are_rollouts(fields):
        return "rollouts", added_up(labelled_rollouts(rows)), []
    labels = "correct" in fields and not {"n", "c"} & fields
    return "counts", added_up(rows) if labels else rows, []


def _checked(row: dict[str, Any], where: str) -> tuple[str, str, int, int]:
    """Id, seed, n and c of a row."""
    for name, words in FIELDS.items():
        if name not in row:
            has = shortened(", ".join(map(str, row)), 160) or "nothing"
            raise InputError(f"{where}, field {name}: it is not there ({words}); the row has {has}. Write {EXAMPLE}.")
    uid, seed = name_of(row["id"], f"{where}, field id"), "0"
    if row.get("seed") is not None:
        seed = name_of(row["seed"], f"{where}, field seed")
    if not isinstance(row.get("source"), str | None):
        raise InputError(f"{where}, field source: it is {shown(row['source'])}; allowed: a text.")
    n, c = (_whole(row[name], f"{where}, field {name}") for name in ("n", "c"))
    if n < 1:
        raise InputError(f"{where}, field n: it is {n}; allowed: at least 1. Leave out a problem without a response.")
    if not 0 <= c <= n:
        raise InputError(f"{where}, field c: it is {c} of n = {n} responses; allowed: 0 to {n}.")
    return uid, seed, n, c


def _whole(value: Any, where: str) -> int:
    """A whole number; 128.0 is one, for tables with a gap are written so, and "128" is none."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value // 1:  # NaN differs from itself
        raise InputError(f"{where}: it is {shown(value)}; allowed: a whole number.")
    if abs(value) > 10**9:
        raise InputError(f"{where}: it is {shown(value)}; allowed: at most 1,000,000,000.")
    return int(value)
