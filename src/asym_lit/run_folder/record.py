"""What a run was, `run.json`, and what it measured step by step, `metrics.jsonl`: written, cut back and read again.

What is measured, callbacks decide.
"""

from __future__ import annotations

import json
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from asym_lit.run_folder.paths import FAULT, METRICS, RECORD
from asym_lit.run_folder.writing import finite, write_atomically, write_json
from asym_lit.types import InputError, VerifierError


def write_record(folder: Path, record: Mapping[str, Any]) -> None:
    """Write what a run is."""
    write_json(folder / RECORD, dict(record))


def read_record(folder: Path) -> dict[str, Any]:
    """What a run was; empty if it wrote no record.

    Raises:
        InputError: If the file is damaged.
    """
    path = folder / RECORD
    try:
        found = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    except ValueError as fault:  # no JSON, or no text
        raise InputError(f"{path} is no record of a run ({fault}); it is written by the RunRecord callback.") from fault
    if not isinstance(found, dict):
        raise InputError(f"{path} is no record of a run; it is written by the RunRecord callback.")
    return found


def keep_traceback(folder: Path, fault: VerifierError) -> None:
    """Write the traceback of what ended a run, and have the fault say where."""
    path = folder / FAULT
    write_atomically(path, ["".join(traceback.format_exception(fault)).rstrip()])
    fault.kept_in = str(path)


def add_metrics(folder: Path, step: int, metrics: Mapping[str, float]) -> None:
    """Add the line of a rollout step."""
    with (folder / METRICS).open("a", encoding="utf-8") as file:
        file.write(json.dumps(finite({"step": step, **metrics})) + "\n")


def cut_metrics(folder: Path, step: int) -> None:
    """Keep the lines before a step: a run goes on behind its checkpoint, and what it had written beyond comes again."""
    kept = [row for row in read_metrics(folder) if row["step"] < step]
    write_atomically(folder / METRICS, map(json.dumps, kept))


def read_metrics(folder: Path) -> list[dict[str, float]]:
    """Metrics of every rollout step; a last line that a killed run left half-written is none.

    Raises:
        InputError: If another line is broken.
    """
    path = folder / METRICS
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines() if path.exists() else []
    rows = []
    for number, line in enumerate(lines, start=1):
        try:
            row = json.loads(line)
            if not isinstance(row, dict) or not isinstance(row.get("step"), int):
                raise ValueError("no object with a step")
        except ValueError as fault:
            if number == len(lines):
                break
            raise InputError(f"{path}, line {number} is broken ({fault}); take the line out to read the rest.") from fault
        rows.append({name: value for name, value in row.items() if value is not None})
    return rows
