"""TensorBoard: scalars, texts, figures, a page of custom scalars, and an address that opens on what matters."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import yaml

from asym_lit.evaluation.pass_at_k import PassAtKCurve
from asym_lit.loggers.adapter import CURVE, LoggerAdapter
from asym_lit.loggers.folders import joined
from asym_lit.reports.pass_at_k import pass_at_k_figure
from asym_lit.reports.rollout_table import markdown_table
from asym_lit.run_folder.points import cut_points

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COMPARED = ("seed_everything", "model", "data")
"""Settings in the table of hyperparameters; what else a run was told stands in the text."""
ALSO_PINNED = ("train/pass@1", "policy/entropy")
ADDRESS = "http://localhost:6006/"
"""Where TensorBoard serves, unless it is told otherwise or the port is taken."""


class TensorBoardAdapter(LoggerAdapter):
    """Lightning's `TensorBoardLogger`."""

    _pinned: tuple[str, ...] = ()
    _settings: Mapping[str, Any] | None = None

    @property
    def folder(self) -> Path | None:
        """As the logger numbers it."""
        return Path(self.logger.log_dir)

    @property
    def views(self) -> list[tuple[str, str]]:
        """The command, and the address that has the cards of validation pinned on top of all others."""
        return [
            ("Dashboards", f"tensorboard --logdir {self.folder}"),
            ("Opened on", pinned_address(self._pinned)),
        ]

    def join(self, folder: Path) -> None:
        """Take its number, if it is one of this logger's."""
        joined(self.logger, folder)

    def go_back(self, step: int, evaluated: bool) -> str | None:
        """Cut the points out of the event files."""
        assert self.folder is not None
        self.logger.experiment.close()  # what comes is written to a new file
        cut_points(self.folder, step, evaluated)
        return None

    def write_settings(self, settings: Mapping[str, Any], step: int) -> None:
        """As a text, and as hyperparameters; the logger's own `hparams.yaml` is written before they are known."""
        words = yaml.safe_dump(dict(settings), sort_keys=False)
        self.logger.experiment.add_text("config", "".join(f"    {line}\n" for line in words.splitlines()), step)
        self._settings = settings
        self._write_hyperparameters()

    def _write_hyperparameters(self) -> None:
        """A row of the page HPARAMS, once the settings are known and what is measured: its columns are points of the run."""
        if self._settings is None or not self._pinned:
            return
        from torch.utils.tensorboard.summary import hparams  # 0.1 s of a start

        plain = hyperparameters({name: self._settings[name] for name in COMPARED if name in self._settings})
        for summary in hparams(plain, dict.fromkeys(self._pinned, 0.0)):
            self.logger.experiment.file_writer.add_summary(summary, 0)

    def write_table(self, name: str, rows: Sequence[Mapping[str, Any]], step: int) -> None:
        """As a text in markdown."""
        self.logger.experiment.add_text(name, markdown_table(rows), step)

    def write_figure(self, name: str, figure: Figure, step: int) -> None:
        """As an image."""
        self.logger.experiment.add_figure(name, figure, step, close=False)

    def write_curves(self, name: str, curves: Mapping[str, PassAtKCurve], step: int) -> None:
        """The figure alone: its numbers are scalars already."""
        self.write_figure(f"{name}/{CURVE}", pass_at_k_figure(f"{name.partition('/')[2]}: pass@k", curves), step)

    def write_layout(self, budgets: Mapping[str, Sequence[int]]) -> None:
        """A page of custom scalars with all pass@k of a set in one chart."""
        self._pinned = tuple(f"val/{name}/pass@{k}" for name, ks in budgets.items() for k in sorted({min(ks), max(ks)}))
        layout = {
            f"pass@k of {name}": {
                "over training": ["Multiline", [f"^val/{name}/pass@{k}$" for k in ks]],
                **{f"pass@{k} with interval": ["Margin", _margin(name, k)] for k in sorted({min(ks), max(ks)})},
            }
            for name, ks in budgets.items()
        }
        self.logger.experiment.add_custom_scalars(layout)
        self._write_hyperparameters()


def hyperparameters(settings: Mapping[str, Any], above: str = "") -> dict[str, bool | int | float | str]:
    """Nested settings by their names on the command line, without those that are not set; lists as text."""
    found: dict[str, bool | int | float | str] = {}
    for name, value in settings.items():
        here = above if name == "init_args" else f"{above}.{name}".lstrip(".").removesuffix(".class_path")
        if isinstance(value, Mapping):
            found |= hyperparameters(value, here)
        elif value is not None:
            found[here] = value if isinstance(value, bool | int | float | str) else str(value)
    return found


def pinned_address(tags: Sequence[str]) -> str:
    """The address of TensorBoard's time series with cards pinned; its web page reads the parameter `pinnedCards`.

    Args:
        tags: Of scalars, those of validation; two of training come behind them.
    """
    cards = [{"plugin": "scalars", "tag": tag} for tag in (*tags, *ALSO_PINNED)]
    return f"{ADDRESS}?pinnedCards={quote(json.dumps(cards, separators=(',', ':')), safe=':,/@')}#timeseries"


def _margin(name: str, k: int) -> list[str]:
    bounds = f"val/{name}_interval/pass@{k}"
    return [f"val/{name}/pass@{k}", f"{bounds}_low", f"{bounds}_high"]
