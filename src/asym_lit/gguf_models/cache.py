"""A cache of directories on disk, safe for processes that want the same one at once.

A directory is named by what it was made of. It is made under another name and renamed when it is whole, by one process at a
time; the others wait and take what it made. Its files' SHA-256 are noted in it, and looked at before it is given out.
"""

from __future__ import annotations

import json
import os
import shutil
import warnings
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

from asym_lit.types import InputError

VARIABLE = "ASYM_LIT_CACHE"
"""Of the environment: where the cache is."""
NOTE = "source.json"
"""What a directory was made of, and the SHA-256 of its files."""


def cache_root() -> Path:
    """`$ASYM_LIT_CACHE`, else `asym_lit` in `$XDG_CACHE_HOME`, else in `~/.cache`."""
    if given := os.environ.get(VARIABLE):
        return Path(given).expanduser()
    above = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(above).expanduser() / "asym_lit"


def digest(path: Path) -> str:
    """The SHA-256 of a file."""
    with path.open("rb") as file:
        found = sha256()
        while block := file.read(2**22):
            found.update(block)
    return found.hexdigest()


def cached(folder: Path, make: Callable[[Path], dict[str, Any]]) -> Path:
    """A directory of the cache, made if it is not there, and made anew, with a warning, if it is damaged.

    Args:
        folder: Where it is.
        make: Fills an empty directory; what it returns is noted beside the checksums.

    Raises:
        InputError: If the cache cannot be written.
    """
    if folder.is_dir() and not damaged_file(folder):
        return folder
    from filelock import FileLock

    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.with_name(f".{folder.name}.turn")):
            _make_if_need_be(folder, make)
    except OSError as fault:
        raise InputError(
            f"The cache of converted models, {folder.parent}, cannot be written ({fault}). Set {VARIABLE} to a directory with "
            "room for the model in fp32."
        ) from fault
    return folder


def _make_if_need_be(folder: Path, make: Callable[[Path], dict[str, Any]]) -> None:
    if folder.is_dir():  # another process may have been here first
        if not (damaged := damaged_file(folder)):
            return
        warnings.warn(f"{folder / damaged} is damaged: it is not as it was written. It is made anew.", stacklevel=2)
        gone = folder.with_name(f".{folder.name}.{uuid4().hex}.partial")
        folder.rename(gone)
    for left in folder.parent.glob(f".{folder.name}.*.partial"):  # by a process that was killed; nobody else is at it
        shutil.rmtree(left)
    partial = folder.with_name(f".{folder.name}.{uuid4().hex}.partial")
    partial.mkdir()
    try:
        said = make(partial)
        sums = {path.name: digest(path) for path in sorted(partial.iterdir())}
        (partial / NOTE).write_text(json.dumps({**said, "sha256": sums}, indent=2), encoding="utf-8")
        partial.rename(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def read_note(folder: Path) -> dict[str, Any]:
    """What a directory of the cache was made of; empty if its note cannot be read."""
    try:
        found = json.loads((folder / NOTE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def damaged_file(folder: Path) -> str | None:
    """The first file that is missing or not as it was written; None if all are."""
    sums = read_note(folder).get("sha256")
    if not isinstance(sums, dict) or not sums:
        return NOTE
    for name, noted in sums.items():
        if not (folder / name).is_file() or digest(folder / name) != noted:
            return str(name)
    return None
