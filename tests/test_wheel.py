"""What a wheel holds: the command, and all that it finds by name."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from runs import ROOT

BUILD = "from setuptools import build_meta; print(build_meta.build_wheel('out'))"


def test_a_wheel_holds_the_command_and_every_recipe(tmp_path: Path) -> None:
    pytest.importorskip(
        "setuptools", minversion="77", reason="the build backend is not installed: pip install 'setuptools>=77'"
    )
    for name in ("src", "configs"):
        shutil.copytree(ROOT / name, tmp_path / name, symlinks=True, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / "out").mkdir()
    done = subprocess.run([sys.executable, "-c", BUILD], cwd=tmp_path, capture_output=True, text=True, check=True)
    with zipfile.ZipFile(tmp_path / "out" / done.stdout.splitlines()[-1]) as wheel:
        held = {name.removeprefix("asym_lit/recipes/") for name in wheel.namelist() if name.startswith("asym_lit/recipes/")}
        (points,) = [name for name in wheel.namelist() if name.endswith("entry_points.txt")]
        assert "asym-lit = asym_lit.cli:main" in wheel.read(points).decode()
    assert held == {path.relative_to(ROOT / "configs").as_posix() for path in (ROOT / "configs").rglob("*.yaml")}
