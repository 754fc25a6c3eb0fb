"""What tests of sharded policies share: two processes, and what it means that two policies are one."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import distributed, multiprocessing
from torch.distributed.device_mesh import init_device_mesh

from asym_lit.layouts import padded
from asym_lit.policy.adapter_merging import whole
from asym_lit.sharding import filling, trials
from asym_lit.sharding.loading import sharded_scorer
from asym_lit.sharding.weight_files import StoredTensor
from asym_lit.types import InputError, Needs
from fakes import make_rollout
from model_kinds import tiny


def alike(sharded: Any, plain: Any) -> None:
    """Weights, buffers, ties, what is trained, configurations and scores of two scorers are the same, to the bit."""
    ours, theirs = sharded.model.state_dict(), plain.model.state_dict()
    assert list(ours) == list(theirs)
    for name, value in theirs.items():
        assert ours[name].dtype == value.dtype and torch.equal(whole(ours[name]), value), name
    buffers = dict(plain.model.named_buffers())
    assert dict(sharded.model.named_buffers()).keys() == buffers.keys()
    for name, value in sharded.model.named_buffers():
        assert value.dtype == buffers[name].dtype and torch.equal(value, buffers[name]), name
    weights = dict(plain.named_parameters())  # names each tied weight once
    assert {name: w.requires_grad for name, w in sharded.named_parameters()} == {n: w.requires_grad for n, w in weights.items()}
    assert sharded.model.config.to_dict() == plain.model.config.to_dict()
    assert sharded.model.generation_config.to_dict() == plain.model.generation_config.to_dict()
    assert [m.training for m in sharded.modules()] == [m.training for m in plain.modules()]
    assert (sharded.vocabulary, sharded.shaping, sharded.is_direct) == (plain.vocabulary, plain.shaping, plain.is_direct)
    assert sharded.why_not_shared[:24] == plain.why_not_shared[:24]  # behind it, by how much: of fewer layers
    rollouts = [make_rollout([5, 6, 7]), make_rollout([8, 9, 10])]
    tokens = padded(rollouts, torch.device("cpu"))
    scores = [one(tokens, torch.ones(2, 3), 1.0, Needs()).logprobs_BT for one in (sharded, plain)]
    assert torch.equal(*scores)


def odd_policy(folder: Path) -> str:
    """A tied one whose rows are not dealt out evenly."""
    tiny("Llama", vocab_size=61, tie_word_embeddings=True).save_pretrained(folder)
    return str(folder)


def two_processes(work: Callable[[int, Any], Any], given: Any, folder: Path) -> list[Any]:
    """What a function of rank and argument answers in each of two processes that form a group."""
    store, answers = folder / "store", [folder / f"answer{rank}" for rank in range(2)]
    multiprocessing.spawn(_process, (work, given, str(store), [str(path) for path in answers], sys.path), nprocs=2)
    return [torch.load(path, weights_only=True) for path in answers]


def _process(rank: int, work: Any, given: Any, store: str, answers: list[str], paths: list[str]) -> None:
    sys.path[:] = paths
    torch.set_num_threads(1)
    distributed.init_process_group("gloo", store=distributed.FileStore(store, 2), rank=rank, world_size=2)
    torch.save(work(rank, given), answers[rank])
    distributed.destroy_process_group()


def load_and_compare(rank: int, plans: list[Any]) -> list[str]:
    """Plans over two processes, held against plain loads; what was refused. The second may not read a file of weights."""
    trials.is_small, filling.BLOCK_BYTES = lambda model: False, 2**12  # type: ignore[assignment]
    mesh = init_device_mesh("cpu", (2,))
    return [_compare(rank, plan, mesh) for plan in plans]


def _compare(rank: int, plan: Any, mesh: Any) -> str:
    read = StoredTensor.rows
    if rank:
        StoredTensor.rows = _refuse  # type: ignore[method-assign]
    try:
        scorer, why = sharded_scorer(plan, mesh, getattr(torch, plan.dtype), 2)
    except InputError as fault:
        return str(fault)
    finally:
        StoredTensor.rows = read  # type: ignore[method-assign]
    assert why == ""
    embedding: Any = scorer.model.get_input_embeddings().weight
    assert len(embedding.to_local()) == (31, 30)[rank]
    alike(scorer, plan.whole())
    return ""


def _refuse(*_: Any) -> Any:
    raise AssertionError("the second process reads")
