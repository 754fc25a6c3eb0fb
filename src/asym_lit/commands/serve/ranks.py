"""Which process this is of those that were started together, by what SLURM's `srun` or torchrun say; and its GPUs."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from asym_lit.types import InputError

TORCHRUN = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE")


@dataclass(frozen=True)
class Ranks:
    """One process among those that serve together."""

    rank: int = 0
    count: int = 1
    local: int = 0
    """Its number on its machine."""
    locals: int = 1
    """Processes on its machine."""
    nodes: int = 1
    job: str = ""
    """The same on all of them, and another each time they are started; empty for a process alone."""
    owns_gpus: bool = False
    """The GPUs that it sees are its own, not those of all processes of the machine."""


def ranks_of(environment: Mapping[str, str]) -> Ranks:
    """What an environment says.

    SLURM's variables count within a step alone: a batch script has those of its job, though it is one process.

    Args:
        environment: Of this process.
    """
    if "SLURM_STEP_NUM_TASKS" in environment:
        node = int(environment.get("SLURM_NODEID", "0"))
        return Ranks(
            rank=int(environment["SLURM_PROCID"]),
            count=int(environment["SLURM_STEP_NUM_TASKS"]),
            local=int(environment["SLURM_LOCALID"]),
            locals=_expanded(environment.get("SLURM_STEP_TASKS_PER_NODE", "1"))[node],
            nodes=int(environment.get("SLURM_STEP_NUM_NODES", "1")),
            job=_joined(environment, "SLURM_JOB_ID", "SLURM_STEP_ID", "SLURM_RESTART_COUNT"),
            owns_gpus="SLURM_GPUS_PER_TASK" in environment or "gpu" in environment.get("SLURM_TRES_PER_TASK", ""),
        )
    if all(name in environment for name in TORCHRUN):
        rank, count, local, locals_ = (int(environment[name]) for name in TORCHRUN)
        job = _joined(environment, "TORCHELASTIC_RUN_ID", "TORCHELASTIC_RESTART_COUNT", "MASTER_ADDR", "MASTER_PORT")
        return Ranks(rank, count, local, locals_, -(-count // locals_), job)
    return Ranks()


def _joined(environment: Mapping[str, str], *names: str) -> str:
    return ".".join(environment.get(name, "0") for name in names)


def _expanded(tasks: str) -> list[int]:
    """SLURM's `2(x3),1` is 2, 2, 2, 1."""
    parts = [re.fullmatch(r"(\d+)(?:\(x(\d+)\))?", part) for part in tasks.split(",")]
    return [int(part[1]) for part in parts if part for _ in range(int(part[2] or 1))]


def gpus_of(ranks: Ranks, visible: Sequence[str], each: int, servers: int) -> list[list[str]]:
    """The GPUs of each server of this process; empty lists without GPUs.

    Args:
        ranks: Which process it is.
        visible: GPUs that it sees, as `CUDA_VISIBLE_DEVICES` names them.
        each: Of a server.
        servers: Of this process; 0 for one if it shares its machine with others, else for as many as there are GPUs for.

    Raises:
        InputError: If there are not as many.
    """
    alone = ranks.locals == 1 or ranks.owns_gpus
    if not visible:
        if each > 1:
            raise InputError(f"gpus_each is {each}, but no GPU is visible here; leave it out for servers on the CPU.")
        return [[] for _ in range(servers or 1)]
    servers = servers or (max(len(visible) // each, 1) if alone else 1)
    wanted = servers * each * (1 if alone else ranks.locals)
    if wanted > len(visible):
        who = "" if alone else f" of {ranks.locals} processes on this machine"
        raise InputError(
            f"{servers} server(s){who} with {each} GPU(s) each want {wanted}, but {len(visible)} are visible. Lower "
            "--gpus_each or --servers, or start fewer processes a machine."
        )
    first = 0 if alone else ranks.local * servers * each
    return [list(visible[first + place * each : first + (place + 1) * each]) for place in range(servers)]
