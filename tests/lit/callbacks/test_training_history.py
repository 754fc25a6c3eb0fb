from __future__ import annotations

import json
import shutil

import pyarrow.parquet as pq
import pytest

from asym_lit.tasks import Countdown, OneShot
from runs import scalars

KEEP = ["--trainer.callbacks+=asym_lit.lit.callbacks.TrainingHistory", "--trainer.callbacks.every_n_steps"]


def history(run):
    return pq.read_table(run / "history.parquet").to_pylist()


def test_a_run_keeps_how_each_problem_went_and_a_one_shot_run_is_chosen_from_it(fit, tmp_path):
    """Four steps of four problems from a pool of four, so that each is met four times; then one of them alone."""
    task = "{class_path: asym_lit.tasks.Countdown, init_args: {train_size: 8, val_size: 8, test_size: 8}}"
    pool = ["--data.task", f"{{class_path: asym_lit.tasks.Pool, init_args: {{size: 4, task: {task}}}}}"]
    first = fit("grpo", *pool, *KEEP, "3", "--trainer.num_sanity_val_steps", "0", folder=tmp_path / "pool")
    rows = history(first)
    assert len(rows) == 16
    assert {row["step"] for row in rows} == {0, 1, 2, 3}
    assert {row["samples"] for row in rows} == {4}
    assert len({row["uid"] for row in rows}) == 4

    path = str(first / "history.parquet")
    one = f"{{class_path: asym_lit.tasks.OneShot, init_args: {{rule: std, history: {path}, task: {task}}}}}"
    second = fit("grpo", "--data.task", one, "--trainer.num_sanity_val_steps", "0", folder=tmp_path / "one")
    choice = json.loads((second / "run.json").read_text())["choice"]
    expected = OneShot(Countdown(train_size=8, val_size=8, test_size=8), "std", path).choice
    assert (choice["uid"], choice["pool"], choice["accuracies"]) == (expected["uid"], 4, expected["accuracies"])
    trained = [json.loads(line)["uid"] for line in (second / "rollouts" / "train_000000.jsonl").read_text().splitlines()]
    assert set(trained) == {choice["uid"]}


def test_groups_that_were_drawn_and_dropped_are_in_the_history(fit):
    run = fit("dapo", *KEEP, "1", "--data.rollout_steps", "2")
    for step, mean in scalars(run, "train/pass@1").items():  # over all groups drawn, those dropped too
        rows = [row for row in history(run) if row["step"] == step]
        assert len(rows) == 4 * scalars(run, "groups/drawn")[step]  # a mean over the four slots of a step
        assert {row["samples"] for row in rows} == {4}
        assert sum(row["correct"] for row in rows) / (4 * len(rows)) == pytest.approx(mean)
    assert len(history(run)) > 2 * 4


def test_a_resumed_run_goes_on_in_the_history_behind_its_checkpoint(fit, tmp_path):
    """A run of four steps; and a copy of it that lost its last two checkpoints."""
    words = ["--config", "tests/lit/every_step.yaml", *KEEP, "10"]
    whole = fit("dapo", *words, folder=tmp_path / "whole")
    parts = tmp_path / "parts" / "run" / "version_0"
    shutil.copytree(whole, parts)
    for step in (3, 4):
        shutil.rmtree(parts / "checkpoints" / f"step_00000{step}")
    fit("dapo", *words, "--ckpt_path", str(parts), folder=tmp_path / "parts")
    assert {row["step"] for row in history(parts)} == {0, 1, 2, 3}
    assert history(parts) == history(whole)


def test_the_history_of_a_run_that_stops_early_has_its_last_steps(fit):
    stop = ["--trainer.callbacks+=lightning.pytorch.callbacks.EarlyStopping", "--trainer.callbacks.monitor"]
    stop += ["val/countdown/pass@1", "--trainer.callbacks.patience", "1", "--trainer.callbacks.min_delta", "2.0"]
    alone = "{class_path: asym_lit.lit.callbacks.VerifierReward, init_args: {verifier: asym_lit.tasks.CountdownVerifier}}"
    words = ["--data.rollout_steps", "8", "--trainer.enable_checkpointing", "false", "--trainer.callbacks", f"[{alone}]"]
    run = fit("grpo", *words, "--trainer.callbacks+=PassAtK", *KEEP, "3", *stop)
    assert {row["step"] for row in history(run)} == {0, 1, 2, 3}


def test_a_run_that_stops_itself_and_is_resumed_loses_nothing_of_its_history(fit, tmp_path):
    engine = ["--data.engine", "dying.DyingEngine", "--data.engine.dies_at"]
    with pytest.raises(SystemExit, match=r"^stopped: The engine failed twice"):
        fit("grpo", *KEEP, "10", *engine, "[13,14]")  # 8 before training, then 4 a step: in the second one
    run = tmp_path / "run" / "version_0"
    fit("grpo", *KEEP, "10", *engine, "[]", "--ckpt_path", str(run))
    assert {row["step"] for row in history(run)} == {0, 1, 2, 3}
