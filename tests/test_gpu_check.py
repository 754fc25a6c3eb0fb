"""The GPU check: it runs to its end on a CPU without Lightning, and a part that fails ends no other."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
from pathlib import Path
from typing import Any, ClassVar

import pytest

ROOT = Path(__file__).parents[1]
PATHS = ["chunked_head", "shared_prompts", "adapters", "checkpointing", "sharded", "guard", "replay"]
STEPS = ["0.5B, 1k", "1.5B, 1k", "0.5B, 4k", "1.5B, 4k"]


def test_in_its_small_mode_it_runs_to_its_end_without_lightning(tmp_path: Path) -> None:
    for name in ("lightning", "jsonargparse", "rich"):  # stand before those that are installed
        (tmp_path / "without").mkdir(exist_ok=True)
        (tmp_path / "without" / f"{name}.py").write_text("raise ImportError('not here')")
    environment = os.environ | {"PYTHON": sys.executable, "PYTHONPATH": str(tmp_path / "without"), "OMP_NUM_THREADS": "1"}
    words = ["bash", str(ROOT / "benchmarks/gpu/check.sh"), "--small", "--out", str(tmp_path / "out")]
    done = subprocess.run(words, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads((tmp_path / "out" / "check.json").read_text())
    states = {part["name"]: part["status"] for part in found["parts"]}
    assert list(states) == PATHS + STEPS
    assert set(states.values()) <= {"ok", "skipped"}
    steps = [part["figures"] for part in found["parts"] if part["name"] in STEPS]
    assert all(set(step["seconds"]) == {"generate", "score", "update", "sync"} for step in steps)
    assert all(min(step["seconds"].values()) > 0 and step["tokens/s"] > 0 for step in steps)
    page = (tmp_path / "out" / "check.md").read_text()
    assert "| tiny | 32 |" in page
    assert "| guard | ok |" in page
    assert len(page.splitlines()[0]) < 200


class FakeChild:
    """Says what it is told to: None is its end, an exception a part that takes too long."""

    lives: ClassVar[list[list[Any]]] = []
    asked: ClassVar[list[list[str]]] = []
    killed = 0

    def __init__(self, names: list[str], _small: bool) -> None:
        self.asked.append(list(names))
        self.script, self.log, self.process = list(self.lives.pop(0)), ["Killed\n"], self

    def next(self, _seconds: float) -> Any:
        said = self.script.pop(0)
        if isinstance(said, Exception):
            raise said
        return said

    def wait(self) -> int:
        return -9

    def kill(self) -> None:
        FakeChild.killed += 1


@pytest.fixture
def check(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks" / "gpu"))
    import check

    monkeypatch.setattr(check, "Child", FakeChild)
    FakeChild.asked, FakeChild.killed = [], 0
    return check


def ok(name: str) -> dict[str, Any]:
    return {"name": name, "status": "ok", "figures": {"gap": 0.5}, "seconds": 1.0}


def test_a_part_that_dies_or_hangs_fails_by_name_and_the_rest_goes_on_in_a_new_child(check: Any) -> None:
    about = {"ready": True, "about": {"device": "one"}}
    FakeChild.lives = [
        [about, {"begins": "chunked_head"}, ok("chunked_head"), {"begins": "sharded"}, None],
        [about, {"begins": "guard"}, queue.Empty()],
        [about, {"begins": "replay"}, ok("replay")],
    ]
    found = check.run(["chunked_head", "sharded", "guard", "replay"], small=False)
    assert [(part["name"], part["status"]) for part in found["parts"]] == [
        ("chunked_head", "ok"),
        ("sharded", "failed"),
        ("guard", "failed"),
        ("replay", "ok"),
    ]
    assert FakeChild.asked == [["chunked_head", "sharded", "guard", "replay"], ["guard", "replay"], ["replay"]]
    assert "ended with status -9: Killed" in found["parts"][1]["why"]
    assert found["parts"][2]["why"] == f"it took more than {check.PARTS['guard']:.0f} s"
    assert FakeChild.killed == 3
    page = check.markdown(found | {"seconds": 1.0})
    assert "| sharded | failed |" in page
    assert "| replay | ok | 1.0 | gap 0.5 |" in page


def test_without_a_gpu_it_says_what_to_write(check: Any) -> None:
    FakeChild.lives = [[{"stops": "torch finds no GPU here; write --small"}]]
    with pytest.raises(SystemExit, match="error: torch finds no GPU here; write --small"):
        check.run(["guard"], small=False)


def test_the_exit_status_says_that_a_part_failed(check: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["check.py", "--only", "guard", "--out", str(tmp_path)])
    FakeChild.lives = [[{"begins": "guard"}, {"name": "guard", "status": "failed", "why": "wrong", "seconds": 1.0}]]
    with pytest.raises(SystemExit, match="1"):
        check.main()
    assert json.loads((tmp_path / "check.json").read_text())["parts"][0]["why"] == "wrong"
    FakeChild.lives = [[{"begins": "guard"}, ok("guard")]]
    check.main()


def test_a_folder_that_takes_no_results_is_refused_before_the_first_part(
    check: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr(sys, "argv", ["check.py", "--only", "guard", "--out", str(tmp_path / "file" / "out")])
    FakeChild.lives = []
    with pytest.raises(SystemExit, match="2"):
        check.main()
    assert "(Not a directory); name another folder" in capsys.readouterr().err


def test_a_folder_is_taken_as_it_is_seen_from_where_the_check_was_called(tmp_path: Path) -> None:
    (tmp_path / "python").write_text('#!/bin/sh\nshift\necho "$(pwd) $*"\n')
    (tmp_path / "python").chmod(0o755)
    words = ["bash", str(ROOT / "benchmarks/gpu/check.sh"), "--out", "here"]
    done = subprocess.run(words, cwd=tmp_path, env=os.environ | {"PYTHON": "./python"}, capture_output=True, text=True)
    assert done.stdout == f"{tmp_path} --out here\n"
