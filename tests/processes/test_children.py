"""A program as a child: its log, its end, and that it does not outlive who started it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from time import monotonic, sleep

import pytest

from asym_lit.processes.children import Child

WAITS = "import time; print('waits', flush=True); time.sleep(60)"
DEAF = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {WAITS}"
LEAVES = f"import subprocess, sys; left = subprocess.Popen([sys.executable, '-c', {WAITS!r}]); print(left.pid, flush=True)"


def child(text: str, log: Path) -> Child:
    made = Child([sys.executable, "-c", text], os.environ, log)
    made.start()
    return made


def until(true, seconds: float = 10.0) -> None:
    end = monotonic() + seconds
    while not true():
        assert monotonic() < end
        sleep(0.02)


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_how_a_program_ended_and_what_it_said_last_is_told(tmp_path: Path) -> None:
    one = child("import sys; print('first'); sys.exit('the reason\\n\\n')", tmp_path / "log")
    until(lambda: one.ended)
    assert (one.ended, one.last_line()) == ("exit status 1", "the reason")
    one.end(0.0)
    one.start()
    until(lambda: one.ended)
    assert (tmp_path / "log").read_text().count("the reason") == 2 and one.starts == 2


@pytest.mark.parametrize(("text", "how"), [(WAITS, "SIGTERM"), (DEAF, "SIGKILL")])
def test_a_program_is_asked_to_end_and_then_made_to(tmp_path: Path, text: str, how: str) -> None:
    one = child(text, tmp_path / "log")
    until(lambda: one.last_line() == "waits")
    assert one.ended == ""
    one.ask_to_end()
    one.end(0.3 if how == "SIGKILL" else 5.0)
    assert one.ended == how


def test_what_a_program_left_behind_ends_with_it(tmp_path: Path) -> None:
    one = child(LEAVES, tmp_path / "log")
    until(lambda: one.ended)
    left = int((tmp_path / "log").read_text().split()[0])
    assert is_running(left)
    one.end(0.0)
    until(lambda: not is_running(left))


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux to end it")
def test_a_program_ends_when_the_process_that_started_it_is_killed(tmp_path: Path) -> None:
    starts = (
        "import os, sys, time; from pathlib import Path; from asym_lit.processes.children import Child; "
        f"one = Child([sys.executable, '-c', {WAITS!r}], os.environ, Path({str(tmp_path / 'log')!r})); one.start(); "
        "print(one.pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", starts], stdout=subprocess.PIPE, text=True) as parent:
        pid = int(parent.stdout.readline())
        assert is_running(pid)
        parent.send_signal(signal.SIGKILL)
    until(lambda: not is_running(pid))
