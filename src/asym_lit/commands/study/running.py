"""Runs the cells of a study: some at a time, each to its end, none twice. What a cell is: `cells`."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence

from asym_lit.commands.study.cells import Cell, ready

PAUSE = 0.2
"""Seconds between looks at what runs."""
TRAINER = (sys.executable, "-m", "asym_lit.cli")


def start(cell: Cell, trainer: Sequence[str]) -> subprocess.Popen[bytes] | None:
    """Starts the run of a cell; None if another process is at it, or it has been done meanwhile."""
    descriptor = cell.lock()
    if descriptor is None:
        return None
    try:
        if cell.done:
            return None
        words = cell.prepare()
        with cell.notes.with_suffix(f"{cell.notes.suffix}.log").open("ab") as log:
            return subprocess.Popen(  # noqa: S603
                [*trainer, "fit", *words], stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=[descriptor]
            )
    finally:
        os.close(descriptor)  # the lock is the trainer's now


def run_cells(
    wanted: Sequence[Cell], all_cells: Sequence[Cell], jobs: int, trainer: Sequence[str], say: Callable[[str], None]
) -> list[Cell]:
    """Runs what is not done, a number of cells at a time, and waits for those that other processes are at.

    Args:
        wanted: The cells to run.
        all_cells: Of the study, which they may wait for.
        jobs: Runs at a time.
        trainer: Command before `fit`.
        say: Told of each cell that starts and ends.

    Returns:
        The cells that failed, and those that wait for one that did.
    """
    running: dict[Cell, subprocess.Popen[bytes]] = {}
    failed: list[Cell] = []
    waiting: set[Cell] = set()
    try:
        while True:
            for cell in [cell for cell, process in running.items() if process.poll() is not None]:
                _ended(cell, running.pop(cell).returncode, failed, say)
            open_cells = [c for c in ready(list(all_cells)) if c in wanted and c not in running and c not in failed]
            for cell in open_cells:
                if len(running) >= jobs:
                    break
                process = start(cell, trainer)
                if process is not None:
                    running[cell] = process
                    say(f"running  {cell.name}")
                elif cell not in waiting and not cell.done:
                    waiting.add(cell)
                    say(f"waiting  {cell.name}: another process is at it")
            if not running and not open_cells:
                return [c for c in wanted if not c.done]
            time.sleep(PAUSE)
    finally:
        for process in running.values():
            process.terminate()
        for process in running.values():
            process.wait()


def _ended(cell: Cell, code: int, failed: list[Cell], say: Callable[[str], None]) -> None:
    if code == 0 and cell.done:
        say(f"done     {cell.name}")
        return
    failed.append(cell)
    log = cell.notes.with_suffix(f"{cell.notes.suffix}.log")
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    why = f"exit code {code}" if code else "it ended without a record; the recipe lacks the RunRecord callback"
    say(f"failed   {cell.name}: {why}; see {log}\n         " + "\n         ".join(lines[-3:]))
