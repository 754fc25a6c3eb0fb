"""A history is read, sorted, and written as a page, a table and a picture. Statistics are in `evaluation/histories.py`."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path

from asym_lit.evaluation.histories import HistoryLedger, history_ledger
from asym_lit.reports.history_figure import history_figure
from asym_lit.reports.history_page import history_page, history_text
from asym_lit.reports.history_words import problem_rows
from asym_lit.run_folder.paths import HISTORY
from asym_lit.run_folder.writing import renamed_when_whole, write_atomically
from asym_lit.tasks.history import MOST_RESPONSES, read_visits
from asym_lit.types import InputError, check_least


@dataclass(frozen=True)  # no slots: jsonargparse reads vars() of it
class Ledger:
    """How a history is read.

    Args:
        out: Folder of the report.
        responses: To a problem at a visit, where the file holds accuracies alone; 0 for the fewest that all of them can be
            shares of. The luck that is taken out hangs on it.
        level: Of the tests: the share of false ones among findings.
        top: Problems of the ranking that the report shows; all are in `ledger.csv`.
        seed: Of the dealing that says what luck alone would do.
    """

    out: str = "runs/ledger"
    responses: int = 0
    level: float = 0.05
    top: int = 20
    seed: int = 0

    def __post_init__(self) -> None:
        check_least("{name}", 0, responses=self.responses, seed=self.seed)
        check_least("{name}", 1, top=self.top)
        if self.responses > MOST_RESPONSES:
            raise InputError(f"responses is {self.responses}; allowed: 0 to {MOST_RESPONSES}.")
        if not 0 < self.level < 1:
            raise InputError(f"level is {self.level}; allowed: above 0 and below 1, such as 0.05.")


def write_ledger(settings: Ledger, path: str) -> tuple[HistoryLedger, Path]:
    """Reads a history and writes `index.html`, `report.md`, `ledger.csv` (every problem) and `ledger.png`.

    Args:
        settings: How it is read.
        path: Of the history, or of the folder of a run that has one.

    Returns:
        What was found, and the page.

    Raises:
        InputError: If a problem or visit of the file is not what it should be.
    """
    given = Path(path)
    file = given / HISTORY if given.is_dir() else given
    found = history_ledger(read_visits(file, settings.responses), settings.level, seed=settings.seed)
    folder, title = Path(settings.out), given.name
    write_atomically(folder / "ledger.csv", [_as_csv(found)])
    write_atomically(folder / "report.md", [history_text(title, found, settings.top)])
    write_atomically(folder / "index.html", [history_page(title, found, settings.top)])
    with renamed_when_whole(folder / "ledger.png") as partial:
        history_figure(found).savefig(partial, dpi=160, format="png")
    return found, folder / "index.html"


def _as_csv(found: HistoryLedger) -> str:
    """Every problem, in the order of the ranking."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(problem_rows(found, len(found.problems)))
    return text.getvalue().rstrip("\n")
