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

from asym_lit.types import InputError


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


def folder_for(out: str) -> Path:
    """The folder of a report, made before the work begins that would be lost without it.

    Args:
        out: What a person gave.

    Raises:
        InputError: If it is no folder and none can be made there, or nothing can be written into it.
    """
    folder = Path(out)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        writable = os.access(folder, os.W_OK | os.X_OK)
    except OSError as fault:
        raise InputError(f"out is {out}, and no folder can be made there ({fault.strerror}); name another.") from fault
    if not writable:
        raise InputError(f"out is {out}, and nothing may be written into it; name another folder.")
    return folder


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


def write_table(path: Path, rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str] | None = None) -> None:
    """Write rows as a parquet file.

    Args:
        path: Of the file.
        rows: With the same keys.
        columns: Names and types, such as `int64` or `list of string`; None to read them off the rows.
    """
    import pyarrow as pa  # 29 MiB, which a run without tables does without
    from pyarrow import parquet

    def kind(name: str) -> pa.DataType:
        item = name.removeprefix("list of ")
        return pa.type_for_alias(name) if item == name else pa.list_(pa.type_for_alias(item))

    schema = None if columns is None else pa.schema({name: kind(of) for name, of in columns.items()})

    with renamed_when_whole(path) as partial:
        parquet.write_table(pa.Table.from_pylist(list(rows), schema), partial, compression="zstd")


def read_table(path: Path) -> list[dict[str, Any]]:
    """The rows of a parquet file.

    Raises:
        OSError: If there is no such file.
        ValueError: If it is no parquet file.
    """
    from pyarrow import parquet

    return list(parquet.read_table(path).to_pylist())
