"""Where a run writes: a folder of its own, whatever the logger, and never one that holds another run.

Loggers of TensorBoard and CSV number their folders. Others, and none at all, would have all runs write into one, where the
second overwrites the first's files and takes its checkpoints for its own.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from weakref import WeakKeyDictionary

from lightning.fabric.plugins.environments.slurm import SLURMEnvironment
from lightning.pytorch import Trainer

from asym_lit.loggers.folders import version_of
from asym_lit.loggers.of_trainer import all_adapters
from asym_lit.run_folder.paths import claim_version
from asym_lit.types import InputError

UNNAMED = Path("runs", "unnamed")
"""Within the trainer's root directory, for runs without a logger that has a name."""
_AGREED: WeakKeyDictionary[Trainer, Path] = WeakKeyDictionary()
_DECIDED: WeakKeyDictionary[Trainer, Path] = WeakKeyDictionary()
_PASSING: list[TemporaryDirectory[str]] = []
"""Folders of trial runs; they go with the process."""


def run_folder(trainer: Trainer) -> Path:
    """Where this run writes. A collective the first time: the first process decides."""
    if trainer not in _AGREED:
        mine = str(decided_folder(trainer)) if trainer.is_global_zero else ""
        _AGREED[trainer] = Path(trainer.strategy.broadcast(mine))
    return _AGREED[trainer]


def decided_folder(trainer: Trainer, resumed: Path | None = None) -> Path:
    """Where a run writes by the word of its first process, which alone may ask before the others are there.

    Args:
        trainer: Of the run.
        resumed: Folder of the run that this one goes on with, if its logger does not say.
    """
    if trainer not in _DECIDED:
        adapters = all_adapters(trainer)
        numbered = next((one.folder for one in adapters if one.folder is not None), None)
        _DECIDED[trainer] = numbered or resumed or _new_folder(trainer)
        for one in adapters:
            one.join(_DECIDED[trainer])
            if resumed is not None:
                one.prepare_to_go_on()
    return _DECIDED[trainer]


def show_folder(trainer: Trainer, folder: Path) -> None:
    """Have the progress bar name the run by its folder: 3 for `version_3`, or `seed_1`.

    Lightning shows the last four letters of what all loggers call it, joined: `ed_1`.

    Args:
        trainer: Whose bar it is.
        folder: Of the run.
    """
    bar = trainer.progress_bar_callback
    if bar is not None:
        measured = bar.get_metrics
        bar.get_metrics = lambda *given: {**measured(*given), "v_num": version_of(folder.name)}  # type: ignore[method-assign]


def without_requeue(root: str) -> list[SLURMEnvironment]:
    """What a trainer under SLURM needs so that the batch system's signals are ours to heed; nothing elsewhere.

    Lightning's own answer writes `hpc_ckpt_1.ckpt` beside all runs, and whatever starts there next begins with it unasked.

    Args:
        root: The trainer's root directory.

    Raises:
        InputError: If such a file is there.
    """
    if not SLURMEnvironment.detect():
        return []
    if found := sorted(Path(root).glob("hpc_ckpt_*.ckpt")):
        raise InputError(
            f"{found[-1]} was left by another run under SLURM, and Lightning would start from it unasked. Move it away; a run "
            "goes on with --ckpt_path <run folder>."
        )
    return [SLURMEnvironment(auto_requeue=False)]


def _new_folder(trainer: Trainer) -> Path:
    if vars(trainer)["fast_dev_run"]:
        _PASSING.append(TemporaryDirectory(prefix="asym_lit-trial-"))
        return Path(_PASSING[-1].name)
    within, name = next((one.place for one in all_adapters(trainer)), (None, None))
    return claim_version(Path(within or Path(trainer.default_root_dir, UNNAMED.parts[0]), str(name or UNNAMED.name)))
