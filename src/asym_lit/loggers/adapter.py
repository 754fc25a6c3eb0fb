"""What a run wants of a logger, whichever it is. What is measured and when it is given is the callbacks' business, in `lit/`.

Steps are rollout steps everywhere, never optimizer steps, which are Lightning's `global_step`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lightning.pytorch.loggers import Logger

from asym_lit.evaluation.pass_at_k import PassAtKCurve
from asym_lit.reports.pass_at_k import pass_at_k_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CURVE, CURVE_TABLE = "curve", "pass_at_k"
"""What a figure of pass@k and its numbers are called, behind the name of their set."""


class LoggerAdapter:
    """One logger of a run. This one serves loggers of any class: they are given numbers and settings, which all take.

    Loggers that can keep tables, figures or charts have an adapter of their own, which inherits from this.

    Args:
        logger: Lightning's.
    """

    def __init__(self, logger: Logger) -> None:
        self.logger: Any = logger

    @property
    def folder(self) -> Path | None:
        """The run's folder, if the logger numbers folders of its own; None if the run has to find one."""
        return None

    @property
    def place(self) -> tuple[str | None, str | None]:
        """The directory for runs and the run's name, below which it finds a folder; None where the logger does not say."""
        return self.logger.save_dir, self.logger.name

    @property
    def identity(self) -> dict[str, str]:
        """The arguments with which a logger of this class goes on in this run; empty if its folder is all it takes."""
        return {}

    @property
    def views(self) -> list[tuple[str, str]]:
        """How to look at the run: a title and a command or an address, each."""
        return []

    def join(self, folder: Path) -> None:
        """Write into the folder of the run, rather than into one beside it with a number of its own."""

    def prepare_to_go_on(self) -> None:
        """Before the logger is opened for a run that goes on: see that it can, and that it keeps what it has.

        Raises:
            InputError: If its run is not there.
        """

    def go_back(self, step: int, evaluated: bool) -> str | None:
        """Take back what was written of beyond a step, for it comes again; what to say to a person, if anything.

        Args:
            step: Rollout steps made.
            evaluated: The evaluation behind the last of them is made; what it logged stays.
        """
        return f"{type(self.logger).__name__} keeps what it has of beyond step {step}; that comes again."

    def write_settings(self, settings: Mapping[str, Any], step: int) -> None:
        """The run's configuration: plain types, nested."""
        self.logger.log_hyperparams(dict(settings))

    def write_metrics(self, metrics: Mapping[str, float], step: int) -> None:
        """Numbers of a step."""
        self.logger.log_metrics(dict(metrics), step)

    def write_table(self, name: str, rows: Sequence[Mapping[str, Any]], step: int) -> None:
        """Rows with the same columns; cells are text, numbers or None."""

    def write_figure(self, name: str, figure: Figure, step: int) -> None:
        """A drawing of matplotlib."""

    def write_curves(self, name: str, curves: Mapping[str, PassAtKCurve], step: int) -> None:
        """pass@k over k of one evaluation set.

        Args:
            name: Such as `val/countdown`.
            curves: By title, all over the same ks, the newest last.
            step: Of the newest.
        """
        self.write_figure(f"{name}/{CURVE}", pass_at_k_figure(f"{name.partition('/')[2]}: pass@k", curves), step)
        self.write_table(f"{name}/{CURVE_TABLE}", curve_rows(curves), step)

    def write_layout(self, budgets: Mapping[str, Sequence[int]]) -> None:
        """How a board of the logger's shows the run: validation first.

        Args:
            budgets: The ks of pass@k by evaluation set.
        """


def curve_rows(curves: Mapping[str, PassAtKCurve]) -> list[dict[str, Any]]:
    """The numbers of some curves, a row for each curve and k."""
    return [
        {"curve": title, "k": k, "pass@k": mean, "low": low, "high": high, "problems": curve.problems}
        for title, curve in curves.items()
        for k, mean, low, high in zip(curve.ks, curve.mean, curve.low, curve.high, strict=True)
    ]


def stays(name: str, at: int, step: int, evaluated: bool) -> bool:
    """Whether a run that goes on keeps what was written at a step: training counts its steps from 0, evaluations from 1."""
    return at < step + (evaluated and name.startswith("val/"))
