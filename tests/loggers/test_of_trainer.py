"""Which logger has which adapter."""

from __future__ import annotations

import pytest
from lightning.pytorch import Trainer
from lightning.pytorch.loggers import CSVLogger, Logger, TensorBoardLogger

from asym_lit.loggers import LoggerAdapter, adapters_of, all_adapters
from asym_lit.loggers.csv_files import CSVAdapter
from asym_lit.loggers.tensorboard import TensorBoardAdapter


class Theirs(CSVLogger):
    """Inherits from one of Lightning's."""


class Plain(Logger):
    """Takes numbers and settings alone."""

    name, version = "plain", 0

    def __init__(self) -> None:
        super().__init__()
        self.written: list[object] = []

    def log_metrics(self, metrics, step=None):
        self.written.append((metrics, step))

    def log_hyperparams(self, params, *args, **kwargs):
        self.written.append(params)


class TableAdapter(LoggerAdapter):
    def write_table(self, name, rows, step):
        self.logger.written.append((name, rows, step))


class WithTables(Plain):
    adapter = TableAdapter


def trainer(*loggers: Logger) -> Trainer:
    return Trainer(logger=list(loggers), accelerator="cpu", enable_checkpointing=False)


def test_each_logger_has_one_adapter_and_keeps_it(tmp_path):
    of = trainer(TensorBoardLogger(str(tmp_path)), Theirs(str(tmp_path)), Plain())
    made = adapters_of(of)
    assert [type(one) for one in made] == [TensorBoardAdapter, CSVAdapter, LoggerAdapter]
    assert all(one is other for one, other in zip(made, adapters_of(of), strict=True))
    assert adapters_of(trainer()) == []


def test_a_process_beside_the_first_writes_to_none(tmp_path, monkeypatch):
    of = trainer(Plain())
    monkeypatch.setattr(type(of), "is_global_zero", False)
    assert adapters_of(of) == [] and len(all_adapters(of)) == 1


@pytest.mark.parametrize(("kind", "tables"), [(Plain, []), (WithTables, [("rollouts", [{"reward": 1.0}], 3)])])
def test_a_logger_of_ones_own_gets_numbers_and_settings_and_tables_if_it_has_an_adapter_for_them(kind, tables):
    logger = kind()
    (one,) = adapters_of(trainer(logger))
    one.write_settings({"seed": 1}, 0)
    one.write_metrics({"loss": 0.5}, 2)
    one.write_table("rollouts", [{"reward": 1.0}], 3)
    assert logger.written == [{"seed": 1}, ({"loss": 0.5}, 2), *tables]
    assert "keeps what it has" in (one.go_back(2, evaluated=True) or "")
