"""W&B: numbers over `rollout_step`, tables, images, and pass@k as a chart of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from asym_lit.evaluation.pass_at_k import PassAtKCurve
from asym_lit.loggers.adapter import CURVE, CURVE_TABLE, LoggerAdapter
from asym_lit.reports.pass_at_k import pass_at_k_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

AXIS = "rollout_step"


class WandbAdapter(LoggerAdapter):
    """Lightning's `WandbLogger`. It would have all numbers stand over `trainer/global_step`, which is no rollout step."""

    _has_axis = False

    @property
    def place(self) -> tuple[str | None, str | None]:
        """The run's name, not the project's."""
        return self.logger.save_dir, self.logger._name or self.logger.name

    @property
    def identity(self) -> dict[str, str]:
        """W&B's id of the run."""
        return {"id": self.logger.experiment.id}

    @property
    def views(self) -> list[tuple[str, str]]:
        """The run's address, or how to send it there."""
        run = self.logger.experiment
        if run.offline:
            return [("W&B", f"wandb sync {Path(run.dir).parent}")]
        return [("W&B", run.url)] if run.url else []

    def go_back(self, step: int, evaluated: bool) -> str | None:
        """W&B's history only grows."""
        return (
            f"W&B goes on in run {self.logger.experiment.id}; what it has of beyond step {step} stays there, and comes again "
            f"at the same {AXIS}."
        )

    def write_settings(self, settings: Mapping[str, Any], step: int) -> None:
        """As the run's config, nested."""
        self.logger.log_hyperparams(dict(settings))

    def write_metrics(self, metrics: Mapping[str, float], step: int) -> None:
        """As they are called."""
        self._log(dict(metrics), step)

    def write_table(self, name: str, rows: Sequence[Mapping[str, Any]], step: int) -> None:
        """As a `wandb.Table`."""
        import wandb

        columns = list(rows[0]) if rows else []
        data = [[row[column] for column in columns] for row in rows]
        self._log({name: wandb.Table(columns=columns, data=data, allow_mixed_types=True)}, step)

    def write_figure(self, name: str, figure: Figure, step: int) -> None:
        """As a `wandb.Image`."""
        import wandb

        self._log({name: wandb.Image(figure)}, step)

    def write_curves(self, name: str, curves: Mapping[str, PassAtKCurve], step: int) -> None:
        """A chart of lines, which has its table with it, and the figure, which has the intervals."""
        import wandb

        first = next(iter(curves.values()))
        ys = [list(curve.mean) for curve in curves.values()]
        chart = wandb.plot.line_series(xs=list(first.ks), ys=ys, keys=list(curves), title=f"{name}: pass@k", xname="k")
        self._log({f"{name}/{CURVE_TABLE}": chart}, step)
        self.write_figure(f"{name}/{CURVE}", pass_at_k_figure(f"{name.partition('/')[2]}: pass@k", curves), step)

    def _log(self, values: dict[str, Any], step: int) -> None:
        run, prefix = self.logger.experiment, f"{self.logger._prefix}-" if self.logger._prefix else ""
        if not self._has_axis:
            run.define_metric(AXIS)
            run.define_metric("*", step_metric=AXIS, step_sync=True, overwrite=True)  # over Lightning's own
            self._has_axis = True
        run.log({**{f"{prefix}{name}": value for name, value in values.items()}, AXIS: step})
