"""Directories of weights: the last two that were written are kept, whatever an earlier run left."""

from __future__ import annotations

from pathlib import Path

import torch

from asym_lit.policy.loading import locate
from asym_lit.rollout.weight_directories import WeightDirectories


def test_a_run_that_finds_higher_versions_of_an_earlier_one_keeps_its_own(tmp_path: Path) -> None:
    for version in (38, 98, 100):  # a run that was killed, and now goes on from step 40
        (tmp_path / f"version_{version:06d}").mkdir()
    (tmp_path / ".version_000102.partial").mkdir()
    directories = WeightDirectories(str(tmp_path), locate("bundled"))
    found = []
    for version in (40, 42, 42):
        written = directories.write({"one": torch.zeros(2)}, version)
        assert (written / "model.safetensors").is_file()
        found.append(sorted(path.name for path in tmp_path.iterdir()))
    assert found == [["version_000038", "version_000040"], ["version_000040", "version_000042"], found[1]]
