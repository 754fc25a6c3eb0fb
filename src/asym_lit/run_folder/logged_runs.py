"""Which runs of services a run has been logged in, so that it goes on in them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from asym_lit.run_folder.paths import LOGGED_RUNS
from asym_lit.run_folder.writing import write_json


def read_logged_runs(folder: Path) -> list[dict[str, Any]]:
    """`logger`, the name of its class, and `arguments`, with which it goes on; in the order of the loggers.

    Args:
        folder: Of the run; empty if no service has it.
    """
    path = folder / LOGGED_RUNS
    return list(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else []


def write_logged_runs(folder: Path, runs: Sequence[tuple[str, dict[str, str]]]) -> None:
    """Remember them; nothing is written where there are none.

    Args:
        folder: Of the run.
        runs: The name of a logger's class, and the arguments with which it goes on.
    """
    if runs:
        write_json(folder / LOGGED_RUNS, [{"logger": logger, "arguments": arguments} for logger, arguments in runs])
