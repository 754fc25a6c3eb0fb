"""Rows of files, and where each stands: JSON objects, one a line, gzipped or not, or a parquet table.

What they mean: `count_files`.
"""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from asym_lit.types import InputError
from asym_lit.types.errors import shown

Rows = Sequence[tuple[str, dict[str, Any]]]
"""Each with its place, for messages."""
GZIP = b"\x1f\x8b"
"""How such a file begins, whatever it is called."""
SHOWN = 40
"""Letters of a prompt that are shown where it names a problem."""
EXAMPLE = 'such as {"id": "aime24-0", "n": 128, "c": 17}, or {"id": "aime24-0", "correct": true} for each response'


@dataclass(frozen=True)
class Reading:
    """What a reader of others' files must be told, if they leave it open."""

    ids: str = ""
    """How a problem is called, of the fields of its row: `{doc.id}`, `gsm8k/{doc_id}`. Empty for what its format gives."""
    verdict: str = ""
    """The field that says what is right, where there are several."""
    filter: str = ""
    """Of lm-evaluation-harness: the filter whose verdicts count."""


def read_rows(path: Path) -> Rows:
    """All rows of a file.

    Args:
        path: Of JSON objects, one a line; or of a parquet table, if it ends so.

    Raises:
        InputError: If it cannot be read, has no rows, or one of them is no object.
    """
    return list(_table(path) if path.suffix == ".parquet" else _lines(path))


def _lines(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    try:
        found = path.read_bytes()
        text = (gzip.decompress(found) if found.startswith(GZIP) else found).decode("utf-8-sig")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as fault:
        raise InputError(f"{path} cannot be read as text in UTF-8 ({fault}); counts are JSON objects, one a line.") from fault
    some = False
    for i, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        where = f"{path}, row {i}"
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as fault:
            raise InputError(f"{where} is not JSON ({fault}); {_cure(line, i)}.") from fault
        if not isinstance(row, dict):
            raise InputError(f"{where} is {line.strip()[:40]}, and no object; {_cure(line, i)}.")
        some = True
        yield where, row
    if not some:
        raise InputError(f"{path} has no rows; write one object a line, {EXAMPLE}.")


def _cure(line: str, i: int) -> str:
    """What turns a file of another form into one object a line, told by its first row."""
    start = line.strip()
    if (i == 1 and start.startswith("[{")) or start in ("[", "{"):
        return (
            "the file is one JSON value over all; write one object a line, as jq -c '.[]' does of a list and jq -c . of objects"
        )
    for mark, name in ((",", "commas"), ("\t", "tabs")):
        if i == 1 and mark in start and not start.startswith(("{", "[")):
            how = "pandas does by to_json(..., orient='records', lines=True)"
            return f"it seems to be a table with {name}; write one object a line, as {how}"
    return f"write one object a line, {EXAMPLE}"


def _table(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        rows = pq.read_table(path).to_pylist()
    except (OSError, pa.ArrowInvalid) as fault:
        raise InputError(f"{path} cannot be read as a parquet table ({fault}).") from fault
    if not rows:
        raise InputError(f"{path} has no rows.")
    for i, row in enumerate(rows, start=1):
        yield f"{path}, row {i}", row


def name_of(value: Any, where: str) -> str:
    """A text that is not empty, or a whole number, as text."""
    if isinstance(value, bool) or not isinstance(value, str | int) or not str(value).strip():
        raise InputError(f"{where}: it is {shown(value)}; allowed: a text or a whole number.")
    return str(value)


def prompt_name(prompt: Any, where: str) -> str:
    """The end of a prompt, where its question stands, and a hash of all: prompts begin alike, with their template.

    Args:
        prompt: A text, or the messages of a chat.
        where: For messages.
    """
    if isinstance(prompt, list) and all(isinstance(one, dict) and isinstance(one.get("content"), str) for one in prompt):
        prompt = "\n".join(f"{one.get('role', '')}: {one['content']}" for one in prompt)
    text = name_of(prompt, where)
    return f"{' '.join(text.split())[-SHOWN:]} #{sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}"


def made_name(template: str, row: Mapping[str, Any], where: str) -> str:
    """A problem's name made of the fields of its row; `{doc.id}` is the field id of the field doc.

    Raises:
        InputError: If a field is not there, is no text or whole number, or the template names none.
    """

    def value(found: re.Match[str]) -> str:
        inner: Any = row
        for part in found[1].split("."):
            if not isinstance(inner, Mapping) or part not in inner:
                has = ", ".join(map(str, inner)) if isinstance(inner, Mapping) else "no fields"
                raise InputError(f"{where}: ids is {template!r}, and there is no {part} of {found[0]}; allowed: {has}.")
            inner = inner[part]
        return name_of(inner, f"{where}, field {found[1]}")

    name, fields = re.subn(r"\{([^{}]+)\}", value, template)
    if not fields:
        raise InputError(f"ids is {template!r} and names no field, so all problems are one; write such as gsm8k/{{doc_id}}.")
    return name
