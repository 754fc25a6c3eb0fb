"""A run has a folder of its own, whatever its logger."""

from __future__ import annotations

from pathlib import Path

import pytest
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.loggers import CSVLogger, Logger, TensorBoardLogger

from asym_lit.cli import main
from asym_lit.loggers.run_place import decided_folder, run_folder, show_folder
from asym_lit.run_folder.paths import check_writable
from asym_lit.run_folder.place import check_place, without_false_starts
from asym_lit.types import InputError
from runs import SMALL


class Elsewhere(Logger):
    """Sends everything elsewhere, as services do: all its runs share one `save_dir`."""

    def __init__(self, save_dir: str = ".", name: str = "project") -> None:
        super().__init__()
        self._save_dir, self._name = save_dir, name

    name = property(lambda self: self._name)
    version = property(lambda self: None)
    save_dir = property(lambda self: self._save_dir)

    def log_metrics(self, metrics, step=None):
        pass

    def log_hyperparams(self, *args, **kwargs):
        pass


def trainer(folder: Path, logger, **more) -> Trainer:
    quiet = {"enable_checkpointing": False, "enable_progress_bar": False, "enable_model_summary": False, "accelerator": "cpu"}
    return Trainer(logger=logger, default_root_dir=folder, **{**quiet, **more})


@pytest.mark.parametrize("logger", [False, "elsewhere"])
def test_two_runs_without_numbered_folders_get_one_each(tmp_path, logger):
    first, second = (trainer(tmp_path, Elsewhere(str(tmp_path)) if logger else False) for _ in range(2))
    folders = [run_folder(first), run_folder(second)]
    root = tmp_path / "project" if logger else tmp_path / "runs" / "unnamed"
    assert folders == [root / "version_0", root / "version_1"]
    assert run_folder(first) == folders[0]


@pytest.mark.parametrize("kind", [TensorBoardLogger, CSVLogger])
def test_a_logger_that_numbers_its_folders_is_taken_at_its_word(tmp_path, kind):
    assert run_folder(trainer(tmp_path, kind(str(tmp_path), "name", version=7))) == tmp_path / "name" / "version_7"


@pytest.mark.parametrize(("version", "shown"), [(7, 7), ("version_7", 7), ("seed_1", "seed_1")])
def test_the_progress_bar_names_a_run_by_its_folder(tmp_path, version, shown):
    """Lightning: `on_7` of `version_7`, and of two loggers the end of both."""
    loggers = [kind(str(tmp_path), "name", version=version) for kind in (TensorBoardLogger, CSVLogger)]
    of = trainer(tmp_path, loggers, enable_progress_bar=True)
    show_folder(of, decided_folder(of))
    assert of.progress_bar_callback.get_metrics(of, LightningModule())["v_num"] == shown


def test_a_run_that_goes_on_without_numbered_folders_goes_on_in_its_own(tmp_path):
    assert decided_folder(trainer(tmp_path, False), tmp_path / "before") == tmp_path / "before"


def test_a_trial_run_writes_into_a_folder_that_passes(tmp_path):
    folder = run_folder(trainer(tmp_path, False, fast_dev_run=True))
    assert folder.exists() and tmp_path not in folder.parents
    assert list(tmp_path.iterdir()) == []


def test_a_run_without_a_logger_leaves_everything_in_its_folder_and_goes_on_there(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["train.py"])
    config = str(Path(__file__).parents[2] / "configs" / "grpo.yaml")
    more = ["fit", "--config", config, *SMALL, "--trainer.logger", "false"]
    main([*more, "--data.rollout_steps", "2"])
    assert [path.name for path in tmp_path.iterdir()] == ["runs"]
    run = Path("runs", "unnamed", "version_0")
    assert {"config.yaml", "run.json", "checkpoints", "ledger.parquet"} <= {path.name for path in run.iterdir()}
    main([*more, "--data.rollout_steps", "3", "--ckpt_path", str(run)])
    assert sorted(path.name for path in (run / "checkpoints").iterdir()) == ["step_000002", "step_000003"]
    assert [path.name for path in run.parent.iterdir()] == ["version_0"]


def everything(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


@pytest.mark.parametrize(
    "more",
    [
        ["--trainer.callbacks+=asym_lit.lit.callbacks.MetricFamily"],  # k = 8 of 4 responses, found in setup
        ["--data.task.operators", ""],  # found when the task is built
    ],
    ids=["in setup", "while it is built"],
)
@pytest.mark.parametrize("logger", [[], ["--trainer.logger", "false"]], ids=["numbered", "no logger"])
def test_a_start_that_fails_leaves_nothing_behind_and_takes_no_number(tmp_path, monkeypatch, more, logger):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["train.py"])
    (tmp_path / "runs" / "mine").mkdir(parents=True)
    config = str(Path(__file__).parents[2] / "configs" / "grpo.yaml")
    for _ in range(2):
        with pytest.raises(SystemExit):
            main(["fit", "--config", config, *SMALL, *more, *logger])
        assert everything(tmp_path) == ["runs", "runs/mine"]


def test_a_start_that_fails_leaves_what_it_found_and_what_is_worth_keeping(tmp_path):
    empty, kept = tmp_path / "empty", tmp_path / "runs" / "kept"
    empty.mkdir()

    @without_false_starts()
    def start() -> None:
        for folder in (empty, kept):
            check_writable(folder)
            check_place(folder, None)
        (kept / "left_out.jsonl").write_text("{}")
        raise InputError("no")

    with pytest.raises(InputError, match="no"):
        start()
    assert everything(tmp_path) == ["empty", "empty/.lock", "runs", "runs/kept", "runs/kept/.lock", "runs/kept/left_out.jsonl"]
