"""CPU threads of a run: a number, or `auto`, which has the policy tried with one and with as many as there are cores."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import Trainer
from lightning.pytorch.utilities import rank_zero_info

from asym_lit.lit.demonstrations.supervised import SupervisedModule
from asym_lit.lit.module import PolicyModule
from asym_lit.policy.thread_trial import try_threads
from asym_lit.run_folder.record import read_record


def take_quickest(module: Any, trainer: Trainer, resumed: Path | None) -> None:
    """Take the threads that a policy is quickest with, at most OMP_NUM_THREADS where that is set, and say so. On a CPU alone.

    Args:
        module: Other modules than a `PolicyModule` and a `SupervisedModule` keep what they have.
        trainer: Its processes share the cores.
        resumed: Folder of the run that is gone on with. Its threads are taken again, for others round sums otherwise.
    """
    if not isinstance(module, PolicyModule | SupervisedModule) or trainer.strategy.root_device.type != "cpu":
        return
    if resumed is not None and (before := read_record(resumed).get("threads")):
        torch.set_num_threads(before)
        rank_zero_info(f"CPU threads: {before}, as before.")
        return
    cores = max(1, len(os.sched_getaffinity(0)) // trainer.num_devices)
    most = min(cores, int(os.environ.get("OMP_NUM_THREADS", cores)))
    try:
        trial = try_threads(module.policy_config, module.max_micro_batch_tokens, sorted({1, most}))
    except Exception as fault:  # of a class that cannot be made with two layers
        kept = torch.get_num_threads()
        rank_zero_info(f"CPU threads: {kept}; none were tried, for no small policy could be made ({type(fault).__name__}).")
        return
    torch.set_num_threads(trial.chosen)
    rank_zero_info(f"CPU threads: {trial.words}.")
