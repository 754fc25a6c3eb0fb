from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch

from asym_lit.run_folder.checksums import write_checksums
from asym_lit.run_folder.paths import (
    check_writable,
    claim_version,
    resolve_checkpoint,
    run_folder_of,
    whole_checkpoints,
)
from asym_lit.types import InputError


def checkpoint(run: Path, name: str, whole: bool = True) -> Path:
    folder = run / "checkpoints" / name
    folder.mkdir(parents=True)
    if whole:
        torch.save({}, folder / "lightning.ckpt")
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


def test_a_run_without_a_whole_checkpoint_begins_anew(tmp_path: Path) -> None:
    checkpoint(tmp_path, ".step_000001.partial")
    assert resolve_checkpoint(str(tmp_path)) is None


@pytest.mark.parametrize("left", ["run.json", ".lock"])  # the lock is what a run begins with
def test_a_run_that_was_only_begun_begins_anew(tmp_path: Path, left: str) -> None:
    (tmp_path / left).write_text("{}")
    assert resolve_checkpoint(str(tmp_path)) is None


@pytest.mark.parametrize(("name", "words"), [("empty", "is a folder without a checkpoint"), ("missing", "does not exist")])
def test_what_holds_no_checkpoint_is_refused_in_one_line(tmp_path: Path, name: str, words: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=words):
        resolve_checkpoint(str(tmp_path / name))


def test_a_run_that_is_told_its_folder_is_begun_and_gone_on_with_by_the_same_words(tmp_path: Path) -> None:
    own = tmp_path / "run" / "version_0"
    assert resolve_checkpoint(str(own), own=own) is None
    own.mkdir(parents=True)  # by another process of the run, a moment before
    assert resolve_checkpoint(str(own), own=own.resolve()) is None
    newest = checkpoint(own, "step_000002")
    assert resolve_checkpoint(str(own), own=own) == str(newest / "lightning.ckpt")
    with pytest.raises(InputError, match="does not exist"):
        resolve_checkpoint(str(tmp_path / "run" / "version_1"), own=own)


def test_a_lone_checkpoint_file_lies_in_no_run_folder_and_a_damaged_one_is_refused(tmp_path: Path) -> None:
    lone = tmp_path / "some.ckpt"
    torch.save({"a": 1}, lone)
    assert resolve_checkpoint(str(lone)) == str(lone)
    assert run_folder_of(str(lone)) is None
    lone.write_bytes(lone.read_bytes()[:100])
    with pytest.raises(InputError, match="is no checkpoint, or a damaged one"):
        resolve_checkpoint(str(lone))


@pytest.mark.parametrize("harm", ["cut", "zeroed", "gone", "checksums"])
def test_a_damaged_checkpoint_is_named_and_the_step_before_is_offered(tmp_path: Path, harm: str) -> None:
    older, newer = checkpoint(tmp_path, "step_000002"), checkpoint(tmp_path, "step_000004")
    for folder in (older, newer):
        (folder / "huggingface").mkdir()
        (folder / "huggingface" / "model.safetensors").write_bytes(bytes(range(256)) * 8)
        write_checksums(folder)
    weights = newer / "huggingface" / "model.safetensors"
    assert resolve_checkpoint(str(tmp_path)) == str(newer / "lightning.ckpt")
    if harm == "cut":
        weights.write_bytes(weights.read_bytes()[:-1])
    elif harm == "zeroed":
        weights.write_bytes(b"".join([weights.read_bytes()[:512], bytes(16), weights.read_bytes()[528:]]))
    elif harm == "gone":
        weights.unlink()
    else:
        (newer / "checksums.json").write_text("{")
    with pytest.raises(InputError, match=f"is damaged.*write --ckpt_path {older}, the step before"):
        resolve_checkpoint(str(tmp_path))
    assert resolve_checkpoint(str(older)) == str(older / "lightning.ckpt")


@pytest.mark.parametrize("left", [0, 100, 0.5])
def test_a_state_that_is_cut_is_seen_without_checksums_too(tmp_path: Path, left: float) -> None:
    older, newer = checkpoint(tmp_path, "step_000002"), checkpoint(tmp_path, "step_000004")
    for folder in (older, newer):
        torch.save({"a": torch.arange(100)}, folder / "lightning.ckpt")
    state = newer / "lightning.ckpt"
    state.write_bytes(state.read_bytes()[: int(left * state.stat().st_size) if left < 1 else int(left)])
    with pytest.raises(InputError, match=f"{state} is damaged.*write --ckpt_path {older}, the step before"):
        resolve_checkpoint(str(tmp_path))


def test_several_that_claim_a_version_at_once_get_one_each(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: claim_version(tmp_path / "run"), range(16)))
    assert sorted(path.name for path in found) == sorted(f"version_{i}" for i in range(16))


def test_a_folder_that_can_be_written_is_made_and_left_empty(tmp_path: Path) -> None:
    check_writable(tmp_path / "new" / "run")
    assert list((tmp_path / "new" / "run").iterdir()) == []


def test_a_sharded_checkpoint_is_for_the_strategy_that_shards(tmp_path: Path) -> None:
    state = tmp_path / "checkpoints" / "step_000002" / "lightning.ckpt"
    state.mkdir(parents=True)
    for strategy in ("", "fsdp2", "Namespace(class_path='asym_lit.lit.strategy.FSDP2Strategy')"):
        assert resolve_checkpoint(str(tmp_path), strategy) == str(state)
    with pytest.raises(
        InputError, match=r"strategy ddp does not read.*strategy fsdp2.*model\.policy .*step_000002/huggingface"
    ):
        resolve_checkpoint(str(tmp_path), "ddp")
