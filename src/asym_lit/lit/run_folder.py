"""The run folder: where a run writes, and which checkpoint in it is the newest whole one."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from uuid import uuid4

from lightning.pytorch import Trainer

from asym_lit.types import InputError

CHECKPOINTS = "checkpoints"
STATE = "lightning.ckpt"
EXPORT = "huggingface"
LEDGER = "ledger.parquet"
RECORD = "run.json"
METRICS = "metrics.jsonl"


def run_folder(trainer: Trainer) -> Path:
    """Where this run writes. A collective: Lightning agrees on it over the processes."""
    return Path(trainer.log_dir or trainer.default_root_dir)


def check_writable(folder: Path) -> None:
    """Refuse a run folder that cannot be written to, before any work is done.

    Raises:
        InputError: With the system's reason.
    """
    probe = folder / f".probe-{uuid4().hex}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError as fault:
        raise InputError(
            f"The run folder {folder} cannot be written to ({fault.strerror}). Write --trainer.logger.save_dir with a "
            "directory of yours."
        ) from fault


def checkpoint_name(rollout_step: int) -> str:
    """Folder of a checkpoint; names sort by step."""
    return f"step_{rollout_step:06d}"


def whole_checkpoints(folder: Path, within: str = CHECKPOINTS) -> list[Path]:
    """The complete checkpoints of a run, oldest first. Half-written ones have another name."""
    return sorted(p for p in (folder / within).glob("step_*") if (p / STATE).exists())


def resolve_checkpoint(path: str) -> str:
    """What to give the trainer for a checkpoint file, a checkpoint folder or a run folder.

    Raises:
        InputError: If there is no complete checkpoint there.
    """
    given = Path(path)
    if (given / STATE).exists():
        return str(given / STATE)
    if (given / CHECKPOINTS).is_dir():
        found = whole_checkpoints(given)
        if not found:
            raise InputError(f"The run folder {path} holds no complete checkpoint; leave --ckpt_path out to start anew.")
        return str(found[-1] / STATE)
    if not given.exists():
        raise InputError(
            f"There is no checkpoint at {path}. Give --ckpt_path a run folder (its newest complete checkpoint is taken), "
            f"a folder such as {CHECKPOINTS}/{checkpoint_name(40)} in it, or a checkpoint file."
        )
    return path


def run_folder_of(checkpoint: str) -> Path | None:
    """The run folder a checkpoint lies in, if it lies in one."""
    path = Path(checkpoint)
    return path.parents[2] if path.name == STATE and path.parents[1].name == CHECKPOINTS else None


def write_atomically(path: Path, lines: Iterable[str]) -> None:
    """Write a text file so that it is whole or not there; of several writers at once the last one wins."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{uuid4().hex}.partial")
    try:
        with partial.open("x", encoding="utf-8") as file:
            for line in lines:
                file.write(line + "\n")
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def write_json(path: Path, value: Any) -> None:
    """Write plain types as JSON, whole or not at all."""
    write_atomically(path, [json.dumps(value, indent=2)])
