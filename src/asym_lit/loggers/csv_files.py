"""Lightning's `CSVLogger`: `metrics.csv`, and beside it tables as CSV, figures as PNG."""

from __future__ import annotations

import csv
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from asym_lit.loggers.adapter import LoggerAdapter, stays
from asym_lit.loggers.folders import joined
from asym_lit.run_folder.writing import renamed_when_whole

if TYPE_CHECKING:
    from matplotlib.figure import Figure

METRICS, EARLIER = "metrics.csv", "metrics.earlier.csv"
TABLES, FIGURES = "tables", "figures"


class CSVAdapter(LoggerAdapter):
    """Lightning's `CSVLogger`: a row for each call, with its rollout step; empty where a call has no such number."""

    @property
    def folder(self) -> Path | None:
        """As the logger numbers it."""
        return self._folder

    @property
    def _folder(self) -> Path:
        return Path(self.logger.log_dir)

    @property
    def views(self) -> list[tuple[str, str]]:
        """The file."""
        return [("Metrics", str(self._folder / METRICS))]

    def join(self, folder: Path) -> None:
        """Take its number, if it is one of this logger's."""
        joined(self.logger, folder)

    def prepare_to_go_on(self) -> None:
        """Set the metrics aside: the logger deletes those that it finds, and a run killed then would have none."""
        metrics, earlier = self._folder / METRICS, self._folder / EARLIER
        if metrics.exists() and not earlier.exists():  # if it does, a start was killed before it was taken back
            os.replace(metrics, earlier)

    def go_back(self, step: int, evaluated: bool) -> str | None:
        """Put the rows of before a step back, and remove the files of beyond."""
        if (self._folder / EARLIER).exists():
            self._put_back(step, evaluated)
        for kind in (TABLES, FIGURES):
            for path in (self._folder / kind).rglob("step_*.*"):
                name = path.parent.relative_to(self._folder / kind).as_posix()
                if not stays(f"{name}/", int(path.stem[5:]), step, evaluated):
                    path.unlink()
        return None

    def _put_back(self, step: int, evaluated: bool) -> None:
        writer = self.logger.experiment  # which deletes the file when it is made
        with (self._folder / EARLIER).open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            columns = list(reader.fieldnames or ())
            # A row without its last cells was being written when the run was killed.
            rows = [row for row in reader if None not in row.values() and _stays(row, step, evaluated)]
        with renamed_when_whole(self._folder / METRICS) as partial:
            _write(partial, columns, rows)
        writer.metrics_keys = columns  # else it takes them for new ones, and for the only ones
        (self._folder / EARLIER).unlink()

    def write_table(self, name: str, rows: Sequence[Mapping[str, Any]], step: int) -> None:
        """As `tables/<name>/step_000010.csv`."""
        with renamed_when_whole(self._folder / TABLES / name / f"step_{step:06d}.csv") as partial:
            _write(partial, list(rows[0]) if rows else [], rows)

    def write_figure(self, name: str, figure: Figure, step: int) -> None:
        """As `figures/<name>/step_000010.png`."""
        with renamed_when_whole(self._folder / FIGURES / name / f"step_{step:06d}.png") as partial:
            figure.savefig(partial, format="png")


def _stays(row: Mapping[str, str], step: int, evaluated: bool) -> bool:
    names = [name for name, cell in row.items() if cell and name != "step"]
    return any(stays(name, int(row["step"]), step, evaluated) for name in names)


def _write(path: Path, columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
    with path.open("w", newline="", encoding="utf-8", errors="backslashreplace") as file:
        writer = csv.DictWriter(file, fieldnames=list(columns))
        writer.writeheader()
        writer.writerows(rows)
