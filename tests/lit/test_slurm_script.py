"""The SLURM script of the documentation, run by bash; `srun` and `scontrol` are stand-ins, the runs are real and small."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from runs import ROOT, SMALL

SRUN = f"""#!{sys.executable}
# Starts one task of a small run in place of the large one: what the script says of the run folder, and of resuming, is kept.
import os, sys
words = sys.argv[sys.argv.index("--trainer.logger.version"):]
small = ["fit", "--config", "{ROOT}/configs/grpo.yaml", *{SMALL!r}, "--trainer.logger.name", "dapo"]
os.execv(sys.executable, [sys.executable, "{ROOT}/train.py", *small, *words, *os.environ["MORE"].split()])
"""
SCONTROL = '#!/bin/sh\necho "$@" >> "$TOLD"\n'
TASK = {"NTASKS": "1", "JOB_NAME": "job", "JOB_ID": "77", "PROCID": "0", "LOCALID": "0", "NODEID": "0", "NTASKS_PER_NODE": "1"}


@pytest.fixture
def cluster(tmp_path: Path) -> Path:
    """A folder to submit the script from."""
    page = (ROOT / "docs" / "running_at_scale.md").read_text(encoding="utf-8")
    (script,) = re.findall(r"```\n(#!/bin/bash\n#SBATCH.*?)```", page, re.DOTALL)
    (tmp_path / "job.sh").write_text(script)
    for name, text in {"srun": SRUN, "scontrol": SCONTROL}.items():
        (tmp_path / "bin").mkdir(exist_ok=True)
        (tmp_path / "bin" / name).write_text(text)
        (tmp_path / "bin" / name).chmod(0o755)
    return tmp_path


def job(cluster: Path, *killer: str) -> subprocess.CompletedProcess[str]:
    """The script, as SLURM runs it each time."""
    more = ["--trainer.callbacks+", killer[0], *killer[1:]] if killer else []
    own = {"PATH": f"{cluster / 'bin'}:{os.environ['PATH']}", "MORE": " ".join(more), "TOLD": str(cluster / "told")}
    own |= {"OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join([str(ROOT / "tests"), str(ROOT / "src")])}
    environment = {**os.environ, **own, **{f"SLURM_{name}": value for name, value in TASK.items()}}
    script = ["bash", "job.sh"]
    return subprocess.run(script, cwd=cluster, env=environment, capture_output=True, text=True, timeout=120, check=False)


def told(cluster: Path) -> str:
    return (cluster / "told").read_text() if (cluster / "told").exists() else ""


LOST = """#!/bin/sh
mkdir -p runs/dapo/version_0
printf '{"state": "failed",\n  "why": "%s"}' "$WHY" > runs/dapo/version_0/run.json
exit 75
"""


@pytest.mark.parametrize(
    ("why", "count", "comes_back"),
    [
        ("Lost rank 9 (host b, pid 71), last seen in generate, step 3: ended without a word", "", True),
        ("Hung: no process has moved for 1500 s: rank 0", "49", True),
        ("Lost rank 9 (host b, pid 71), last seen in update, step 3: ended without a word", "50", False),
        ("Failed: rank 9 (host b, pid 71): ValueError: no such token", "", False),
    ],
)
def test_a_job_that_lost_a_process_comes_back_and_one_that_failed_or_never_stops_losing_them_does_not(
    cluster: Path, monkeypatch: pytest.MonkeyPatch, why: str, count: str, comes_back: bool
) -> None:
    (cluster / "bin" / "srun").write_text(LOST)
    monkeypatch.setenv("WHY", why)
    monkeypatch.setenv("SLURM_RESTART_COUNT", count)
    assert job(cluster).returncode == 75
    assert told(cluster) == ("requeue 77\n" if comes_back else "")


def test_a_job_whose_time_is_up_saves_is_requeued_and_goes_on_to_the_end(cluster: Path) -> None:
    run = cluster / "runs" / "dapo" / "version_0"
    first = job(cluster, "killers.Signal", "--trainer.callbacks.number", "3", "--trainer.callbacks.name", "SIGUSR1")
    assert first.returncode == 1, first.stderr[-2000:]
    assert [path.name for path in (run / "checkpoints").iterdir()] == ["step_000003"]
    assert told(cluster) == "requeue 77\n"
    second = job(cluster)
    assert second.returncode == 0, second.stderr[-2000:]
    assert "step_000003" in second.stdout + second.stderr
    assert told(cluster) == "requeue 77\n"  # once
    assert json.loads((run / "run.json").read_text())["state"] == "finished"


def test_a_job_killed_before_its_first_whole_checkpoint_begins_anew_and_says_so(cluster: Path) -> None:
    killed = job(cluster, "killers.KillInCheckpoint", "--trainer.callbacks.number", "1")
    assert killed.returncode == 128 + signal.SIGKILL
    again = job(cluster)
    assert again.returncode == 0, again.stderr[-2000:]
    assert "ended before its first checkpoint; it begins anew" in " ".join(again.stderr.split())
    assert sorted(path.name for path in (cluster / "runs" / "dapo").iterdir()) == ["version_0"]
    assert told(cluster) == ""


def test_a_job_that_is_cancelled_saves_and_does_not_come_back(cluster: Path) -> None:
    cancelled = job(cluster, "killers.Signal", "--trainer.callbacks.number", "2", "--trainer.callbacks.name", "SIGTERM")
    assert cancelled.returncode == 1
    assert [path.name for path in (cluster / "runs" / "dapo" / "version_0" / "checkpoints").iterdir()] == ["step_000002"]
    assert told(cluster) == ""
