"""Rows of data sets: local files, folders of files, hub ids. What their columns mean is in `columns` and `problems`."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from asym_lit.types import InputError

Row = Mapping[str, Any]
SUFFIXES = (".parquet", ".jsonl", ".json", ".csv")
_KINDS = "a .parquet, .jsonl, .json or .csv file, a folder of such files, or a hub id"


@dataclass(frozen=True)
class Source:
    """One split of a data set, as it is stored. Equal sources hold the same rows."""

    path: str
    split: str = "train"
    config: str | None = None
    revision: str | None = None
    files: tuple[Path, ...] = ()
    """Local files; none for a hub id."""
    hub_files: str | None = None
    """Which files of the hub id it is, where that has no configuration for them."""

    def __str__(self) -> str:
        return ", ".join(str(file) for file in self.files) or f"{self.path} ({self.split})"


def find_source(path: str, split: str = "train", config: str | None = None, revision: str | None = None) -> Source:
    """Where a split is stored.

    Args:
        path: A local file, which is the one split of its data set; a folder with a file `<split>.jsonl`, or
            `<split>-00000-of-00002.parquet` and so on, for each split, or with one file alone; or a hub id.
        split: Name of the split.
        config: Configuration of the data set on the hub.
        revision: Commit or tag of the data set on the hub.

    Raises:
        InputError: If there is no such file, or the folder has no such split.
    """
    local = Path(path).expanduser()
    if local.suffix in SUFFIXES:
        if not local.is_file():
            raise InputError(f"There is no data file {path}; give {_KINDS}.")
        return Source(path, "", files=(local,))
    if local.is_dir():
        files = sorted(file for file in local.iterdir() if file.suffix in SUFFIXES)
        named = [f for f in files if f.stem == split or f.stem.startswith(f"{split}-")]
        if not files or (not named and len(files) > 1):
            there = ", ".join(f.name for f in files) or "no data file"
            raise InputError(f"The folder {path} has no split {split!r}; expected {split}.jsonl or the like, there is {there}.")
        return Source(path, "", files=tuple(named or files))
    if local.is_absolute() or path.startswith((".", "~")):
        raise InputError(f"There is no data folder {path}; give {_KINDS}.")
    return Source(path, split, config, revision)


def read_rows(source: Source) -> Iterator[Row]:
    """The rows of a source, in order.

    JSON and CSV files are read as they are written. (`datasets` would make a column of "025" and 5 one of numbers, and so
    lose the zero.)

    Raises:
        InputError: If it cannot be read.
    """
    for file in source.files:
        try:
            yield from _READERS[file.suffix](file)
        except (ValueError, csv.Error) as fault:  # pyarrow's errors are ValueErrors
            if isinstance(fault, InputError):
                raise
            raise InputError(f"The data file {file} cannot be read as {file.suffix[1:]}: {fault}") from fault
    if not source.files:
        yield from _hub_rows(source)


def _hub_rows(source: Source) -> Iterator[Row]:
    from datasets import load_dataset
    from datasets.exceptions import DatasetGenerationError

    try:
        return iter(
            load_dataset(source.path, source.config, data_files=source.hub_files, split=source.split, revision=source.revision)
        )
    except (OSError, ValueError, DatasetGenerationError) as fault:
        first = (str(fault).splitlines() or [type(fault).__name__])[0]
        raise InputError(
            f"No data set at {source.path!r} (split {source.split!r}): {first} Give a hub id that can be reached, or a local "
            "file or folder."
        ) from fault


def _parquet(file: Path) -> Iterator[Row]:
    from datasets import Dataset
    from datasets.exceptions import DatasetGenerationError

    try:
        return iter(Dataset.from_parquet(str(file)))
    except DatasetGenerationError as fault:
        raise ValueError(fault.__cause__ or fault) from fault


def _json_lines(file: Path) -> Iterator[Row]:
    with file.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                try:
                    row = json.loads(line)
                except json.JSONDecodeError as fault:
                    raise InputError(f"{file}, line {number} is no JSON: {fault}.") from fault
                yield _object(file, number, row)


def _json(file: Path) -> Iterator[Row]:
    """A list of objects; or, as some write them, one object per line."""
    text = file.read_text(encoding="utf-8")
    try:
        found = json.loads(text)
    except json.JSONDecodeError:
        yield from _json_lines(file)
        return
    rows = found if isinstance(found, list) else [found]
    yield from (_object(file, number, row) for number, row in enumerate(rows, start=1))


def _csv(file: Path) -> Iterator[Row]:
    with file.open(encoding="utf-8", newline="") as lines:
        yield from csv.DictReader(lines)


def _object(file: Path, number: int, row: Any) -> Row:
    if not isinstance(row, Mapping):
        raise InputError(f"{file}, entry {number} is {str(row)[:60]!r}; a row is an object with named fields.")
    try:
        json.dumps(row, ensure_ascii=False).encode()
    except UnicodeEncodeError as fault:
        half = fault.object[fault.start]
        raise InputError(
            f"{file}, entry {number} holds {half!r}, half of a character, which no tokenizer reads; mend it."
        ) from fault
    return row


_READERS = {".parquet": _parquet, ".jsonl": _json_lines, ".json": _json, ".csv": _csv}
