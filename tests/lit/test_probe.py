from __future__ import annotations

import json
from pathlib import Path

import pytest

from asym_lit.cli import main

SMALL = ["--prompts", "12", "--n", "8", "--thresholds.k", "4"]


def probed(folder: Path, *words: str) -> list[dict]:
    main(["probe", *SMALL, "--output", str(folder), *words])
    return json.loads((folder / "probe.json").read_text())


def test_both_bundled_tasks_are_probed_by_one_command_and_the_weak_one_is_weaker(tmp_path, capsys):
    countdown, operation = probed(tmp_path)
    assert (countdown["task"], operation["task"]) == ("countdown", "operation")
    assert countdown["at_k"]["mean"] > operation["at_k"]["mean"] + 0.2
    assert [one["share"] for one in countdown["continuations"]] == [0.4, 0.6, 0.8]
    assert sum(countdown["histogram"]) == 12
    assert operation["expected"]["true reward"]
    out = capsys.readouterr().out
    assert "alignment. pass@4 of the untrained policy" in " ".join(out.split())
    assert "Alignment probe" in (tmp_path / "probe.html").read_text()
    assert "What the paper found" in (tmp_path / "probe.md").read_text()


def test_a_task_of_ones_own_is_named_with_its_verifier(tmp_path):
    task = "{class_path: asym_lit.tasks.Countdown, init_args: {numbers: 3, train_size: 16, val_size: 8, test_size: 8}}"
    verifier = "{class_path: asym_lit.tasks.CountdownVerifier}"
    words = ["--tasks", f"{{sums: {{task: {task}, verifier: {verifier}, max_tokens: 16}}}}"]
    (sums,) = probed(tmp_path, *words, "--truncations", "[]", "--split", "train")
    assert sums["task"] == "sums"
    assert (sums["continuations"], sums["contaminated"]) == ([], None)


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["--n", "2"], "n is 2 and thresholds.k 4; allowed: at least as many responses"),
        (["--prompts", "1"], "prompts is 1; allowed: 2 or more"),
        (["--prompts", "100000"], "prompts is 100000, but countdown has 256 val problems; write --prompts 256"),
        (["--truncations", "[1.5]"], "allowed: shares between 0 and 1"),
        (["--thresholds.weak", "0.9"], "0 <= weak < strong <= 1"),
    ],
)
def test_settings_that_do_not_fit_are_refused(tmp_path, words, error):
    with pytest.raises(SystemExit, match=error):
        probed(tmp_path, *words)
