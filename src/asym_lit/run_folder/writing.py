"""Files that are whole or not there, whatever kills the process that writes them.

What is in them is their callers' business.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import isfinite
from pathlib import Path
from typing import Any
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq


@contextmanager
def renamed_when_whole(path: Path) -> Iterator[Path]:
    """A file of another name, which gets the right one at the end; of several writers at once the last one wins."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{uuid4().hex}.partial")
    try:
        yield partial
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def write_atomically(path: Path, lines: Iterable[str]) -> None:
    """Write a text file; half of a surrogate pair, which is no character, becomes the escape that JSON has for it."""
    with renamed_when_whole(path) as partial, partial.open("x", encoding="utf-8", errors="backslashreplace") as file:
        for line in lines:
            file.write(line + "\n")


def write_json(path: Path, value: Any) -> None:
    """Write plain types as JSON; a number that is not finite, which JSON has no word for, becomes null."""
    write_atomically(path, [json.dumps(finite(value), indent=2)])


def write_json_lines(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write plain types as JSON, one object a line."""
    write_atomically(path, (json.dumps(finite(row), ensure_ascii=False) for row in rows))


def finite(value: Any) -> Any:
    """Plain types with None for every number that is not finite."""
    if isinstance(value, float):
        return value if isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: finite(item) for key, item in value.items()}
    return [finite(item) for item in value] if isinstance(value, list | tuple) else value


def write_table(path: Path, rows: Sequence[Mapping[str, Any]], schema: pa.Schema | None = None) -> None:
    """Write rows as a parquet file.

    Args:
        path: Of the file.
        rows: With the same keys.
        schema: Of the columns; None to read it off the rows.
    """
    with renamed_when_whole(path) as partial:
        pq.write_table(pa.Table.from_pylist(list(rows), schema), partial, compression="zstd")
