"""Folders `version_N` of the loggers that number them: which number is which folder's."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any


def version_of(folder: str) -> int | str:
    """What a logger calls a folder: 1 for `version_1`, any other name as it is.

    A number, for the progress bar shows the last four letters of a text: `on_1`.
    """
    found = re.fullmatch(r"version_(0|[1-9]\d*)", folder)
    return int(found[1]) if found else folder


def joined(logger: Any, folder: Path) -> None:
    """Have a logger that has not chosen a version write into the run's folder, if it writes below the same one."""
    if logger._version is None and Path(logger.root_dir) == folder.parent:
        logger._version = version_of(folder.name)
