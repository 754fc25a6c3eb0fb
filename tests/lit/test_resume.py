"""A run that is killed and resumed ends with the very weights, and evaluations, of a run that was not."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch

from asym_lit.run_folder.ledger import read_ledger
from runs import points, run_alone, scalars, weights, words

SIGKILLED = -9


def arguments(folder: Path, *more: str) -> list[str]:
    return words(folder, "dapo", "--config", "tests/lit/every_step.yaml", *more)


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("uninterrupted")
    run_alone(*arguments(folder))
    return folder / "run" / "version_0"


@pytest.mark.parametrize(
    ("killer", "number", "survives"),
    [
        ("KillBeforeOptimizerStep", 6, 2),  # the second of two mini-batches of the third step
        ("KillInCheckpoint", 3, 2),
        ("KillInCheckpoint", 1, 0),
        ("KillInEvaluation", 1, 2),
        ("KillInEvaluation", 2, 4),  # nothing is left to train
    ],
)
def test_a_killed_run_resumes_to_bit_identical_weights_and_the_same_evaluations(
    tmp_path: Path, uninterrupted: Path, killer: str, number: int, survives: int
) -> None:
    kill = ["--trainer.callbacks+", f"killers.{killer}", "--trainer.callbacks.number", str(number)]
    run_alone(*arguments(tmp_path, *kill), expect=SIGKILLED)
    run = tmp_path / "run" / "version_0"
    whole = sorted(path.name for path in (run / "checkpoints").glob("step_*"))
    assert whole == [f"step_{step:06d}" for step in range(1, survives + 1)]
    resume = ["--ckpt_path", str(run)]
    before = {path: path.stat().st_mtime_ns for path in run.glob("checkpoints/step_*/lightning.ckpt")}
    done = run_alone(*arguments(tmp_path, *resume))
    if survives:  # from the checkpoint, not from the beginning, which would end alike
        assert f"step_{survives:06d}" in done.stdout + done.stderr
        assert {path: path.stat().st_mtime_ns for path in before} == before
    else:
        assert "ended before its first checkpoint; it begins anew" in " ".join(done.stderr.split())
    assert points(run) == points(uninterrupted)  # none lost, none twice
    assert not [path for path in run.rglob(".*") if path.name != ".lock"]
    assert {record.step for record in read_ledger(run / "ledger.parquet")} == {0, 2, 4}
    assert read_ledger(run / "ledger.parquet") == read_ledger(uninterrupted / "ledger.parquet")
    expected, resumed = (weights(folder / "checkpoints" / "step_000004") for folder in (uninterrupted, run))
    assert resumed.keys() == expected.keys()
    for name, value in expected.items():
        assert torch.equal(value, resumed[name]), name


@pytest.fixture(scope="module")
def two_steps(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("two_steps")
    run_alone(*words(folder, "grpo", "--data.rollout_steps", "2", "--model.optimizer.lr", "0.001"))
    return folder / "run" / "version_0"


@pytest.fixture
def finished(tmp_path: Path, two_steps: Path) -> Path:
    """A finished run of two steps, a copy for each test."""
    return shutil.copytree(two_steps, tmp_path / "run" / "version_0")


def test_a_finished_run_that_is_made_longer_trains_on_to_the_weights_of_the_longer_run(tmp_path: Path, fit) -> None:
    whole = fit("grpo", "--data.rollout_steps", "4", folder=tmp_path / "whole")
    run = fit("grpo", "--data.rollout_steps", "2")
    fit("grpo", "--data.rollout_steps", "4", "--ckpt_path", str(run))
    record = json.loads((run / "run.json").read_text())
    assert (record["state"], record["reached"]) == ("finished", 4)
    expected, resumed = (weights(folder / "checkpoints" / "step_000004") for folder in (whole, run))
    assert all(torch.equal(value, resumed[name]) for name, value in expected.items())


def test_a_run_that_cannot_go_on_leaves_its_folder_and_a_new_one_as_they_were(tmp_path: Path, finished: Path, fit) -> None:
    """A refusal comes before weights are restored: what was saved then were those of no step, and the next start took them."""
    before = {path.name: path.read_bytes() for path in (finished / "config.yaml", finished / "run.json")}
    shorter = ("--data.rollout_steps", "1", "--model.optimizer.lr", "0.5", "--ckpt_path", str(finished))
    for more in ((), ("--trainer.logger.name", "elsewhere")):
        with pytest.raises(SystemExit, match="has made 2 rollout steps, and"):
            fit("grpo", *shorter, *more)
    assert {name: (finished / name).read_bytes() for name in before} == before
    assert [path.name for path in (finished / "checkpoints").iterdir()] == ["step_000002"]
    assert not list(tmp_path.rglob("elsewhere/**/step_*"))


def test_another_optimizer_is_refused_for_what_the_checkpoints_remembers_is_not_its_own(finished: Path, fit) -> None:
    with pytest.raises(SystemExit, match=r"made with model.optimizer AdamW, and this run has SGD. What it remembers"):
        fit("grpo", "--data.rollout_steps", "4", "--model.optimizer", "torch.optim.SGD", "--ckpt_path", str(finished))


def test_changes_of_an_earlier_resume_stay_on_record_and_the_same_settings_are_none(finished: Path, fit) -> None:
    for steps in ("3", "4"):
        fit("grpo", "--data.rollout_steps", steps, "--model.optimizer.lr", "0.5", "--ckpt_path", str(finished))
    record = json.loads((finished / "run.json").read_text())
    assert record["changed_on_resume"] == {}
    assert record["changed_earlier"] == [{"model.optimizer.lr": ["0.001", "0.5"]}]


def test_settings_other_than_the_checkpoints_take_effect_and_are_recorded(finished: Path, fit) -> None:
    fit(
        "grpo",
        "--data.rollout_steps",
        "4",
        "--model.optimizer.lr",
        "0.5",
        "--model.max_grad_norm",
        "2",
        "--ckpt_path",
        str(finished),
    )
    record = json.loads((finished / "run.json").read_text())
    assert record["changed_on_resume"] == {"model.optimizer.lr": ["0.001", "0.5"], "model.max_grad_norm": ["1.0", "2.0"]}
    assert scalars(finished, "update/lr") == pytest.approx({0: 0.001, 1: 0.001, 2: 0.5, 3: 0.5})


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (["--data.task.high", "30"], "data.problems 64 problems, .*order of prompts"),
        (["--data.evaluation.n", "2"], r"data.evaluation of countdown Sampling\(n=4,.*would not ask alike"),
        (["--data.task.val_size", "4"], "data.evaluation problems of countdown 8 problems"),
    ],
)
def test_what_a_run_cannot_go_on_with_is_refused_before_the_first_batch(finished: Path, fit, other, words) -> None:
    with pytest.raises(SystemExit, match=words):
        fit("grpo", "--data.rollout_steps", "4", *other, "--ckpt_path", str(finished))
