"""Checksums of a checkpoint: whether its files are as they were written. They find damage, not malice."""

from __future__ import annotations

import json
from pathlib import Path
from zlib import crc32

from asym_lit.processes.progress import PROGRESS
from asym_lit.run_folder.writing import write_json
from asym_lit.types import InputError

CHECKSUMS = "checksums.json"
BLOCK = 2**24
"""Bytes read at once."""


def write_checksums(folder: Path) -> None:
    """Note the checksum of each file of a folder, and of those in folders within it."""
    write_json(folder / CHECKSUMS, {str(path.relative_to(folder)): _checksum(path) for path in _files(folder)})


def damaged_files(folder: Path) -> list[str]:
    """Files that are missing or are not as they were written; none if no checksums were."""
    try:
        noted = json.loads((folder / CHECKSUMS).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return []
    except ValueError:
        return [CHECKSUMS]
    return [name for name, value in noted.items() if not (folder / name).is_file() or _checksum(folder / name) != value]


def check_export(policy: str) -> None:
    """Refuse the policy of a checkpoint that is not as it was written; zeros within a weight file would load without a word.

    Args:
        policy: A directory, of whatever origin, or a hub id; of those that no checkpoint holds nothing is known.

    Raises:
        InputError: With the damaged file.
    """
    folder = Path(policy)
    if damaged := [name for name in damaged_files(folder.parent) if Path(name).parts[0] == folder.name]:
        raise InputError(
            f"{folder.parent / damaged[0]} is damaged: it is not as it was written. Name the policy of another step of the run."
        )


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.name != CHECKSUMS)


def _checksum(path: Path) -> int:
    value = 0
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            value = crc32(block, value)
            PROGRESS.move()
    return value
