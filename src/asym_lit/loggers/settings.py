"""What is settled of loggers before any of them is made: packages that are missing, names, stores, and runs that go on."""

from __future__ import annotations

import inspect
import os
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from jsonargparse import Namespace
from lightning.pytorch.loggers import CSVLogger, MLFlowLogger, TensorBoardLogger, WandbLogger

from asym_lit.loggers.folders import version_of
from asym_lit.loggers.mlflow_runs import SQLITE
from asym_lit.run_folder.logged_runs import read_logged_runs
from asym_lit.types import InputError

PACKAGES: tuple[tuple[type, tuple[str, ...]], ...] = ((WandbLogger, ("wandb",)), (MLFlowLogger, ("mlflow", "mlflow-skinny")))
PROJECT = "asym_lit"
LIGHTNINGS_OWN = (None, "lightning_logs")
"""Names that Lightning gives what has none."""
ANYWHERE = (None, ".", "./mlruns")
"""Where Lightning lets services write that are told nothing."""
STORE, ARTIFACTS = "mlflow.db", "mlartifacts"


def settle_loggers(given: Any, name: str, before: Path | None) -> None:
    """Fill in what the loggers of a command are not told, before they are made.

    A run is called as its first logger says, or after its recipe, and its project, or experiment, after this program; services
    write where the first logger does. MLflow keeps runs in a database in
    `save_dir`: Lightning would take a folder of files, which MLflow 3.17 refuses. A run that goes on is the same one to its
    logger.

    Args:
        given: `trainer.logger`, parsed and not built: a class and its arguments, a list of such, a bool or None.
        name: Of the run, where a logger has none.
        before: The run's folder, if it goes on.

    Raises:
        InputError: If a logger's package is not installed, or MLflow's store cannot be opened.
    """
    loggers = [one for one in (given if isinstance(given, list) else [given]) if isinstance(one, Namespace)]
    kinds = [(_class_at(one.class_path), one.init_args) for one in loggers if "init_args" in one]
    for kind, _ in kinds:
        _check_installed(kind)
    remembered: dict[str, list[dict[str, str]]] = {}
    for class_name, identity in _identities(before) if before else ():
        remembered.setdefault(class_name, []).append(identity)
    first = kinds[0][1] if kinds else Namespace()
    name = first.get("name") or name
    for kind, arguments in kinds:
        if arguments.get("save_dir", first) in ANYWHERE and first.get("save_dir"):
            arguments.save_dir = first.save_dir
        if issubclass(kind, TensorBoardLogger | CSVLogger):
            _settle_folder(arguments, before)
        known = remembered.get(kind.__name__, [])
        for argument, value in (known.pop(0) if known else {}).items():
            if arguments.get(argument) is None and not (argument == "id" and arguments.get("version")):
                arguments[argument] = value
        if issubclass(kind, WandbLogger):
            _settle_wandb(arguments, name)
        if issubclass(kind, MLFlowLogger):
            _settle_mlflow(arguments, name)


def told_folder(given: Any) -> Path | None:
    """Where a run is told to write: by a logger that numbers folders, and is given the number.

    Args:
        given: `trainer.logger`, parsed and not built.
    """
    for one in given if isinstance(given, list) else [given]:
        arguments = one.get("init_args") if isinstance(one, Namespace) else None
        if arguments and issubclass(_class_at(one.class_path), TensorBoardLogger | CSVLogger):
            version = arguments.get("version")
            number = f"version_{version}" if isinstance(version, int) else version
            return Path(arguments.save_dir, arguments.name or "", number) if number else None
    return None


def _settle_folder(arguments: Namespace, before: Path | None) -> None:
    """A run that goes on does so in its own folder, unless another one was asked for."""
    if before is not None and arguments.version is None and Path(arguments.save_dir, arguments.name or "") == before.parent:
        arguments.version = version_of(before.name)


def _settle_wandb(arguments: Namespace, name: str) -> None:
    arguments.name = arguments.name or os.environ.get("WANDB_NAME") or name
    if arguments.project is None and "WANDB_PROJECT" not in os.environ:
        arguments.project = PROJECT
    Path(arguments.save_dir or arguments.dir or ".").mkdir(parents=True, exist_ok=True)  # W&B goes to /tmp without it


def _settle_mlflow(arguments: Namespace, name: str) -> None:
    arguments.run_name = arguments.run_name or name
    if arguments.experiment_name in LIGHTNINGS_OWN:
        arguments.experiment_name = os.environ.get("MLFLOW_EXPERIMENT_NAME") or PROJECT
    # The logger itself has read the variable when Lightning was imported, which a notebook may have done before it was set.
    arguments.tracking_uri = arguments.tracking_uri or os.environ.get("MLFLOW_TRACKING_URI")
    if arguments.tracking_uri is None:
        folder = Path(arguments.save_dir or ".")
        folder.mkdir(parents=True, exist_ok=True)
        arguments.tracking_uri = f"{SQLITE}{folder / STORE}"
        if arguments.artifact_location is None:
            arguments.artifact_location = (folder / ARTIFACTS).resolve().as_uri()
    _check_store(arguments.tracking_uri)


def _check_store(uri: str) -> None:
    from mlflow.exceptions import MlflowException
    from mlflow.tracking import MlflowClient

    try:
        MlflowClient(uri)
    except (MlflowException, ImportError) as fault:
        instead = (
            "write --trainer.logger.tracking_uri sqlite:///runs/mlflow.db"
            if not uri.startswith(SQLITE)
            else "a database takes all of MLflow: pip install mlflow"
        )
        raise InputError(f"MLflow cannot open {uri}; {instead}. MLflow says: {' '.join(str(fault).split())[:200]}") from fault


def _check_installed(kind: type) -> None:
    """Refuse a logger whose package is missing, with the command that installs it."""
    for owner, packages in PACKAGES:
        if issubclass(kind, owner) and find_spec(packages[0]) is None:
            others = f" (or {', '.join(packages[1:])})" if packages[1:] else ""
            raise InputError(
                f"trainer.logger is {kind.__name__}, and the package {packages[0]} is not installed: "
                f"pip install {packages[0]}{others}."
            )


def _identities(before: Path) -> Iterator[tuple[str, dict[str, str]]]:
    for one in read_logged_runs(before):
        yield one["logger"], one["arguments"]


def _class_at(path: str) -> type:
    """The class of a logger; what builds one without being a class is taken for any logger."""
    module, _, name = path.rpartition(".")
    found = getattr(import_module(module), name)
    return found if inspect.isclass(found) else object
