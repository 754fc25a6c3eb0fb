"""When checkpoints are written, and what is in them. Runs that are killed are in `test_resume.py`."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import yaml

from asym_lit.cli import main
from asym_lit.run_folder.ledger import read_ledger
from asym_lit.run_folder.record import read_metrics
from asym_lit.run_folder.transcripts import cut_transcripts
from runs import scalars, weights, words

ENGINE = ["--trainer.limit_val_batches", "2", "--data.evaluation_prompts_per_batch", "4"]
ENGINE += ["--data.engine", "dying.DyingEngine", "--data.engine.dies_at"]
# The engine writes 8 groups before training, 4 in a step, and twice 4 in an evaluation behind steps 2 and 4.

SCORES = ("scores.Scores", {"values": [0.5, 0.9, 0.7, 0.9]})  # the second is the best, and the fourth no better


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def with_callbacks(folder: Path, *callbacks: tuple[str, dict]) -> list[str]:
    """Words for a run with these callbacks and the one it cannot do without."""
    verified = ("asym_lit.lit.callbacks.VerifierReward", {"verifier": {"class_path": "asym_lit.tasks.CountdownVerifier"}})
    listed = [{"class_path": path, "init_args": settings} for path, settings in (verified, *callbacks)]
    folder.mkdir(exist_ok=True)
    (folder / "callbacks.yaml").write_text(yaml.safe_dump({"trainer": {"callbacks": listed}}))
    return ["--config", str(folder / "callbacks.yaml")]


def rollout_checkpoint(every: int) -> tuple[str, dict]:
    return "asym_lit.lit.callbacks.RolloutCheckpoint", {"every_n_steps": every, "keep": 0}


def owing(run: Path) -> dict[int, bool]:
    """Steps with a checkpoint, and whether it says that they are still to be evaluated."""
    states = {path.name: torch.load(path / "lightning.ckpt", weights_only=True) for path in (run / "checkpoints").iterdir()}
    return {int(name[5:]): state["callbacks"]["RolloutCheckpoint"]["owes_evaluation"] for name, state in states.items()}


@pytest.mark.parametrize(
    ("every", "more", "expected"),
    [
        (3, ["--data.rollout_steps", "5"], {3: False, 5: True}),  # steps 2 and 4 are evaluated, and the last one
        (2, ["--data.rollout_steps", "5"], {2: True, 4: True, 5: True}),
        (2, ["--trainer.limit_val_batches", "0"], {2: False, 4: False}),
        (2, ["--trainer.val_check_interval", "00:00:00:00"], {2: True, 4: True}),  # by the clock: each step
    ],
)
def test_a_checkpoint_says_whether_its_step_is_still_to_be_evaluated(tmp_path, fit, every, more, expected):
    run = fit("grpo", *with_callbacks(tmp_path, rollout_checkpoint(every)), *more)
    assert owing(run) == expected


@pytest.mark.parametrize("interval", [["2"], ["3"], ["40"], ["0.7", "--trainer.check_val_every_n_epoch", "1"], ["00:01:00:00"]])
def test_the_last_step_is_evaluated_whatever_the_interval(fit, interval):
    run = fit("grpo", "--data.rollout_steps", "3", "--trainer.val_check_interval", *interval)
    assert max(record.step for record in read_ledger(run / "ledger.parquet")) == 3
    assert set(json.loads((run / "pass_at_k.json").read_text())) == {"before", "after 3 steps"}


def test_a_run_that_is_cut_to_the_steps_it_has_made_measures_the_last_one(tmp_path, fit):
    with pytest.raises(SystemExit, match=r"^stopped: The engine failed twice"):
        fit("grpo", *ENGINE, "[29,30]")  # in the fourth step
    run = tmp_path / "run" / "version_0"
    assert names(run / "checkpoints") == ["step_000003"]
    fit("grpo", *ENGINE, "[]", "--data.rollout_steps", "3", "--ckpt_path", str(run))
    assert max(record.step for record in read_ledger(run / "ledger.parquet")) == 3
    assert set(json.loads((run / "pass_at_k.json").read_text())) == {"before", "after 3 steps"}
    assert json.loads((run / "run.json").read_text())["state"] == "finished"


@pytest.mark.parametrize(
    ("stop", "more", "expected"),
    [
        (("killers.Stop", {"number": 3}), [], {2: True, 3: True}),  # the last policy is evaluated, whatever the interval
        (("killers.Stop", {"number": 3}), ["--trainer.limit_val_batches", "0"], {2: False, 3: False}),
        (
            ("lightning.pytorch.callbacks.EarlyStopping", {"monitor": "val/score", "mode": "max", "patience": 1}),
            ["--trainer.val_check_interval", "1"],
            {2: True, 3: False},  # the third evaluation is worse than the second
        ),
    ],
)
def test_a_step_at_which_a_callback_stops_the_run_gets_a_checkpoint(tmp_path, fit, stop, more, expected):
    run = fit("grpo", *with_callbacks(tmp_path, SCORES, stop, rollout_checkpoint(2)), *more)
    assert owing(run) == expected


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("undisturbed")
    main(words(folder, "grpo", *ENGINE, "[]"))
    return folder / "run" / "version_0"


@pytest.mark.parametrize(("dies_at", "step"), [("[16,17]", 2), ("[20,21]", 2), ("[36,37]", 4)])
def test_a_run_that_stops_itself_in_an_evaluation_is_saved_and_makes_it_when_it_is_resumed(
    tmp_path: Path, fit: Callable[..., Path], undisturbed: Path, dies_at: str, step: int
) -> None:
    with pytest.raises(SystemExit, match=r"^stopped: The engine failed twice"):
        fit("grpo", *ENGINE, dies_at)
    run = tmp_path / "run" / "version_0"
    assert names(run / "checkpoints") == [f"step_{step:06d}"]
    assert json.loads((run / "run.json").read_text())["state"] == "stopped"
    with pytest.raises(SystemExit, match=r"^stopped: The engine failed twice"):
        fit("grpo", *ENGINE, "[1,2]", "--ckpt_path", str(run))  # in the same evaluation, which comes first now
    fit("grpo", *ENGINE, "[]", "--ckpt_path", str(run))
    assert read_ledger(run / "ledger.parquet") == read_ledger(undisturbed / "ledger.parquet")
    resumed, expected = (weights(folder / "checkpoints" / "step_000004") for folder in (run, undisturbed))
    for name, value in expected.items():
        assert torch.equal(value, resumed[name]), name


@pytest.mark.parametrize("best_first", [True, False])
def test_the_policy_with_the_best_evaluation_is_kept_also_over_a_resume(tmp_path, fit, best_first):
    """Four steps, each evaluated; then again from the second step on, as if the run had been killed behind it."""
    writers = [("asym_lit.lit.callbacks.BestCheckpoint", {"monitor": "val/score"}), rollout_checkpoint(1)]
    more = with_callbacks(tmp_path, SCORES, *(writers if best_first else writers[::-1]))
    run = fit("grpo", *more, "--trainer.val_check_interval", "1")
    assert names(run / "best") == ["step_000002"]
    for step in (3, 4):
        shutil.rmtree(run / "checkpoints" / f"step_00000{step}")
    fit("grpo", *more, "--trainer.val_check_interval", "1", "--ckpt_path", str(run))
    assert names(run / "checkpoints") == ["step_000001", "step_000002", "step_000003", "step_000004"]
    assert names(run / "best") == ["step_000002"]


def test_a_policy_that_was_not_evaluated_is_no_best_one(tmp_path, fit):
    best = ["--trainer.callbacks+=asym_lit.lit.callbacks.BestCheckpoint"]
    with pytest.raises(SystemExit, match=r"^stopped: The engine failed twice"):
        fit("grpo", *ENGINE, "[29,30]", *best)  # in the fourth step
    run = tmp_path / "run" / "version_0"
    assert names(run / "checkpoints") == ["step_000003"]
    assert names(run / "best") == ["step_000002"]


def test_a_run_that_goes_on_from_an_earlier_step_leaves_nothing_of_what_was_beyond(tmp_path, fit):
    """Else the next start would take the later checkpoint, which is of the branch that was left."""
    callbacks = [("asym_lit.lit.callbacks." + name, {}) for name in ("PassAtK", "Ledger", "RunRecord")]
    callbacks += [("asym_lit.lit.callbacks.Transcript", {"every_n_steps": 1, "evaluations": True}), rollout_checkpoint(1)]
    run = fit("grpo", *with_callbacks(tmp_path, *callbacks))
    assert names(run / "checkpoints") == [f"step_00000{step}" for step in (1, 2, 3, 4)]
    before = run / "checkpoints" / "step_000001"
    more = with_callbacks(tmp_path, *callbacks[:3], ("killers.Stop", {"number": 2}), rollout_checkpoint(1))
    fit("grpo", *more, "--trainer.val_check_interval", "4", "--ckpt_path", str(before))  # steps 2 and 3, and then it stops
    assert names(run / "checkpoints") == [f"step_00000{step}" for step in (1, 2, 3)]
    assert [row["step"] for row in read_metrics(run)] == [0, 1, 2]
    assert list(scalars(run, "reward/mean")) == [0, 1, 2]
    assert {record.step for record in read_ledger(run / "ledger.parquet")} == {0, 3}


def test_transcripts_of_beyond_the_step_that_a_run_goes_on_from_go(tmp_path):
    for name in ("train_000001", "train_000002", "val_000002_countdown", "val_000004_countdown", "test_countdown"):
        (tmp_path / f"{name}.jsonl").touch()
    cut_transcripts(tmp_path, 2)
    assert names(tmp_path) == ["test_countdown.jsonl", "train_000001.jsonl", "val_000002_countdown.jsonl"]
