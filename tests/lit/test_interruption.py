"""A signal, or a fault between two steps, ends a run with its last finished step saved."""

from __future__ import annotations

import json
import re
import signal
from pathlib import Path
from socket import gethostname

import pytest
import torch
import yaml

from asym_lit import cli
from asym_lit.lit.interruption import Interruption
from asym_lit.processes import signals
from asym_lit.processes.signals import ECHO
from asym_lit.types import RunStoppedError
from runs import run_alone, weights, words


def with_signal(folder: Path, number: int, name: str, moment: str, times: int = 1) -> list[str]:
    sent = ["--trainer.callbacks+", "killers.Signal", "--trainer.callbacks.number", str(number)]
    sent += ["--trainer.callbacks.name", name, "--trainer.callbacks.moment", moment, "--trainer.callbacks.times", str(times)]
    return words(folder, "grpo", *sent)


def checkpoints(run: Path) -> list[str]:
    return sorted(path.name for path in (run / "checkpoints").glob("*"))


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("undisturbed")
    run_alone(*words(folder, "grpo"))
    return folder / "run" / "version_0"


@pytest.mark.parametrize(
    ("number", "name", "moment", "saved"),
    [
        (3, "SIGTERM", "on_train_batch_start", 3),  # the step at hand is finished
        (3, "SIGINT", "on_before_optimizer_step", 2),  # the first of two updates of the second step
        (1, "SIGUSR1", "on_validation_batch_start", 2),  # of the evaluation behind the second step
    ],
)
def test_a_signal_saves_the_last_finished_step_and_the_resumed_run_ends_alike(
    tmp_path, undisturbed, number, name, moment, saved
):
    done = run_alone(*with_signal(tmp_path, number, name, moment), expect=1)
    run = tmp_path / "run" / "version_0"
    assert checkpoints(run) == [f"step_{saved:06d}"]
    record = json.loads((run / "run.json").read_text())
    assert (record["state"], record["reached"]) == ("interrupted", saved)
    assert f"after step {saved}" in record["why"]
    assert f"--ckpt_path {run}" in done.stderr
    run_alone(*words(tmp_path, "grpo", "--ckpt_path", str(run)))
    expected, resumed = (weights(folder / "checkpoints" / "step_000004") for folder in (undisturbed, run))
    assert all(torch.equal(value, resumed[key]) for key, value in expected.items())
    assert json.loads((run / "run.json").read_text())["state"] == "finished"


def test_a_second_signal_ends_the_process_at_once(tmp_path):
    sent = with_signal(tmp_path, 3, "SIGTERM", "on_train_batch_start", times=2)
    run_alone(*sent, "--trainer.callbacks.pause", str(ECHO + 0.1), expect=-signal.SIGTERM)
    assert not (tmp_path / "run" / "version_0" / "checkpoints").exists()


def test_a_fault_of_a_verifier_costs_no_finished_step(tmp_path):
    done = run_alone(*words(tmp_path, "grpo", "--config", "tests/lit/faulty_verifier.yaml"), expect=1)
    run = tmp_path / "run" / "version_0"
    said = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert len(said) == 1 and "Traceback" not in done.stderr
    assert re.fullmatch(
        rf"error: The verifier 'faulty' raised LookupError on a response to '[\d,]+=\d+': the verifier broke\. "
        rf"Its traceback is in {run}/fault\.txt",
        said[0],
    )
    assert 'raise LookupError("the verifier broke")' in (run / "fault.txt").read_text()
    assert checkpoints(run) == ["step_000003"]
    record = json.loads((run / "run.json").read_text())
    assert record["state"] == "failed" and "LookupError" in record["why"]


# Of two processes each gives 16 verdicts before training, 8 a step, 16 behind the second step: 35 end in that evaluation, 59 in
# the fourth step.
@pytest.mark.parametrize(("rank", "after", "saved"), [(1, 59, 3), (0, 59, 3), (1, 35, 2)])
def test_a_fault_in_one_process_of_two_ends_both_and_costs_no_finished_step(tmp_path, rank, after, saved):
    verifier = {"class_path": "faulty_verifier.Faulty", "init_args": {"after": after, "rank": rank}}
    lone = [{"class_path": "asym_lit.lit.callbacks.VerifierReward", "init_args": {"verifier": verifier}}]
    lone += [{"class_path": f"asym_lit.lit.callbacks.{name}"} for name in ("RunRecord", "RolloutCheckpoint")]
    (tmp_path / "faulty.yaml").write_text(yaml.safe_dump({"trainer": {"callbacks": lone}}))
    ddp = ["--config", "configs/overlays/ddp.yaml", "--config", str(tmp_path / "faulty.yaml")]
    given = words(tmp_path, "grpo", *ddp)
    at = given.index("--trainer.logger.version")
    done = run_alone(*given[:at], *given[at + 2 :], expect=1)
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["version_0"]  # none for the second process
    assert "error: The verifier 'faulty' raised LookupError" in done.stderr and "Traceback" not in done.stderr
    assert f"stopped: A fault of process {rank} on {gethostname()}: The verifier 'faulty' raised LookupError" in done.stderr
    run = tmp_path / "run" / "version_0"
    assert checkpoints(run) == [f"step_{saved:06d}"]
    record = json.loads((run / "run.json").read_text())
    assert (record["state"], record["reached"]) == ("failed", saved)
    assert "the verifier broke" in record["why"]
    if rank == 0:  # one of them is enough to see that it goes on
        run_alone(*words(tmp_path, "grpo", "--ckpt_path", str(run)))
        assert json.loads((run / "run.json").read_text())["state"] == "finished"


def test_a_signal_before_anything_listens_or_that_the_process_is_deaf_to_is_left_alone():
    mine, terminated = Interruption(), signal.getsignal(signal.SIGTERM)
    before = signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    try:
        mine.listen()
        assert signal.getsignal(signal.SIGUSR1) == signal.SIG_IGN
        signal.raise_signal(signal.SIGUSR1)
        mine.check(3)
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGTERM)  # the same one, passed on by what started this process: else it would end here
        for check in (mine.check, mine.check_alone):
            with pytest.raises(RunStoppedError, match=r"^SIGTERM after step 3"):
                check(3)
    finally:
        mine.ignore()
        signal.signal(signal.SIGUSR1, before)
        signal.signal(signal.SIGTERM, terminated)  # given back when its echo has died away, which the next test sees
    assert mine.by == ""


def test_a_second_ctrl_c_while_the_run_ends_is_the_same_one_and_a_later_one_is_not(monkeypatch):
    """Two of them, 0.2 s apart: a run of a second has saved and let go of its signals when the second one comes."""
    now, heeded = [100.0], []
    monkeypatch.setattr(signals, "monotonic", lambda: now[0])
    before = signal.signal(signal.SIGINT, lambda *_: heeded.append(now[0]))
    given_back = signal.getsignal(signal.SIGINT)
    try:
        mine = Interruption()
        mine.listen()
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(RunStoppedError, match=r"^Ctrl-C after step 3"):
            mine.check(3)
        mine.ignore()
        now[0] += 0.2
        signal.raise_signal(signal.SIGINT)
        assert heeded == []
        now[0] += ECHO
        signal.raise_signal(signal.SIGINT)
        assert heeded == [105.2]
        assert signal.getsignal(signal.SIGINT) is given_back
    finally:
        signal.signal(signal.SIGINT, before)


def test_ctrl_c_before_anything_listens_is_told_in_a_line_and_one_more_does_nothing(monkeypatch):
    def interrupted(args):
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "make_cli", interrupted)
    before = signal.getsignal(signal.SIGINT)
    try:
        with pytest.raises(SystemExit, match=r"^stopped: Ctrl-C\.$"):
            cli.main(["fit"])
        assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_under_slurm_a_signal_saves_a_checkpoint_of_ours_and_nothing_beside_the_runs(tmp_path, monkeypatch):
    for name, value in {"NTASKS": "1", "JOB_NAME": "job", "JOB_ID": "7", "PROCID": "0", "LOCALID": "0", "NODEID": "0"}.items():
        monkeypatch.setenv(f"SLURM_{name}", value)
    monkeypatch.setenv("SLURM_NTASKS_PER_NODE", "1")
    root = ["--trainer.default_root_dir", str(tmp_path / "root")]
    (tmp_path / "root").mkdir()
    run_alone(*with_signal(tmp_path, 3, "SIGUSR1", "on_train_batch_start"), *root, expect=1)
    assert checkpoints(tmp_path / "run" / "version_0") == ["step_000003"]
    assert list((tmp_path / "root").iterdir()) == []
    (tmp_path / "root" / "hpc_ckpt_1.ckpt").touch()
    done = run_alone(*words(tmp_path / "other", "grpo"), *root, expect=1)
    assert "hpc_ckpt_1.ckpt was left by another run" in done.stderr


def test_a_full_disk_costs_an_old_checkpoint_and_no_step(tmp_path, fit):
    run = fit(
        "grpo",
        "--config",
        "tests/lit/every_step.yaml",
        "--trainer.callbacks+",
        "killers.FullDisk",
        "--trainer.callbacks.number",
        "4",
    )
    assert checkpoints(run) == ["step_000003", "step_000004"]


def test_a_run_in_which_nothing_is_learned_says_so_and_why(tmp_path, fit, capsys):
    fit("grpo", "--data.task.operators", "+", "--config", "tests/lit/all_wrong.yaml")
    said = " ".join(capsys.readouterr().out.split())
    assert "Nothing learned in this run: no update of 4 steps had a gradient; groups were all wrong in 4 of them" in said


def test_a_run_in_which_something_is_learned_says_nothing_of_the_kind(tmp_path, fit, capsys):
    fit("grpo")
    assert "Nothing learned" not in capsys.readouterr().out
