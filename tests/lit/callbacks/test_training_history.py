from __future__ import annotations

import json

import pyarrow.parquet as pq

from asym_lit.tasks import Countdown, OneShot


def test_a_run_keeps_how_each_problem_went_and_a_one_shot_run_is_chosen_from_it(fit, tmp_path):
    """Four steps of four problems from a pool of four, so that each is met four times; then one of them alone."""
    task = "{class_path: asym_lit.tasks.Countdown, init_args: {train_size: 8, val_size: 8, test_size: 8}}"
    pool = ["--data.task", f"{{class_path: asym_lit.tasks.Pool, init_args: {{size: 4, task: {task}}}}}"]
    keep = ["--trainer.callbacks+=asym_lit.lit.callbacks.TrainingHistory", "--trainer.callbacks.every_n_steps", "3"]
    first = fit("grpo", *pool, *keep, "--trainer.num_sanity_val_steps", "0", folder=tmp_path / "pool")
    rows = pq.read_table(first / "history.parquet").to_pylist()
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
