"""What stands on a real terminal when a run has ended."""

from __future__ import annotations

import os
import sys

import pytest

from runs import ROOT, words
from screen import Screen, run_on_terminal

SHORT = [
    *("--data.rollout_steps", "2", "--data.prompts_per_step", "2", "--data.sampling.n", "2", "--data.sampling.max_tokens", "8"),
    *("--data.evaluation.n", "2", "--data.evaluation.max_tokens", "8", "--trainer.enable_progress_bar", "true"),
]


@pytest.mark.parametrize("columns", [80, 120])
def test_the_progress_bar_erases_nothing_of_the_report(tmp_path, columns):
    paths = os.pathsep.join([str(ROOT / "tests"), str(ROOT / "src")])
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": paths, "HF_HUB_OFFLINE": "1"}
    command = [sys.executable, str(ROOT / "train.py"), *words(tmp_path, "grpo", *SHORT)]
    lines = run_on_terminal(command, columns, environment, ROOT)
    title = max(i for i, line in enumerate(lines) if "countdown, validation" in line)
    report = lines[title:]
    assert any("after 2 steps" in line for line in report[:4]), report
    assert [line.split()[1] for line in report[4:9] if line.startswith("│")] == ["1", "2"], "a row of pass@k for each k"
    said = [line.split("  ")[0] for line in report if line[:1].isupper() and "  " in line]  # others go on an address
    assert said == ["Numbers", "Run folder", "Trained policy", "Dashboards", "Opened on"]
    assert not any("━━━ " in line or "it/s" in line for line in report), "the bar stands above the report"
    assert any("it/s" in line for line in lines[:title]), "there was a bar"


def test_the_terminal_of_these_tests_erases_as_a_real_one():
    screen = Screen(4)
    screen.write("abcde\r\nf\r\ngh")
    assert screen.text() == ["abcd", "e", "f", "gh"]
    screen.write("\x1b[1A\x1b[2K\x1b[31mX\x1b[0m\ry")  # up to f, erased; the column stays 2
    assert screen.text() == ["abcd", "e", "y X", "gh"]
