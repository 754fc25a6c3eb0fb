"""For all tests: one thread, no network, shapes checked, and property tests that try the same examples every time."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import pytest
import torch
from hypothesis import settings
from jaxtyping import install_import_hook

from shape_checks import ROOMS_OF_TENSORS

install_import_hook(ROOMS_OF_TENSORS, "shape_checks.checked")  # before any of them is imported
# It puts its finder first, and what that finds SlipCover's would not see, which wraps what others find.
sys.meta_path.sort(key=lambda finder: type(finder).__name__ != "SlipcoverMetaPathFinder")
torch.set_num_threads(1)
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:  # as in a job in the background, whose runs would ignore it too
    signal.signal(signal.SIGINT, signal.default_int_handler)
settings.register_profile("repeatable", derandomize=True, deadline=None, max_examples=40)
settings.load_profile("repeatable")
ROOMS_OF_RUNS = ("commands", "gguf_models", "lit")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files of whole runs and of recipes first, which take minutes: two processes that take a file at a time end together."""

    def is_short(item: pytest.Item) -> bool:
        room, *rest = item.path.relative_to(Path(__file__).parent).parts
        return bool(rest) and room not in ROOMS_OF_RUNS

    items.sort(key=is_short)


@pytest.fixture
def fit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Runs a small recipe in this process; returns the run folder."""
    from asym_lit.cli import main  # takes seconds, which most tests need not wait for
    from runs import words

    def run(recipe: str, *more: str, command: str = "fit", folder: Path = tmp_path) -> Path:
        monkeypatch.setattr("sys.argv", ["train.py"])
        main(words(folder, recipe, *more, command=command))
        return folder / "run" / "version_0"

    return run
