"""Where a run writes, what its files are called, and which checkpoint is the newest whole one; not what is in a file."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol
from uuid import uuid4

from asym_lit.types import InputError

CHECKPOINTS = "checkpoints"
STATE = "lightning.ckpt"
EXPORT = "huggingface"
LEDGER = "ledger.parquet"
RECORD = "run.json"
METRICS = "metrics.jsonl"
HISTORY = "history.parquet"
LEDGER_PAGE = "ledger.html"
PASS_AT_K = "pass_at_k.json"
ROLLOUTS = "rollouts"
LEFT_OUT = "left_out.jsonl"
UNREADABLE_GOLD = "unreadable_gold.jsonl"


class Writes(Protocol):
    """Something with a place to write; Lightning's trainer is one."""

    @property
    def default_root_dir(self) -> str:
        """Where to write without a logger."""
        ...

    @property
    def log_dir(self) -> str | None:
        """Of its first logger; none if that has no folder."""
        ...


def run_folder(trainer: Writes) -> Path:
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
