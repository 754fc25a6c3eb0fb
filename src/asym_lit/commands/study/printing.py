"""What can run now, printed for a shell or for SLURM. Run here instead: `running`."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence

from asym_lit.commands.study.cells import Cell
from asym_lit.commands.study.running import TRAINER
from asym_lit.types import InputError


def one_cell(study: str, out: str, trainer: Sequence[str] = ()) -> list[str]:
    """The words before the name of a cell; it locks, resumes and records as the study itself would.

    Args:
        study: Path of the study file.
        out: The study's folder.
        trainer: Command before `fit`; empty for this program.
    """
    other = ["--trainer", json.dumps(list(trainer))] if trainer else []
    return [*TRAINER, "study", study, "--out", out, *other, "--only"]


def commands(now: Sequence[Cell], waiting: Sequence[Cell], call: Sequence[str]) -> str:
    """A shell command for each cell.

    Args:
        now: The cells that can run.
        waiting: Those that another one must be done for.
        call: As `one_cell` gives it.
    """
    lines = [*(shlex.join([*call, f"[{cell.name}]"]) for cell in now), *_more(waiting)]
    return "".join(f"{line}\n" for line in lines)


def slurm_script(now: Sequence[Cell], waiting: Sequence[Cell], call: Sequence[str], jobs: int) -> str:
    """An array job with a task for each of the commands.

    Args:
        now: The cells that can run.
        waiting: Those that another one must be done for.
        call: As `one_cell` gives it.
        jobs: Tasks at a time.

    Raises:
        InputError: If no cell can run.
    """
    if waiting and not now:
        raise InputError(
            f"{waiting[0].name} waits for the arm {waiting[0].after}; name that cell in --only as well, or leave --only out."
        )
    if not now:
        raise InputError("Nothing is left to run; leave --how out to write the report.")
    lines = [
        "#!/bin/bash",
        "#SBATCH --job-name=asym_lit-study",
        f"#SBATCH --array=0-{len(now) - 1}%{jobs}",
        "# Add your partition, time, memory and GPUs. A task that is killed goes on when the script is submitted again.",
        *_more(waiting),
        f"cells=({' '.join(shlex.quote(cell.name) for cell in now)})",
        f'{shlex.join(call)} "[${{cells[$SLURM_ARRAY_TASK_ID]}}]"',
    ]
    return "".join(f"{line}\n" for line in lines)


def _more(waiting: Sequence[Cell]) -> list[str]:
    return [f"# {len(waiting)} more must wait until others are done; print again then."] if waiting else []
