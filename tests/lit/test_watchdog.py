"""A run whose processes watch over each other; how they do: `test_watching.py`; on two nodes: `test_strategies.py`."""

from __future__ import annotations

import json
import re
from pathlib import Path
from time import monotonic, sleep
from types import SimpleNamespace

import pytest
import torch

from asym_lit.lit.callbacks import Watchdog
from asym_lit.lit.watchdog import broke_in_a_collective, take_over_children, watched
from asym_lit.processes import ending
from asym_lit.processes.ending import in_time
from asym_lit.run_folder.ends import keep_stacks, note_end
from asym_lit.run_folder.record import read_record, write_record
from asym_lit.types import InputError
from runs import run_alone, words


def lives(pid: str) -> bool:
    """Whether a process is there, and more than a name that whoever looks after orphans has not struck off."""
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


def test_a_stopped_process_that_lightning_started_is_named_and_killed_and_the_run_ends_with_the_word_to_try_again(tmp_path):
    short = ["--data.rollout_steps", "2", "--trainer.num_sanity_val_steps", "0", "--trainer.limit_val_batches", "0"]
    short += ["--config", "configs/overlays/ddp.yaml", "--trainer.callbacks+", "Watchdog", "--trainer.callbacks.silence", "5"]
    fell = ["killers.Fell", "--trainer.callbacks.rank", "1", "--trainer.callbacks.signal_name", "SIGSTOP"]
    fell += ["--trainer.callbacks.moment", "update", "--trainer.callbacks.step", "1"]
    done = run_alone(*words(tmp_path, "grpo", *short, "--trainer.callbacks+", *fell), expect=75)
    run = tmp_path / "run" / "version_0"
    (pid,) = re.findall(
        r"error: Lost rank 1 \(host .*, pid (\d+)\), last seen in .*: no answer for 5 s, so stopped", done.stderr
    )
    end = monotonic() + 20
    while lives(pid) and monotonic() < end:  # a busy machine takes its time over the killed
        sleep(0.05)
    assert not lives(pid)
    record = read_record(run)
    assert (record["state"], record["reached"]) == ("failed", 0) and record["why"].startswith("Lost rank 1 (host ")
    assert f"Saved           nothing yet; the run begins anew\nTo go on        --ckpt_path {run}\n" in done.stderr
    assert "accumulate" in (run / "stacks" / "rank_0000.txt").read_text()


def test_times_that_mean_nothing_are_refused():
    with pytest.raises(InputError, match=r"Watchdog.seconds is -1; allowed: 0 .* or more"):
        Watchdog(seconds=-1)
    with pytest.raises(InputError, match=r"Watchdog.silence is 1; allowed: 5 or more"):
        Watchdog(silence=1)


def test_a_run_of_several_processes_gets_a_watchdog_and_its_own_one_stays():
    def trainer(size, *callbacks):
        return SimpleNamespace(world_size=size, callbacks=list(callbacks))

    assert watched(trainer(1)) == [] == watched(trainer(2, Watchdog(seconds=9)))
    assert [type(one) for one in watched(trainer(2))] == [Watchdog]


def test_what_a_broken_collective_raises_is_told_from_a_fault_of_ones_own():
    def raised(act):
        try:
            act()
        except Exception as fault:
            return fault

    assert broke_in_a_collective(raised(torch.distributed.barrier))  # no process group: raised inside of torch.distributed
    assert broke_in_a_collective(RuntimeError("[gloo/transport/tcp/pair.cc:537] Read error: Connection reset by peer"))
    assert broke_in_a_collective(torch.distributed.DistBackendError("timed out"))
    assert not broke_in_a_collective(raised(lambda: torch.zeros(2) @ torch.zeros(3)))


def test_lightnings_observer_lets_go_of_the_processes_and_its_launcher_keeps_them():
    observed = launched = ["a process"]
    launcher = SimpleNamespace(procs=launched)
    take_over_children(SimpleNamespace(strategy=SimpleNamespace(launcher=launcher)))
    assert observed == [] and launcher.procs == ["a process"]
    take_over_children(SimpleNamespace(strategy=SimpleNamespace(launcher=None)))  # torchrun's and SLURM's


def test_what_a_cut_run_leaves_says_why_and_where_it_was(tmp_path):
    assert note_end(tmp_path, "Lost rank 1") == [
        "Saved           nothing yet; the run begins anew",
        f"To go on        --ckpt_path {tmp_path}",
    ]
    assert not (tmp_path / "run.json").exists()  # it had no record
    write_record(tmp_path, {"state": "running", "reached": 2})
    (tmp_path / "checkpoints" / "step_000002" / "lightning.ckpt").mkdir(parents=True)
    assert note_end(tmp_path, "Lost rank 1")[0] == f"Saved           {tmp_path / 'checkpoints' / 'step_000002'}"
    assert json.loads((tmp_path / "run.json").read_text()) == {"state": "failed", "reached": 2, "why": "Lost rank 1"}
    kept = keep_stacks(tmp_path, 3, "Lost rank 1")
    assert kept == tmp_path / "stacks" / "rank_0003.txt"
    assert kept.read_text().startswith("Lost rank 1\n\nThread MainThread")


def test_a_file_system_that_hangs_or_is_full_keeps_no_process_from_ending(monkeypatch, capfd):
    monkeypatch.setattr(ending, "WRITING", 0.05)
    assert in_time(lambda: Path("/dev/full").write_text("x")) is None
    assert in_time(lambda: __import__("time").sleep(1)) is None
    said = capfd.readouterr().err
    assert "OSError: [Errno 28] No space left on device" in said and "it takes longer than 0 s" in said
    assert in_time(lambda: 3) == 3
