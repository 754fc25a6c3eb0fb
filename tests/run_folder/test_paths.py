from __future__ import annotations

from pathlib import Path

import pytest

from asym_lit.run_folder.paths import (
    check_writable,
    resolve_checkpoint,
    run_folder_of,
    whole_checkpoints,
)


def checkpoint(run: Path, name: str, whole: bool = True) -> Path:
    folder = run / "checkpoints" / name
    folder.mkdir(parents=True)
    if whole:
        (folder / "lightning.ckpt").touch()
    return folder


def test_the_newest_whole_checkpoint_of_a_run_is_taken(tmp_path: Path) -> None:
    checkpoint(tmp_path, "step_000002")
    newest = checkpoint(tmp_path, "step_000010")
    checkpoint(tmp_path, ".step_000012.partial")
    checkpoint(tmp_path, "step_000011", whole=False)
    assert [path.name for path in whole_checkpoints(tmp_path)] == ["step_000002", "step_000010"]
    assert resolve_checkpoint(str(tmp_path)) == str(newest / "lightning.ckpt")
    assert resolve_checkpoint(str(newest)) == str(newest / "lightning.ckpt")
    assert run_folder_of(resolve_checkpoint(str(tmp_path))) == tmp_path


def test_a_run_without_a_whole_checkpoint_is_refused(tmp_path: Path) -> None:
    checkpoint(tmp_path, ".step_000001.partial")
    with pytest.raises(ValueError, match="holds no complete checkpoint; leave --ckpt_path out"):
        resolve_checkpoint(str(tmp_path))


def test_a_lone_checkpoint_file_lies_in_no_run_folder(tmp_path: Path) -> None:
    (tmp_path / "some.ckpt").touch()
    assert resolve_checkpoint(str(tmp_path / "some.ckpt")) == str(tmp_path / "some.ckpt")
    assert run_folder_of(str(tmp_path / "some.ckpt")) is None


def test_a_folder_that_can_be_written_is_made_and_left_empty(tmp_path: Path) -> None:
    check_writable(tmp_path / "new" / "run")
    assert list((tmp_path / "new" / "run").iterdir()) == []
