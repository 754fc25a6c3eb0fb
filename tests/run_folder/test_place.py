"""A run folder belongs to one run, and to one process at a time."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from asym_lit.run_folder.paths import check_writable
from asym_lit.run_folder.place import check_place, without_false_starts
from asym_lit.run_folder.record import write_record
from asym_lit.types import InputError

HOLD = """
import sys
from pathlib import Path
from asym_lit.run_folder.place import check_place
check_place(Path(sys.argv[1]), None)
print("held", flush=True)
sys.stdin.read()
"""


def with_checkpoint(folder: Path) -> Path:
    (folder / "checkpoints" / "step_000002").mkdir(parents=True)
    (folder / "checkpoints" / "step_000002" / "lightning.ckpt").touch()
    return folder


def test_a_run_does_not_begin_in_the_folder_of_another_one_but_may_go_on_there(tmp_path: Path) -> None:
    write_record(with_checkpoint(tmp_path), {"state": "finished", "reached": 2, "rollout_steps": 2})
    with pytest.raises(InputError, match=r"holds another run \(finished, 2 of 2 steps\). Write --ckpt_path"):
        check_place(tmp_path, None)
    with pytest.raises(InputError, match="holds another run"):
        check_place(tmp_path, tmp_path / "elsewhere")
    check_place(tmp_path, tmp_path)


def test_a_run_that_its_words_would_go_on_with_begins_in_a_new_folder_without_a_word(tmp_path: Path, capsys) -> None:
    with without_false_starts():
        check_writable(tmp_path / "run")
        check_place(tmp_path / "run", tmp_path / "run")
    assert capsys.readouterr().err == ""


def test_a_run_that_ended_before_its_first_checkpoint_begins_anew_with_a_word(tmp_path: Path, capsys) -> None:
    check_place(tmp_path / "new", None)
    assert capsys.readouterr().err == ""
    write_record(tmp_path, {"state": "running"})
    check_place(tmp_path, None)
    assert "ended before its first checkpoint; it begins anew" in capsys.readouterr().err.replace("\n", " ")


@pytest.mark.parametrize("left", ["config.yaml", "run.json", "checkpoints"])
def test_a_run_that_begins_anew_takes_back_the_points_of_the_one_that_was_killed(tmp_path: Path, capsys, left: str) -> None:
    (tmp_path / left).mkdir() if left == "checkpoints" else (tmp_path / left).write_text("{}")
    (tmp_path / "events.out.tfevents.1.here.1.0").touch()
    check_place(tmp_path, None)
    assert "it begins anew" in capsys.readouterr().err.replace("\n", " ")
    assert not list(tmp_path.glob("events*"))


def test_a_run_that_is_asked_to_go_on_where_there_is_nothing_to_go_on_from_says_so(tmp_path: Path, capsys) -> None:
    check_place(tmp_path / "killed", tmp_path / "killed")
    assert "killed holds a run that ended before its first checkpoint" in capsys.readouterr().err.replace("\n", " ")
    check_place(tmp_path / "new", with_checkpoint(tmp_path / "whole"))  # goes on from a run in another folder
    assert capsys.readouterr().err == ""


def test_what_a_killed_process_left_half_written_or_half_removed_goes_and_nothing_else(tmp_path: Path) -> None:
    run = with_checkpoint(tmp_path)
    for name in ("checkpoints/.step_000003.partial", "checkpoints/.step_000001.deleted", "best/.step_000002.partial"):
        (run / name / "huggingface").mkdir(parents=True)
    for name in (".run.json.0af3.partial", ".probe-0af3", "notes.partial", ".notes"):
        (run / name).touch()
    (run / "rollouts").mkdir()
    (run / "rollouts" / ".train_000003.jsonl.0af3.partial").touch()
    check_place(run, run)
    left = sorted(path.relative_to(run).as_posix() for path in run.rglob("*"))
    whole = ["checkpoints", "checkpoints/step_000002", "checkpoints/step_000002/lightning.ckpt"]
    assert left == [".lock", ".notes", "best", *whole, "notes.partial", "rollouts"]


def test_a_folder_that_another_process_is_at_work_in_is_refused_until_that_one_ends(tmp_path: Path) -> None:
    other = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert other.stdin and other.stdout
    assert other.stdout.readline() == "held\n"
    with pytest.raises(InputError, match="Another process is at work in the run folder"):
        check_place(tmp_path, None)
    other.stdin.close()
    other.wait(30)
    other.stdout.close()
    check_place(tmp_path, None)
    check_place(tmp_path, None)  # a process may ask twice
