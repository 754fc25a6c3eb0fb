"""How far a long job is: lines where there is no terminal, a bar where there is one."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from asym_lit.command_line import pace
from asym_lit.command_line.pace import Pace, in_words


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr(pace, "monotonic", lambda: now[0])
    return now


def test_a_line_is_said_now_and_then_with_the_time_that_is_left(clock: list[float]) -> None:
    said: list[str] = []
    with Pace("replay: reading", 10, "rollouts", say=said.append) as job:
        for seconds in (20, 40, 41, 400):
            clock[0] = 100.0 + seconds
            job.advance(2)
    # 4 of 10 after 40 s leave 60 s; at 41 s one was just said; 8 of 10 after 400 s leave 100 s.
    assert said == [
        "replay: reading: 4 of 10 rollouts, about 60 s left",
        "replay: reading: 8 of 10 rollouts, about 2 min left",
    ]


def test_parts_that_are_done_in_bursts_are_told_by_whole_bursts(clock: list[float]) -> None:
    said: list[str] = []
    job = Pace("evaluation", 96, "problems", say=said.append, together=32)
    for seconds, done in ((31, 1), (40, 32), (75, 33), (110, 63), (140, 64)):
        clock[0] = 100.0 + seconds
        job.reach(done)
    # One of 32 after 31 s says nothing of the rest. 32 after 40 s: the other 64 take 80 s from there, 45 s of them are left at
    # 75 s and 10 s at 110 s. 64 after 140 s leave 70 s.
    assert said == [
        "evaluation: 1 of 96 problems",
        "evaluation: 33 of 96 problems, about 40 s left",
        "evaluation: 63 of 96 problems, about 10 s left",
        "evaluation: 64 of 96 problems, about 70 s left",
    ]


def test_a_job_that_is_done_says_nothing_more_and_does_not_run_over(clock: list[float]) -> None:
    said: list[str] = []
    job = Pace("a", 2, "b", say=said.append)
    clock[0] += 1000
    job.advance(5)
    assert (said, job.done) == ([], 2)


def test_a_terminal_has_a_bar_that_is_gone_at_the_end(clock: list[float]) -> None:
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=100)
    with Pace("probe [1/2]", 4, "problems", console) as job:
        job.advance(3)
    assert "probe [1/2]" in screen.getvalue()
    assert "3/4" in screen.getvalue()


def test_a_console_that_is_no_terminal_has_lines(clock: list[float]) -> None:
    screen = io.StringIO()
    with Pace("a", 4, "b", Console(file=screen, width=80)) as job:
        clock[0] += 31
        job.reach(1)
    assert screen.getvalue() == "a: 1 of 4 b, about 90 s left\n"  # 31 s for one


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.2, "1 s"), (12.4, "12 s"), (47, "50 s"), (150, "2 min"), (5000, "83 min"), (7800, "2 h 10 min")]
)
def test_a_duration_is_no_finer_than_it_can_be_known(seconds: float, words: str) -> None:
    assert in_words(seconds) == words


def test_an_evaluation_says_how_far_it_is(fit: Any, monkeypatch: Any, caplog: Any) -> None:
    monkeypatch.setattr(pace, "EVERY", 0.0)
    with caplog.at_level("INFO", logger="lightning.pytorch.utilities.rank_zero"):
        fit("grpo", "--data.evaluation_prompts_per_batch", "4", "--trainer.limit_val_batches", "1.0", command="validate")
    lines = [record.message for record in caplog.records if " of 8 problems" in record.message]
    assert [line.partition(",")[0] for line in lines] == [f"countdown at step 0: {n} of 8 problems" for n in range(1, 8)]
    assert not any("left" in line for line in lines[:3])  # four at once


def test_an_evaluation_that_is_cut_short_tells_its_own_end(fit: Any, monkeypatch: Any, caplog: Any) -> None:
    monkeypatch.setattr(pace, "EVERY", 0.0)
    with caplog.at_level("INFO", logger="lightning.pytorch.utilities.rank_zero"):
        fit("grpo", "--data.evaluation_prompts_per_batch", "4", "--trainer.limit_test_batches", "0.5", command="test")
    lines = [record.message for record in caplog.records if " problems" in record.message and " of " in record.message]
    assert lines == [f"countdown at step 0: {n} of 4 problems" for n in range(1, 4)]  # of 8
