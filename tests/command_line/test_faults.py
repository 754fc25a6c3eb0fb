from __future__ import annotations

import sys

import pytest

from asym_lit.cli import main
from runs import ROOT

GRPO = str(ROOT / "configs" / "grpo.yaml")
OWN = """
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.loggers import CSVLogger

class Shown(Callback):
    def __init__(self):
        import nowhere_to_be_found

class Kept(CSVLogger):
    def __init__(self, save_dir: str = "."):
        import nowhere_to_be_found
"""


@pytest.mark.parametrize(
    ("option", "named"),
    [("--trainer.callbacks+=own_fault.Shown", "own_fault.Shown"), ("--trainer.logger=own_fault.Kept", "own_fault.Kept")],
)
def test_a_class_whose_package_is_not_installed_is_told_in_one_line(tmp_path, monkeypatch, option, named):
    (tmp_path / "own_fault.py").write_text(OWN)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    with pytest.raises(SystemExit, match=f"^error: {named} needs a package that is not installed: .*nowhere_to_be_found'$"):
        main(["fit", "--config", GRPO, option])
    sys.modules.pop("own_fault", None)
