"""Lightning's loggers: each gets a run in its own form, behind one small interface, `LoggerAdapter`; and where runs write."""

from asym_lit.loggers.adapter import LoggerAdapter
from asym_lit.loggers.of_trainer import adapters_of, all_adapters
from asym_lit.loggers.settings import settle_loggers, told_folder

__all__ = ["LoggerAdapter", "adapters_of", "all_adapters", "settle_loggers", "told_folder"]
