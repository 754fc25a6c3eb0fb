"""Small runs in this process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from asym_lit.cli import main
from runs import words


@pytest.fixture
def fit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Runs a small recipe in this process; returns the run folder."""

    def run(recipe: str, *more: str, command: str = "fit", folder: Path = tmp_path) -> Path:
        monkeypatch.setattr("sys.argv", ["train.py"])
        main(words(folder, recipe, *more, command=command))
        return folder / "run" / "version_0"

    return run
