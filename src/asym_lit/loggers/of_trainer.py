"""The adapters of a trainer's loggers: which logger has which, decided here alone."""

from __future__ import annotations

from weakref import WeakKeyDictionary

from lightning.pytorch import Trainer
from lightning.pytorch.loggers import CSVLogger, Logger, MLFlowLogger, TensorBoardLogger, WandbLogger

from asym_lit.loggers.adapter import LoggerAdapter
from asym_lit.loggers.csv_files import CSVAdapter
from asym_lit.loggers.mlflow_runs import MLFlowAdapter
from asym_lit.loggers.tensorboard import TensorBoardAdapter
from asym_lit.loggers.weights_and_biases import WandbAdapter

_MADE: WeakKeyDictionary[Trainer, list[LoggerAdapter]] = WeakKeyDictionary()


def adapter_of(logger: Logger) -> LoggerAdapter:
    """The adapter of a logger, or of the class that it inherits from; one's own may name one, its attribute `adapter`."""
    match logger:
        case TensorBoardLogger():
            return TensorBoardAdapter(logger)
        case CSVLogger():
            return CSVAdapter(logger)
        case WandbLogger():
            return WandbAdapter(logger)
        case MLFlowLogger():
            return MLFlowAdapter(logger)
        case _:
            return getattr(type(logger), "adapter", LoggerAdapter)(logger)


def all_adapters(trainer: Trainer) -> list[LoggerAdapter]:
    """Those of all loggers, in their order."""
    made = _MADE.get(trainer)
    if made is None or [one.logger for one in made] != list(trainer.loggers):
        made = _MADE[trainer] = [adapter_of(logger) for logger in trainer.loggers]
    return made


def adapters_of(trainer: Trainer) -> list[LoggerAdapter]:
    """Those that this process writes to: none beside the first one."""
    return all_adapters(trainer) if trainer.is_global_zero else []
