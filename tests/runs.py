"""How the tests of the Lightning floor run the program: small, in this process or in one of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import torch

ROOT = Path(__file__).parents[1]
SMALL = [
    *("--data.rollout_steps", "4", "--data.prompts_per_step", "4", "--data.sampling.n", "4", "--data.evaluation.n", "4"),
    *("--trainer.val_check_interval", "2", "--trainer.limit_val_batches", "1", "--data.evaluation_prompts_per_batch", "8"),
    *("--model.warmup_steps", "0", "--data.task.train_size", "64", "--data.task.val_size", "8", "--data.task.test_size", "8"),
    *("--trainer.accelerator", "cpu", "--trainer.enable_progress_bar", "false"),
]
CLOCK = re.compile("^time/|per_second|^verifier/(seconds|latency)")
"""Metrics that hang on the clock."""


def words(folder: Path, recipe: str, *more: str, command: str = "fit") -> list[str]:
    """A command line for a small run that writes into `folder`."""
    config = str(ROOT / "configs" / f"{recipe}.yaml")
    where = ["--trainer.logger.save_dir", str(folder), "--trainer.logger.name", "run", "--trainer.logger.version", "0"]
    return [command, "--config", config, *SMALL, *where, *more]


def run_alone(*arguments: str, expect: int = 0, timeout: int = 300) -> subprocess.CompletedProcess[str]:
    """Runs train.py in a process of its own, for what kills or multiplies processes."""
    paths = os.pathsep.join([str(ROOT / "tests"), str(ROOT / "src")])  # the package of this checkout, whichever is installed
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": paths, "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(
        [sys.executable, str(ROOT / "train.py"), *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    assert done.returncode == expect, done.stdout[-2000:] + done.stderr[-4000:]
    return done


def weights(checkpoint: Path) -> dict[str, torch.Tensor]:
    """The exported weights of a checkpoint folder."""
    from safetensors.torch import load_file

    return load_file(checkpoint / "huggingface" / "model.safetensors")


def scalars(run: Path, tag: str) -> dict[int, float]:
    """A TensorBoard scalar by step."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(run))
    events.Reload()
    return {event.step: event.value for event in events.Scalars(tag)}


def points(run: Path) -> dict[tuple[str, int], list[float]]:
    """All TensorBoard scalars that do not hang on the clock, by tag and step; a point that is there twice has two values."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(run), purge_orphaned_data=False)
    events.Reload()
    found: dict[tuple[str, int], list[float]] = {}
    for tag in events.Tags()["scalars"]:
        if not CLOCK.search(tag):
            for event in events.Scalars(tag):
                found.setdefault((tag, event.step), []).append(event.value)
    return found
