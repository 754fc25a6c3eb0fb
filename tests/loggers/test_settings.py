"""What is settled of loggers before they are made."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonargparse import Namespace
from lightning.pytorch import Trainer
from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger

from asym_lit.loggers import settings
from asym_lit.loggers.folders import version_of
from asym_lit.loggers.mlflow_runs import leaves, plain_name, store_folder
from asym_lit.loggers.run_place import decided_folder
from asym_lit.loggers.settings import settle_loggers, told_folder
from asym_lit.types import InputError


def logger(kind: str, **arguments) -> Namespace:
    return Namespace(class_path=f"lightning.pytorch.loggers.{kind}", init_args=Namespace(**arguments))


def wandb(**arguments) -> Namespace:
    return logger("WandbLogger", **{"name": None, "save_dir": ".", "version": None, "id": None, "project": None, **arguments})


@pytest.fixture
def installed(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(settings, "find_spec", lambda name: name)
    for name in ("WANDB_PROJECT", "WANDB_NAME"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("kind", ["TensorBoardLogger", "CSVLogger"])
def test_a_run_is_told_its_folder_by_a_logger_that_is_given_a_number_or_a_name_for_it(kind):
    def told(**more):
        return told_folder([wandb(), logger(kind, **{"save_dir": "runs", "name": "dapo", "version": None, **more})])

    numbered = logger(kind, save_dir="runs", name="dapo", version=0)
    assert told(version=0) == Path("runs/dapo/version_0") == told_folder(numbered)
    assert decided_folder(Trainer(logger=getattr(settings, kind)("runs", "dapo", 0))) == Path("runs/dapo/version_0")
    assert told(version="seed_1") == Path("runs/dapo/seed_1")
    assert told(version=3, name=None) == Path("runs/version_3")
    assert told() is told_folder(wandb()) is told_folder(True) is told_folder(None) is None


@pytest.mark.parametrize(("kind", "package"), [("WandbLogger", "wandb"), ("MLFlowLogger", "mlflow")])
def test_a_logger_without_its_package_is_refused_with_the_command_that_installs_it(tmp_path, monkeypatch, fit, kind, package):
    monkeypatch.setattr(settings, "find_spec", lambda name: None)
    with pytest.raises(SystemExit, match=f"^error: trainer.logger is {kind}, and .* not installed: pip install {package}"):
        fit("grpo", "--trainer.logger", kind)
    assert list(tmp_path.iterdir()) == []


def test_a_run_of_wandb_is_called_after_its_recipe_and_stands_in_a_project(installed):
    one = wandb()
    settle_loggers(one, "simko", None)
    assert (one.init_args.name, one.init_args.project) == ("simko", "asym_lit")


def test_a_project_and_a_name_that_were_given_stay(installed, monkeypatch):
    monkeypatch.setenv("WANDB_PROJECT", "theirs")
    one = wandb(name="mine")
    settle_loggers(one, "simko", None)
    assert (one.init_args.name, one.init_args.project) == ("mine", None)


def test_a_service_beside_a_logger_of_files_writes_where_that_one_does_under_its_name(installed):
    files, service = logger("CSVLogger", save_dir="here", name="arm", version=None), wandb()
    settle_loggers([files, service], "simko", None)
    assert (service.init_args.save_dir, service.init_args.name) == ("here", "arm")


def test_a_run_goes_on_in_its_runs_of_services_each_in_its_own(installed, tmp_path):
    run = tmp_path / "runs" / "simko" / "version_3"
    run.mkdir(parents=True)
    known = [{"logger": "WandbLogger", "arguments": {"id": one}} for one in ("first", "second", "third")]
    (run / "logged_runs.json").write_text(json.dumps(known))
    services = [wandb(), wandb(), wandb(version="other")]
    files = logger("TensorBoardLogger", save_dir=str(run.parents[1]), name="simko", version=None)
    settle_loggers([files, *services], "simko", run)
    assert [one.init_args.id for one in services] == ["first", "second", None]
    assert files.init_args.version == 3


def test_another_folder_for_a_run_that_goes_on_stays_another(installed, tmp_path):
    files = logger("CSVLogger", save_dir="elsewhere", name="simko", version=None)
    settle_loggers(files, "simko", tmp_path / "runs" / "simko" / "version_3")
    assert files.init_args.version is None


@pytest.mark.parametrize(
    ("folder", "version"), [("version_0", 0), ("version_12", 12), ("version_01", "version_01"), ("seed_1", "seed_1")]
)
def test_a_numbered_folder_is_a_number_to_its_logger_and_the_progress_bar(tmp_path, folder, version):
    """The bar shows the last four letters of a text: a run that went on in `version_1` was `on_1`."""
    assert version_of(folder) == version
    assert Path(TensorBoardLogger(str(tmp_path), "run", version=version_of(folder)).log_dir).name == folder


def test_loggers_of_files_below_one_root_share_the_folder_of_the_run(tmp_path):
    loggers = [TensorBoardLogger(str(tmp_path), "run"), CSVLogger(str(tmp_path), "run"), CSVLogger(str(tmp_path), "other")]
    trainer = Trainer(logger=loggers, default_root_dir=tmp_path, accelerator="cpu", enable_checkpointing=False)
    assert decided_folder(trainer) == tmp_path / "run" / "version_0"
    (tmp_path / "run" / "version_0").mkdir(parents=True)  # from here on a logger that asks late finds the number taken
    assert [Path(one.log_dir).relative_to(tmp_path).as_posix() for one in loggers] == ["run/version_0"] * 2 + [
        "other/version_0"
    ]


def test_names_for_mlflow_are_of_letters_that_it_takes_and_stay_apart():
    assert plain_name("val/a/pass@8") == "val/a/pass_at_8"
    assert plain_name("val/a/pass^8") == "val/a/pass_hat_8"
    assert plain_name("Größe %") == "Gr__e _"


def test_nested_settings_are_flat_with_the_way_to_each_value():
    nested = {"a": {"b": 1, "c": []}, "d": [{"e": None}, 2]}
    assert list(leaves(nested)) == [("a/b", 1), ("a/c", []), ("d/0/e", None), ("d/1", 2)]


@pytest.mark.parametrize(
    ("uri", "folder"),
    [
        ("sqlite:///runs/mlflow.db", "runs"),
        ("sqlite:////tmp/x/mlflow.db", "/tmp/x"),
        ("file:runs/mlruns", "runs"),
        ("file:///tmp/x/mlruns", "/tmp/x"),
        ("mlruns", "."),
        ("https://host:5000", None),
        ("databricks", None),
    ],
)
def test_a_run_lies_beside_a_store_that_is_on_this_machine(uri, folder):
    assert store_folder(uri) == folder


def test_a_logger_of_mlflow_that_cannot_open_its_store_is_refused_in_one_line(monkeypatch):
    pytest.importorskip("mlflow")
    monkeypatch.delenv("MLFLOW_ALLOW_FILE_STORE", raising=False)
    given = {"experiment_name": "lightning_logs", "run_name": None, "tracking_uri": "file:store", "artifact_location": None}
    with pytest.raises(InputError, match=r"MLflow cannot open file:store; write --trainer.logger.tracking_uri sqlite:///"):
        settle_loggers(logger("MLFlowLogger", **given, save_dir=".", run_id=None), "simko", None)
