"""What processes that have to end at once leave in the run folder. Why they end: `processes/judging`."""

from __future__ import annotations

from pathlib import Path

from asym_lit.processes.stacks import stacks
from asym_lit.run_folder.paths import STACKS, whole_checkpoints
from asym_lit.run_folder.record import read_record, write_record
from asym_lit.run_folder.writing import write_atomically


def keep_stacks(folder: Path, rank: int, why: str) -> Path:
    """Write where the threads of this process are; returns the file.

    Args:
        folder: Of the run.
        rank: Of this process.
        why: It ends.
    """
    path = folder / STACKS / f"rank_{rank:04d}.txt"
    write_atomically(path, [why, "", *stacks().splitlines()])
    return path


def note_end(folder: Path, why: str) -> list[str]:
    """Write into a run's record that it failed, and why; returns lines that say what is saved, and how to go on.

    Args:
        folder: Of the run; one without a record gets none.
        why: In a line.
    """
    if record := read_record(folder):
        write_record(folder, {**record, "state": "failed", "why": why})
    saved = whole_checkpoints(folder)[-1:]
    words = str(saved[0]) if saved else "nothing yet; the run begins anew"
    return [f"Saved           {words}", f"To go on        --ckpt_path {folder}"]
