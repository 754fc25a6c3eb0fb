"""The clocks of `benchmarks/step.py`, what it makes of them, and that it runs against a commit."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
CHECKOUT = (ROOT / ".git").exists()


@pytest.fixture
def benchmarks(monkeypatch: pytest.MonkeyPatch) -> tuple[Any, Any]:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    import step
    import step_job

    return step, step_job


def test_a_stage_within_another_is_taken_out_of_it(benchmarks: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    _, job = benchmarks
    now = [0.0]
    monkeypatch.setattr(job, "perf_counter", lambda: now[0])
    monkeypatch.setattr(job, "process_time", lambda: now[0] / 2)
    clocks = job.Clocks()

    def wait(seconds: float) -> None:
        now[0] += seconds

    score = clocks.hold_to(lambda: wait(3), "score")

    def training_step() -> None:
        wait(1)
        score()
        wait(4)

    def generate() -> Any:
        for group in range(2):
            wait(10)
            yield group

    wait(7)
    clocks.hold_to(training_step, "update")()
    for _ in clocks.hold_to(generate, "generate")():
        wait(100)  # what is done between two groups is not the engine's
    clocks.turn(None)
    assert clocks.seconds == {"rest": [207, 103.5], "update": [5, 2.5], "score": [3, 1.5], "generate": [20, 10]}


def test_a_clock_stops_where_its_stage_fails(benchmarks: tuple[Any, Any]) -> None:
    _, job = benchmarks
    clocks = job.Clocks()
    with pytest.raises(ZeroDivisionError):
        clocks.hold_to(lambda: 1 / 0, "score")()
    assert clocks.going == [job.REST]


def test_a_commit_without_what_a_stage_is_timed_by_is_refused(
    benchmarks: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, job = benchmarks
    monkeypatch.setattr(job, "SEAMS", {("asym_lit.lit.module", "PolicyModule", "no_such_step"): "update"})
    with pytest.raises(SystemExit, match=r"has no asym_lit\.lit\.module\.PolicyModule\.no_such_step, which update is timed by"):
        job.Clocks().hook()


def record(job: Any, scale: float, peak: float) -> Any:
    """Three steps, the first a slow one; seconds are `scale` of 1 and 3."""
    steps = [9.0, 1.0, 3.0]
    ends = [0.0, 9.0, 9 + scale, 9 + 4 * scale]
    return job.StepRecord(
        clocks=[(end, end) for end in ends],
        tokens=[80, 80, 80],
        stages=[{"update": (seconds * scale, seconds * scale)} for seconds in steps],
        computed=[{"generate": 500, "score": 100, "update": 200}] * 3,
        needed=[400, 100, 150],
        start_mib=100.0,
        peak_mib=peak,
    )


def test_the_first_steps_are_dropped_and_ratios_are_taken_round_by_round(benchmarks: tuple[Any, Any]) -> None:
    step, job = benchmarks
    pairs = [
        {"present": record(job, 1.0, 300), "other": record(job, 2.0, 500)},
        {"present": record(job, 1.0, 300), "other": record(job, 4.0, 500)},
    ]
    found = step.summary(pairs, warmup=1)
    assert found["update/cpu"]["present"]["median"] == 2  # of 1, 3, 1, 3
    assert found["update/cpu"]["other"]["median"] == 5  # of 2, 6, 4, 12
    assert found["update/cpu"]["ratios"] == [0.5, 0.25]
    assert found["step/wall"]["ratios"] == [0.5, 0.25]
    assert found["tokens read per token needed"]["present"] == pytest.approx(600 / 250)  # generating reads others
    assert found["MiB above start"] == {"present": 200, "other": 400, "ratios": [0.5, 0.5]}
    rows = step.rows_of("a job", found)
    assert ["a job", "MiB whole", "500", "300", "0.60 (0.60-0.60)", "", "", ""] in rows


@pytest.mark.skipif(not CHECKOUT, reason="a git checkout only")
def test_a_commit_that_is_none_is_refused_in_one_line(benchmarks: tuple[Any, Any]) -> None:
    step, _ = benchmarks
    with (
        pytest.raises(SystemExit, match=r"--against is 'no-such-commit', which is no commit of"),
        step.worktree("no-such-commit"),
    ):
        pass


@pytest.mark.skipif(not CHECKOUT, reason="a git checkout only")
def test_the_present_commit_runs_beside_another_and_leaves_no_worktree(tmp_path: Path) -> None:
    def trees() -> str:
        words = ["git", "-C", str(ROOT), "worktree", "list"]
        return subprocess.run(words, check=True, capture_output=True, text=True).stdout

    markdown, written = tmp_path / "step.md", tmp_path / "step.json"
    words = ["--against", "HEAD", "--small", "--markdown", str(markdown), "--json", str(written)]
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src"), "TMPDIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, str(ROOT / "benchmarks" / "step.py"), *words], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(written.read_text())["jobs"]["small"]
    for side in ("present", "other"):
        record = found["records"][0][side]
        assert len(record["stages"]) == 4
        assert set(record["stages"][-1]) == {"generate", "verify", "score", "update", "rest"}
        for stages, (before, after) in zip(
            record["stages"], zip(record["clocks"], record["clocks"][1:], strict=False), strict=True
        ):
            assert sum(wall for wall, _ in stages.values()) == pytest.approx(after[0] - before[0], abs=0.05)
        # 2 prompts of 24 tokens and 8 responses of 8 at most (the end of a response is one of 512 tokens).
        assert all(48 + 8 <= needed <= 48 + 64 for needed in record["needed"])
        assert record["peak_mib"] > record["start_mib"] > 50
    assert "| small | update |" in markdown.read_text()
    assert str(tmp_path) not in trees()
