"""Which checkpoints of a run stay, and how one is removed. How one is written: `lit/callbacks/policy_checkpoint.py`."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from asym_lit.run_folder.paths import checkpoint_name, whole_checkpoints


def keep_newest(run: Path, within: str, keep: int) -> None:
    """Remove all but the newest; 0 keeps all."""
    for old in whole_checkpoints(run, within)[:-keep] if keep else []:
        remove(old)


def go_back(run: Path, within: str, step: int) -> None:
    """Remove those of beyond a step: they come again, and the next start would take one of them, of a branch that was left."""
    for later in whole_checkpoints(run, within):
        if later.name > checkpoint_name(step):
            remove(later)


def remove(checkpoint: Path) -> None:
    """Under another name first: a half-deleted checkpoint must not look whole either."""
    doomed = checkpoint.with_name(f".{checkpoint.name}.deleted")
    shutil.rmtree(doomed, ignore_errors=True)
    os.replace(checkpoint, doomed)
    shutil.rmtree(doomed)
