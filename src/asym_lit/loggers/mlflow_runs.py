"""MLflow: numbers at their rollout steps, settings as parameters and as a file, tables and figures as artifacts."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from lightning.pytorch.loggers import MLFlowLogger

from asym_lit.loggers.adapter import LoggerAdapter, stays
from asym_lit.types import InputError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SQLITE, FILE = "sqlite:///", "file:"
SETTINGS, TABLES = "settings.yaml", "tables"
LONGEST_VALUE = 500
"""Characters of a parameter; all stores of MLflow take so many."""


class MLFlowAdapter(LoggerAdapter):
    """Lightning's `MLFlowLogger`."""

    def __init__(self, logger: MLFlowLogger) -> None:
        super().__init__(logger)
        os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")  # one for each table would break up our own

    @property
    def place(self) -> tuple[str | None, str | None]:
        """Beside a store on this machine; asking the logger for its name would begin a run."""
        return store_folder(self.logger._tracking_uri), self.logger._run_name or self.logger._experiment_name

    @property
    def identity(self) -> dict[str, str]:
        """MLflow's id of the run."""
        return {"run_id": self.logger.run_id}

    @property
    def views(self) -> list[tuple[str, str]]:
        """The command that shows a store on this machine, or where it is."""
        uri = self.logger._tracking_uri
        return [("MLflow", f"mlflow ui --backend-store-uri {uri}" if store_folder(uri) else uri)]

    def prepare_to_go_on(self) -> None:
        """See that the run is there."""
        from mlflow.exceptions import MlflowException

        run, uri = self.logger._run_id, self.logger._tracking_uri
        try:
            if run is not None:
                self.logger._mlflow_client.get_run(run)
        except MlflowException as fault:
            raise InputError(
                f"MLflow has no run {run} in {uri} ({' '.join(str(fault).split())[:120]}). Write --trainer.logger.tracking_uri "
                "with the store that this run was logged in."
            ) from fault

    def go_back(self, step: int, evaluated: bool) -> str | None:
        """Rows of tables go, and figures are written over; MLflow's numbers only grow."""
        client, run = self.logger.experiment, self.logger.run_id
        client.update_run(run, status="RUNNING")
        for path in _files(client, run, TABLES):
            with TemporaryDirectory() as folder:
                table = json.loads(Path(client.download_artifacts(run, path, folder)).read_text(encoding="utf-8"))
            at, name = table["columns"].index("step"), path.removeprefix(f"{TABLES}/")
            kept = [row for row in table["data"] if stays(name, row[at], step, evaluated)]
            client.log_dict(run, {**table, "data": kept}, path)
        return f"MLflow goes on in run {run}; numbers that it has of beyond step {step} stay there and come again."

    def write_settings(self, settings: Mapping[str, Any], step: int) -> None:
        """All of them as an artifact, and one by one as parameters.

        MLflow refuses another value of a parameter: what a resumed run has changed is a tag, `changed/<parameter>`.
        """
        client, run = self.logger.experiment, self.logger.run_id
        client.log_dict(run, dict(settings), SETTINGS)
        known = client.get_run(run).data.params
        flat = {plain_name(name): str(value)[:LONGEST_VALUE] for name, value in leaves(settings)}
        self.logger.log_hyperparams({name: value for name, value in flat.items() if name not in known})
        for name in known.keys() & flat.keys():
            if flat[name][:250] != known[name][:250]:  # Lightning cuts them there
                client.set_tag(run, f"changed/{name}", flat[name])

    def write_metrics(self, metrics: Mapping[str, float], step: int) -> None:
        """By names that MLflow takes: `pass_at_8` for `pass@8`; Lightning would call this and `pass^8` both `pass8`."""
        self.logger.log_metrics({plain_name(name): value for name, value in metrics.items()}, step)

    def write_table(self, name: str, rows: Sequence[Mapping[str, Any]], step: int) -> None:
        """In a table of MLflow, `tables/<name>.json`, which grows.

        One for each step would fill the tag in which MLflow lists a run's tables: it ends at 8000 characters, some 100 names.
        """
        columns = {column: [row[column] for row in rows] for column in (rows[0] if rows else ())}
        table = {"step": [step] * len(rows), **columns}
        self.logger.experiment.log_table(self.logger.run_id, table, f"{TABLES}/{plain_name(name)}.json")

    def write_figure(self, name: str, figure: Figure, step: int) -> None:
        """As an artifact, `figures/<name>/step_000010.png`."""
        self.logger.experiment.log_figure(self.logger.run_id, figure, f"figures/{plain_name(name)}/step_{step:06d}.png")


def _files(client: Any, run: str, folder: str) -> list[str]:
    found = client.list_artifacts(run, folder)
    return [path for one in found for path in (_files(client, run, one.path) if one.is_dir else [one.path])]


def plain_name(name: str) -> str:
    """A name of the letters that MLflow allows."""
    return re.sub(r"[^\w/. -]", "_", name.replace("@", "_at_").replace("^", "_hat_"), flags=re.ASCII)


def leaves(settings: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """The values of nested settings, with the way down to each; items of lists are counted."""
    items: Any = settings.items() if isinstance(settings, Mapping) else enumerate(settings)
    for key, value in items:
        inner = f"{name}/{key}" if name else str(key)
        if isinstance(value, Mapping | list | tuple) and len(value):
            yield from leaves(value, inner)
        else:
            yield inner, value


def store_folder(uri: str) -> str | None:
    """The folder that a store of files or of sqlite lies in; None if it is elsewhere."""
    for head in (SQLITE, FILE):
        if uri.startswith(head):
            return str(Path(uri.removeprefix(head).removeprefix("//" if head == FILE else "")).parent)
    return str(Path(uri).parent) if "://" not in uri and uri != "databricks" else None
