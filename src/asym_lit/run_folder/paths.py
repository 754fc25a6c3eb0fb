"""Where a run writes, what its files are called, and which checkpoint is the newest whole one; not what is in a file."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4
from zipfile import is_zipfile

from asym_lit.run_folder.checksums import damaged_files
from asym_lit.types import InputError

CONFIG = "config.yaml"
CHECKPOINTS = "checkpoints"
STATE = "lightning.ckpt"
EXPORT = "huggingface"
ADAPTER = "adapter"
LEDGER = "ledger.parquet"
RECORD = "run.json"
FAULT = "fault.txt"
"""The traceback of what ended a run, where the command line says it in one line."""
STACKS = "stacks"
"""Where the processes of a run that was cut short were, a file each."""
SETTINGS_OF_LOGGER = "hparams.yaml"
METRICS = "metrics.jsonl"
LOGGED_RUNS = "logged_runs.json"
"""Which runs of W&B and MLflow it is."""
HISTORY = "history.parquet"
LEDGER_PAGE = "ledger.html"
CARD = "README.md"
"""Of an export, for the hub."""
PASS_AT_K = "pass_at_k.json"
ROLLOUTS = "rollouts"
LOCK = ".lock"
EVENTS = "events.out.tfevents.*"
"""Files of TensorBoard, one for each start of a run."""
LEFT_OUT = "left_out.jsonl"
UNREADABLE_GOLD = "unreadable_gold.jsonl"
EXAMPLE = f"{CHECKPOINTS}/step_000040"

MADE: list[Path] = []
"""Folders that this start has made, those within others first."""


def make_folder(folder: Path) -> None:
    """Make a folder, and those that it is in, and remember which were not there."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    MADE[:0] = missing


def claim_version(root: Path) -> Path:
    """A new folder `version_N`; of several processes that ask at once, each gets its own."""
    make_folder(root)
    taken = [int(path.name[8:]) for path in root.glob("version_*") if path.name[8:].isdigit()]
    number = max(taken, default=-1) + 1
    while True:
        try:
            (root / f"version_{number}").mkdir()
        except FileExistsError:
            number += 1
        else:
            MADE.insert(0, root / f"version_{number}")
            return root / f"version_{number}"


def check_writable(folder: Path) -> None:
    """Refuse a run folder that cannot be written to, before any work is done.

    Raises:
        InputError: With the system's reason.
    """
    probe = folder / f".probe-{uuid4().hex}"
    try:
        make_folder(folder)
        probe.touch()
        probe.unlink(missing_ok=True)
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


def resolve_checkpoint(path: str, strategy: str = "", own: Path | None = None) -> str | None:
    """What to give the trainer for a checkpoint file, a checkpoint folder or a run folder.

    None for a run that ended before its first whole checkpoint: there is nothing to go on from, so it begins anew. So does a
    run that has not begun, if the folder is its own: the same words then begin a run and go on with it.

    Args:
        path: As it was given.
        strategy: Of the run that goes on from it, by its name or class; empty if it is not known.
        own: Where the run is told to write; None if it finds a folder by itself.

    Raises:
        InputError: If there is no checkpoint there, it is damaged, or it is sharded and the strategy reads none that is.
    """
    found = _resolved(path, own)
    if found and Path(found).is_dir() and strategy and "fsdp2" not in strategy.lower():
        raise InputError(
            f"{found} is a sharded checkpoint, which trainer.strategy {strategy} does not read. Write --trainer.strategy fsdp2 "
            "(with any number of trainer.devices, also 1), or begin a new run from the policy in it: "
            f"--model.policy {Path(found).parent / EXPORT}."
        )
    return found


def _resolved(path: str, own: Path | None) -> str | None:
    given = Path(path)
    if (given / STATE).exists():
        return _undamaged(given)
    within = given / CHECKPOINTS if (given / CHECKPOINTS).is_dir() else given
    if found := sorted(p for p in within.glob("step_*") if (p / STATE).exists()):
        return _undamaged(found[-1])
    if own is not None and given.resolve() == own.resolve():
        return None
    if within != given or (given / RECORD).exists() or (given / LOCK).exists():
        return None
    if given.is_file():
        if not is_zipfile(given):
            raise InputError(
                f"{path} is no checkpoint, or a damaged one; give a run folder or a folder such as {EXAMPLE} in it."
            )
        return path
    what = "is a folder without a checkpoint" if given.is_dir() else "does not exist"
    raise InputError(
        f"{path} {what}. Give --ckpt_path a run folder (its newest whole checkpoint is taken), a folder such as {EXAMPLE} in "
        "it, or a checkpoint file; leave it out to start anew."
    )


def _undamaged(checkpoint: Path) -> str:
    """The state in a checkpoint, if all of it is as it was written."""
    if damaged := _damaged(checkpoint):
        older = [p for p in whole_checkpoints(checkpoint.parent, ".") if p.name < checkpoint.name and not _damaged(p)]
        instead = f"write --ckpt_path {older[-1]}, the step before" if older else "start anew without --ckpt_path"
        raise InputError(f"{checkpoint / damaged[0]} is damaged: it is not as it was written; {instead}.")
    return str(checkpoint / STATE)


def _damaged(checkpoint: Path) -> list[str]:
    """Files that are not as they were written; without checksums, a state that is cut is still seen."""
    state = checkpoint / STATE  # a directory where it is sharded
    return damaged_files(checkpoint) or ([STATE] if state.is_file() and not is_zipfile(state) else [])


def run_folder_of(checkpoint: str) -> Path | None:
    """The run folder a checkpoint lies in, if it lies in one."""
    path = Path(checkpoint)
    return path.parents[2] if path.name == STATE and path.parents[1].name == CHECKPOINTS else None
