"""How the tests of the Lightning floor run the program: small, in this process or in one of its own."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
from functools import cache
from pathlib import Path

import torch

ROOT = Path(__file__).parents[1]
SMALL = [
    *("--data.rollout_steps", "4", "--data.prompts_per_step", "4", "--data.sampling.n", "4", "--data.evaluation.n", "4"),
    *("--trainer.val_check_interval", "2", "--trainer.limit_val_batches", "1", "--data.evaluation_prompts_per_batch", "8"),
    *("--model.warmup_steps", "0", "--data.task.train_size", "64", "--data.task.val_size", "8", "--data.task.test_size", "8"),
    *("--trainer.accelerator", "cpu", "--trainer.enable_progress_bar", "false"),
]
TWO = ("overlays/ddp.yaml", "overlays/fsdp2.yaml")
"""With which a run has two processes."""
CLOCK = re.compile("^time/|per_second|^verifier/(seconds|latency)")
"""Metrics that hang on the clock."""


def words(folder: Path, recipe: str, *more: str, command: str = "fit") -> list[str]:
    """A command line for a small run that writes into `folder`."""
    config = str(ROOT / "configs" / f"{recipe}.yaml")
    where = ["--trainer.logger.save_dir", str(folder), "--trainer.logger.name", "run", "--trainer.logger.version", "0"]
    return [command, "--config", config, *SMALL, *where, *more]


def alone() -> dict[str, str]:
    """The environment of a process of its own: the package of this checkout, whichever is installed."""
    paths = os.pathsep.join([str(ROOT / "tests"), str(ROOT / "src")])
    return {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": paths, "HF_HUB_OFFLINE": "1"}


def run_cold(*arguments: str, expect: int = 0, timeout: int = 300) -> subprocess.CompletedProcess[str]:
    """Runs `python train.py`, imports and all, for what is about a start."""
    command = [sys.executable, str(ROOT / "train.py"), *arguments]
    done = subprocess.run(command, cwd=ROOT, env=alone(), capture_output=True, text=True, timeout=timeout, check=False)
    assert done.returncode == expect, done.stdout[-2000:] + done.stderr[-4000:]
    return done


@cache
def _starter() -> subprocess.Popen[str]:
    """It ends with the process of the tests, which closes its input."""
    command = [sys.executable, str(ROOT / "tests" / "warm_start.py")]
    return subprocess.Popen(command, env=alone(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def run_alone(
    *arguments: str, expect: int = 0, timeout: int = 300, script: str = "train.py"
) -> subprocess.CompletedProcess[str]:
    """Runs train.py in a process of its own, for what kills or multiplies processes; without the imports of a start."""
    starter, command = _starter(), [str(ROOT / script), *arguments]
    processes = 2 if script == "train.py" and any(word.endswith(TWO) for word in arguments) else 1
    assert starter.stdin and starter.stdout
    with tempfile.TemporaryDirectory() as folder:
        out, err = Path(folder, "out"), Path(folder, "err")
        order = {"words": command, "environment": alone(), "folder": str(ROOT), "processes": processes}
        order |= {"out": str(out), "err": str(err)}
        starter.stdin.write(json.dumps(order) + "\n")
        starter.stdin.flush()
        process = int(starter.stdout.readline())
        late = threading.Timer(timeout, os.kill, (process, signal.SIGKILL))
        late.start()
        status = int(starter.stdout.readline())
        late.cancel()
        done = subprocess.CompletedProcess(command, status, out.read_text(), err.read_text())
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
