"""Checkpoints that are written while training goes on, and the Hugging Face directory that is made of one."""

import errno
from socket import gethostname
from threading import Event

import pytest
import torch
import torch.distributed.checkpoint as dcp
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import distributed
from torch.distributed.checkpoint import CheckpointException
from torch.distributed.device_mesh import init_device_mesh

from asym_lit.policy.characters import character_tokenizer
from asym_lit.policy.export import save_policy
from asym_lit.policy.lora import LoRA, add_adapters, without_adapters
from asym_lit.policy.token_scores import TokenScorer
from asym_lit.processes.progress import PROGRESS
from asym_lit.run_folder.checksums import write_checksums
from asym_lit.sharding import background
from asym_lit.sharding.background import BackgroundSaves
from asym_lit.sharding.export import ShardedExport
from asym_lit.sharding.full_disks import is_full
from asym_lit.sharding.loading import shard
from asym_lit.sharding.stored_state import StoredState
from asym_lit.types import RunStoppedError
from model_kinds import move, tiny


@pytest.fixture(scope="module")
def mesh():
    distributed.init_process_group("gloo", store=distributed.HashStore(), rank=0, world_size=1)
    yield init_device_mesh("cpu", (1,))
    distributed.destroy_process_group()


def test_what_is_written_is_the_state_of_when_it_began(mesh, tmp_path, monkeypatch):
    go_on, weight, order = Event(), torch.ones(3), []
    real = background.save
    monkeypatch.setattr(background, "save", lambda *args, **kwargs: (go_on.wait(), real(*args, **kwargs)))
    saves = BackgroundSaves()
    saves.start({"part": {"weight": weight, "step": 7}}, tmp_path / "one", lambda: order.append("then"), is_shared=True)
    assert saves.is_busy and not saves.has_failed
    weight += 1
    order.append("trained")
    go_on.set()
    saves.wait()
    assert order == ["trained", "then"] and not saves.is_busy
    assert StoredState(tmp_path / "one", ["weight"], "part")["weight"].tolist() == [1, 1, 1]


def test_what_is_written_moves_so_that_nobody_is_taken_to_hang_who_waits_for_it(mesh, tmp_path):
    saves, before = BackgroundSaves(), PROGRESS.marks
    saves.start({"part": {"one": torch.ones(3), "two": torch.ones(3)}}, tmp_path / "one", None, is_shared=True)
    saves.wait()
    written = PROGRESS.marks
    assert written >= before + 2  # a tensor each
    StoredState(tmp_path / "one", ["one"], "part")["one"]
    assert PROGRESS.marks == written + 1
    write_checksums(tmp_path / "one")
    assert PROGRESS.marks >= written + 3  # a file each


def full(*_, **__):
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("place", ["a part", "what comes after"])
def test_a_full_disk_is_told_as_one_to_who_waits(mesh, tmp_path, monkeypatch, place):
    saves, then = BackgroundSaves(), None
    if place == "a part":
        monkeypatch.setattr(dcp.FileSystemWriter, "write_data", full)
    else:
        then = full
    saves.start({"weight": torch.ones(3)}, tmp_path / "one", then, is_shared=True)
    with pytest.raises(OSError, match="No space left") as told:
        saves.wait()
    assert told.value.errno == errno.ENOSPC
    saves.wait()  # once


@pytest.mark.parametrize(("place", "words"), [("a part", "No space left"), ("what comes after", "full of files")])
def test_where_room_is_made_what_was_held_is_written_once_more(mesh, tmp_path, monkeypatch, place, words):
    """The weights of then, while training went on; torch says of a full disk what nobody would take for one."""
    weight, faults, told = torch.ones(3), [OSError(errno.ENOSPC, "full of files")], []
    real = dcp.FileSystemWriter.write_data

    def write(*args):
        if place == "a part" and faults:
            try:
                raise faults.pop()
            except OSError:
                raise RuntimeError("[enforce fail at inline_container.cc:672] . unexpected pos 704 vs 598")  # noqa: B904
        return real(*args)

    def then():
        if faults:
            raise faults.pop()

    def room(full):
        told.append(full)
        weight.add_(1)
        return True

    monkeypatch.setattr(dcp.FileSystemWriter, "write_data", write)
    saves = BackgroundSaves()
    saves.start({"part": {"weight": weight}}, tmp_path / "one", then, is_shared=True, room=room)
    saves.wait()
    ((full,),) = told
    assert full.startswith(f"process 0 on {gethostname()}: [Errno 28] ") and words in full
    assert StoredState(tmp_path / "one", ["weight"], "part")["weight"].tolist() == [1, 1, 1]
    assert weight.tolist() == [2, 2, 2]


def test_a_full_disk_is_told_from_other_faults():
    stored = SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)")
    assert is_full(stored) and not isinstance(stored, OSError)
    assert not is_full(SafetensorError("Error while serializing: I/O error: Input/output error (os error 5)"))
    assert not is_full(RunStoppedError(f"A fault of process 1: {stored}", state="failed"))  # this one's own disk is not
    assert not is_full(OSError(errno.EIO, "Input/output error"))
    assert not is_full(None)


def test_a_fault_is_seen_before_anybody_waits(mesh, tmp_path):
    saves = BackgroundSaves()
    saves.start({"weight": torch.ones(3)}, tmp_path / "one", full, is_shared=True)
    saves._thread.join()
    assert saves.has_failed


def test_a_fault_of_torch_is_an_exception_with_its_cause(mesh, tmp_path, monkeypatch):
    """CheckpointException is none, and would pass by every `except Exception`."""
    assert not issubclass(CheckpointException, Exception)
    monkeypatch.setattr(dcp.FileSystemWriter, "write_data", lambda *_: 1 / 0)
    saves = BackgroundSaves()
    saves.start({"weight": torch.ones(3)}, tmp_path / "one", None, is_shared=True)
    with pytest.raises(RuntimeError, match="was not written: ZeroDivisionError"):
        saves.wait()


@pytest.mark.parametrize(
    ("kind", "lora"),
    [("Llama", None), ("Gemma2", None), ("Qwen3Moe", None), ("Llama", LoRA(r=2)), ("Qwen3Moe", LoRA(r=2)), ("GPT2", LoRA(r=2))],
)
def test_a_directory_made_of_a_checkpoint_is_that_of_the_policy_to_the_byte(mesh, tmp_path, kind, lora):
    """The checkpoint's adapters, not those of the moment: meanwhile they are off, or trained."""
    tokenizer = character_tokenizer(64)
    model = tiny(kind, tie_word_embeddings=kind != "Qwen3Moe")
    model = move(add_adapters(model, lora) if lora else model, rest=0.01)
    save_policy(model, tokenizer, tmp_path / "plain")
    scorer = TokenScorer(model)
    shard(scorer, mesh, torch.float32)
    export = ShardedExport(model, tmp_path / "state", "state_dict.scorer.model")
    export.write_settings(tokenizer, tmp_path / "made")
    state = {f"scorer.model.{name}": value.clone() for name, value in model.state_dict().items()}
    dcp.save({"state_dict": state}, checkpoint_id=tmp_path / "state")
    with without_adapters(model), torch.no_grad():
        for weight in model.parameters():
            weight.mul_(2)
        export.write_weights(tmp_path / "first")  # where the disk was full
        export.write_weights(tmp_path / "made")
    files = sorted(path.name for path in (tmp_path / "plain").iterdir())
    assert files == sorted(path.name for path in (tmp_path / "made").iterdir())
    for name in files:
        assert (tmp_path / "made" / name).read_bytes() == (tmp_path / "plain" / name).read_bytes(), name
    names = load_file(tmp_path / "made" / "model.safetensors").keys()
    assert ("lm_head.weight" in names) == (kind == "Qwen3Moe")
