"""One run in four loggers at once, and what each of them has of it, by its own reader."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from time import monotonic, sleep

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from asym_lit.cli import main
from runs import words

wandb = pytest.importorskip("wandb")
mlflow = pytest.importorskip("mlflow")
pytest.importorskip("sqlalchemy", reason="mlflow-skinny has no database")

from wandb_files import axes, history, records, settings  # noqa: E402

STEPS, EVALUATIONS = [0, 1, 2, 3], [0, 2, 4]
LOGGERS = """
trainer:
  logger:
    - class_path: TensorBoardLogger
      init_args: {{save_dir: {folder}, name: run, version: 0, default_hp_metric: false}}
    - {{class_path: CSVLogger, init_args: {{save_dir: {folder}, name: run, version: 0}}}}
    - {{class_path: WandbLogger, init_args: {{save_dir: {folder}, name: run, version: null}}}}
    - {{class_path: MLFlowLogger, init_args: {{save_dir: {folder}}}}}
"""


def run_in_four(folder: Path, *more: str) -> None:
    (folder / "four.yaml").write_text(LOGGERS.format(folder=folder))
    command = words(folder, "simko", "--config", "tests/lit/all_callbacks.yaml", *more)
    kept = [word for i, word in enumerate(command) if not any("logger" in one for one in command[max(i - 1, 0) : i + 1])]
    main([*kept, "--config", str(folder / "four.yaml")])
    wandb.finish()
    deadline = monotonic() + 30
    while [one.WhichOneof("record_type") for one in records(offline_files(folder)[-1])][-1:] != ["exit"]:
        # W&B's own process writes on for a moment, and may not have begun
        assert monotonic() < deadline
        sleep(0.1)


def forget(patch: pytest.MonkeyPatch) -> None:
    """What a run before this one has left for its services in the environment: MLflow writes its store there."""
    for name in ("WANDB_PROJECT", "WANDB_NAME", "WANDB_DIR", "MLFLOW_TRACKING_URI", "MLFLOW_EXPERIMENT_NAME"):
        patch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With a run of four steps."""
    made = tmp_path_factory.mktemp("four")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["train.py"])
        patch.setenv("WANDB_MODE", "offline")
        patch.setenv("WANDB_SILENT", "true")
        forget(patch)
        run_in_four(made)
    return made


def offline_files(folder: Path) -> list[Path]:
    return sorted(folder.glob("wandb/offline-run-*/run-*.wandb"))


def store(folder: Path) -> tuple[object, object]:
    """MLflow's client and the one run in its store."""
    client = mlflow.MlflowClient(f"sqlite:///{folder}/mlflow.db")
    (run,) = client.search_runs([client.get_experiment_by_name("asym_lit").experiment_id])
    return client, run


def test_the_run_has_one_folder_which_the_loggers_of_files_share(folder):
    assert [path.name for path in (folder / "run").iterdir()] == ["version_0"]
    names = {path.name for path in (folder / "run" / "version_0").iterdir()}
    assert {"metrics.csv", "run.json", "config.yaml", "logged_runs.json"} <= names
    assert any(name.startswith("events.") for name in names)


def test_wandb_has_numbers_over_the_rollout_step_and_nothing_over_lightnings(folder):
    (file,) = offline_files(folder)
    lines = history(file)
    assert [line["rollout_step"] for line in lines if "reward/mean" in line] == STEPS
    assert [line["rollout_step"] for line in lines if "val/countdown/pass@4" in line] == EVALUATIONS
    assert dict(axes(file))["*"] == "rollout_step"
    assert not any("trainer/global_step" in line for line in lines)


def test_wandb_has_the_settings_a_table_of_samples_the_curve_as_chart_and_image(folder):
    (file,) = offline_files(folder)
    found = settings(file)
    assert found["model"]["init_args"]["objective"]["init_args"]["alpha"] == 0.01
    tables = [line for line in history(file) if "rollouts/path" in line]
    assert [line["rollout_step"] for line in tables] == [0, 2]
    table = json.loads((file.parent / "files" / tables[0]["rollouts/path"]).read_text())
    assert table["columns"] == ["prompt", "response", "outcome", "reason", "reward", "advantage", "tokens"]
    assert len(table["data"]) == 8
    assert [row[4] for row in table["data"]] == [float(row[2] == "correct") for row in table["data"]]
    last = history(file)
    images = [line for line in last if line.get("val/countdown/curve/_type") == "image-file"]
    assert [line["rollout_step"] for line in images] == EVALUATIONS
    chart = next(line["val/countdown/pass_at_k_table/path"] for line in last if "val/countdown/pass_at_k_table/path" in line)
    assert [row[0] for row in json.loads((file.parent / "files" / chart).read_text())["data"]] == [1, 2, 4]


def test_mlflow_has_numbers_settings_a_table_and_a_figure(folder):
    client, run = store(folder)
    number = run.info.run_id
    assert run.info.status == "FINISHED" and run.info.run_name == "run"
    assert [one.step for one in client.get_metric_history(number, "reward/mean")] == STEPS
    assert [one.step for one in client.get_metric_history(number, "val/countdown/pass_at_4")] == EVALUATIONS
    assert run.data.params["model/init_args/objective/init_args/alpha"] == "0.01"
    figures = {path.path for path in client.list_artifacts(number, "figures/val/countdown/curve")}
    assert figures == {f"figures/val/countdown/curve/step_00000{step}.png" for step in EVALUATIONS}
    place = client.download_artifacts(number, "settings.yaml", str(folder))
    assert "rollout_steps: 4" in Path(place).read_text()


def test_mlflow_reads_its_tables_back(folder):
    client, run = store(folder)
    table = client.load_table(run.info.experiment_id, "tables/rollouts.json", [run.info.run_id])
    assert list(table["step"]) == [0] * 8 + [2] * 8
    assert set(table["outcome"]) <= {"correct", "incorrect"}
    assert list(table["reward"]) == [float(outcome == "correct") for outcome in table["outcome"]]
    curve = client.load_table(run.info.experiment_id, "tables/val/countdown/pass_at_k.json", [run.info.run_id])
    last = curve[curve["step"] == 4]
    assert list(last["k"]) == [1, 2, 4, 1, 2, 4]
    assert list(last["curve"].unique()) == ["before training", "step 4"]


def test_all_four_have_the_same_numbers(folder):
    run = folder / "run" / "version_0"
    board = EventAccumulator(str(run))
    board.Reload()
    expected = {one.step: one.value for one in board.Scalars("val/countdown/pass@1")}
    with (run / "metrics.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["val/countdown/pass@1"]]
    client, stored = store(folder)
    lines = [line for line in history(offline_files(folder)[0]) if "val/countdown/pass@1" in line]
    points = client.get_metric_history(stored.info.run_id, "val/countdown/pass_at_1")
    assert {int(row["step"]): float(row["val/countdown/pass@1"]) for row in rows} == pytest.approx(expected)
    assert {line["rollout_step"]: line["val/countdown/pass@1"] for line in lines} == pytest.approx(expected)
    assert {one.step: one.value for one in points} == pytest.approx(expected)


def test_a_run_that_goes_on_is_the_same_one_to_its_services(folder, monkeypatch, capsys):
    """Last of all: it adds to what the tests above read."""
    monkeypatch.setattr("sys.argv", ["train.py"])
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_SILENT", "true")
    forget(monkeypatch)
    run_in_four(
        folder, "--data.rollout_steps", "5", "--model.max_grad_norm", "2", "--ckpt_path", str(folder / "run" / "version_0")
    )
    first, second = offline_files(folder)
    assert first.name == second.name  # named after the id
    assert [line["rollout_step"] for line in history(second) if "reward/mean" in line] == [4]
    client, run = store(folder)
    assert [one.step for one in client.get_metric_history(run.info.run_id, "reward/mean")] == [0, 1, 2, 3, 4]
    assert run.info.status == "FINISHED"
    table = client.load_table(run.info.experiment_id, "tables/rollouts.json", [run.info.run_id])
    assert list(table["step"]) == [0] * 8 + [2] * 8 + [4] * 8
    assert run.data.tags["changed/model/init_args/max_grad_norm"] == "2.0"
    with (folder / "run" / "version_0" / "metrics.csv").open(newline="") as file:
        assert [row["step"] for row in csv.DictReader(file) if row["reward/mean"]] == ["0", "1", "2", "3", "4"]
