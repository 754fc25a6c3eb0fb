"""CSV: what is written, and what a run that goes on finds again."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from lightning.pytorch.loggers import CSVLogger
from matplotlib.figure import Figure

from asym_lit.loggers.csv_files import CSVAdapter


def made(folder: Path) -> CSVAdapter:
    return CSVAdapter(CSVLogger(str(folder), "run", version=0))


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "run" / "version_0" / "metrics.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def written(folder: Path, steps: int) -> CSVAdapter:
    """Training at steps 0, 1, ...; evaluations behind every second one."""
    logged = made(folder)
    for step in range(steps):
        logged.write_metrics({"reward/mean": step / 10}, step)
        logged.write_table("rollouts", [{"prompt": f"of {step}", "reward": 1.0}], step)
        if step % 2:
            logged.write_metrics({"val/sums/pass@1": step / 100}, step + 1)
            logged.write_figure("val/sums/curve", Figure(), step + 1)
    logged.logger.save()
    return logged


@pytest.mark.parametrize(("evaluated", "evaluations"), [(True, ["2"]), (False, [])])
def test_a_run_that_goes_on_behind_step_2_keeps_two_steps_of_training_and_the_evaluation_that_was_made(
    tmp_path, evaluated, evaluations
):
    written(tmp_path, 4)
    resumed = made(tmp_path)
    resumed.prepare_to_go_on()
    resumed.logger.save()  # as Lightning does before the first step
    resumed.go_back(2, evaluated)
    resumed.write_metrics({"reward/mean": 0.25, "new": 7.0}, 2)
    resumed.logger.save()
    found = rows(tmp_path)
    assert [(row["step"], row["reward/mean"]) for row in found if row["reward/mean"]] == [
        ("0", "0.0"),
        ("1", "0.1"),
        ("2", "0.25"),
    ]
    assert [row["step"] for row in found if row["val/sums/pass@1"]] == evaluations
    assert [row["new"] for row in found if row["new"]] == ["7.0"]
    run = tmp_path / "run" / "version_0"
    assert sorted(path.name for path in run.rglob("step_*.csv")) == ["step_000000.csv", "step_000001.csv"]
    assert [path.name for path in run.rglob("step_*.png")] == [f"step_00000{n}.png" for n in evaluations]
    assert not list(run.glob("*earlier*"))


def test_metrics_survive_a_start_that_is_killed_before_it_puts_them_back(tmp_path):
    """Lightning deletes the file when its logger is opened."""
    written(tmp_path, 2)
    for _ in range(2):  # the first is killed behind its evaluation, which had been logged
        started = made(tmp_path)
        started.prepare_to_go_on()
        started.write_metrics({"val/sums/pass@1": 0.5}, 2)
        started.logger.save()
    started.go_back(2, evaluated=True)
    assert [row["step"] for row in rows(tmp_path)] == ["0", "1", "2"]


def test_half_a_row_at_the_end_of_a_killed_run_goes(tmp_path):
    path = Path(written(tmp_path, 2).logger.log_dir, "metrics.csv")
    path.write_text(path.read_text() + "0.1")
    resumed = made(tmp_path)
    resumed.prepare_to_go_on()
    resumed.go_back(9, evaluated=True)
    assert [row["step"] for row in rows(tmp_path)] == ["0", "1", "2"]


def test_a_table_is_a_file_with_its_columns(tmp_path):
    logged = made(tmp_path)
    logged.write_table("val/sums/pass_at_k", [{"k": 1, "pass@k": 0.5}, {"k": 2, "pass@k": None}], 3)
    path = tmp_path / "run" / "version_0" / "tables" / "val" / "sums" / "pass_at_k" / "step_000003.csv"
    assert path.read_text() == "k,pass@k\n1,0.5\n2,\n"


def test_a_resumed_run_has_the_metrics_of_one_that_was_not(tmp_path, fit):
    csv_logger = ["--trainer.logger", "CSVLogger"]
    whole = fit("grpo", *csv_logger, "--data.rollout_steps", "4", folder=tmp_path / "whole")
    run = fit("grpo", *csv_logger, "--data.rollout_steps", "2")
    fit("grpo", *csv_logger, "--data.rollout_steps", "4", "--ckpt_path", str(run))

    def rewards(folder: Path) -> list[tuple[str, str]]:
        with (folder / "metrics.csv").open(newline="") as file:
            return [(row["step"], row["reward/mean"]) for row in csv.DictReader(file) if row["reward/mean"]]

    assert rewards(run) == rewards(whole)
    assert [step for step, _ in rewards(run)] == ["0", "1", "2", "3"]
    assert "objective:" in (run / "hparams.yaml").read_text()
