"""Classes of one's own are found in the folder where one starts."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from asym_lit.cli import main
from runs import ROOT, SMALL


def test_a_class_in_a_file_of_the_current_folder_is_found_by_its_import_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["train.py"])
    monkeypatch.setattr("sys.path", [path for path in sys.path if path not in ("", ".", str(tmp_path))])
    (tmp_path / "their_own_task.py").write_text(
        "from asym_lit.tasks import Countdown\n\n\nclass Theirs(Countdown):\n    pass\n"
    )
    config = str(ROOT / "configs" / "grpo.yaml")
    main(["fit", "--config", config, "--data.task", "their_own_task.Theirs", *SMALL, "--data.rollout_steps", "1"])
    assert "class_path: their_own_task.Theirs" in (tmp_path / "runs" / "grpo" / "version_0" / "config.yaml").read_text()
