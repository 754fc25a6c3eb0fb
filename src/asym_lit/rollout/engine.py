"""The engine protocol: what writes rollouts. It knows token ids and weights, text for stop strings alone, and no reward."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from types import MappingProxyType
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor

from asym_lit.types import PolicyModel, Prompt, Rollout, Sampling


class EngineError(RuntimeError):
    """The engine died or stopped answering; what it was asked can be asked again of a new one."""


@dataclass(frozen=True, slots=True)
class Request:
    """One prompt to answer `sampling.n` times."""

    prompt: Prompt
    slot: int
    """Position of the group in the global batch of the step."""
    seed: int
    """All randomness of its responses; they do not depend on what else is generated with them."""


def request_seed(run_seed: int, stage: str, step: int, slot: int, uid: str) -> int:
    """A 63-bit seed from where a group stands in a run, so that a resumed run draws the same responses."""
    digest = blake2b(f"{run_seed}/{stage}/{step}/{slot}/{uid}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


def rounding_remarks(engine: str, policy: torch.dtype, held: str | None) -> tuple[str, ...]:
    """What a person should know where an engine holds weights in a coarser dtype than the policy; nothing elsewhere.

    Args:
        engine: Its class, for the sentence.
        policy: Of the weights in training.
        held: Of the engine's, as torch calls it; None for the same.
    """
    if held is None or getattr(torch, held).itemsize >= policy.itemsize:
        return ()
    least = torch.finfo(getattr(torch, held)).eps / 2
    return (
        f"{engine}: its weights are {held}, the policy's {str(policy).removeprefix('torch.')}: updates below "
        f"{least:.1g} of a weight round away in the engine, which then writes with the policy as it was.",
    )


@dataclass(frozen=True)
class EngineHost:
    """What the trainer offers an engine at its start."""

    policy: str
    """Directory or hub id of the policy before training."""
    live_model: PolicyModel | None
    """The policy in training if it is whole on this device, so that an embedded engine can share its weights; None if
    it is sharded."""
    device: torch.device
    dtype: torch.dtype
    stop_token_ids: frozenset[int]
    """What ends a response of the policy whatever the sampling says: `responses.end_tokens`."""
    pad_token_id: int
    local_rank: int = 0
    """Of this process among those of its machine."""
    load: Callable[[], PolicyModel] | None = None
    """Loads the policy before training as the one in training was loaded, for an embedded engine's replica: without noise and
    with the same rotary frequencies. None where only a live model is offered."""
    tokenless_ids: frozenset[int] = frozenset()
    """Ids that the policy gives logits to and the tokenizer has no token for: they are never sampled."""
    tokenizer: Any = None
    """The policy's; only stop strings ask for it."""
    longest: int = 0
    """Tokens of the longest prompt with the longest response to it; 0 if that is not known."""
    attn_implementation: str | None = None
    """Of the policy, by transformers' name; None for its choice."""

    def ends(self, sampling: Sampling) -> list[int]:
        """All token ids that end a response, in rising order: the policy's own and those of the sampling."""
        return sorted(self.stop_token_ids | set(sampling.stop_token_ids))


class Engine(Protocol):
    """Writes rollouts with the weights it was last given."""

    version: int
    """Optimizer steps behind its weights; -1 before the first sync."""
    weight_dtype: str | None = None
    """Of its own copy of the weights, as torch calls it, if that need not be the policy's; None if it is, or is not known."""
    remarks: tuple[str, ...] = ()
    """What a person should know about how it generates with the policy it was started with."""
    figures: Mapping[str, tuple[float, float]] = MappingProxyType({})
    """Metrics of its own, as sums and counts that are added up over the processes, then divided; by names behind `engine/`."""

    def check(self) -> None:
        """Raise an `InputError` if it cannot run here; called before anything is loaded."""
        ...

    def start(self, host: EngineHost) -> None:
        """Load the model; called after the process group stands, and again after `close`."""
        ...

    def sync(self, named_weights: Iterable[tuple[str, Tensor]], version: int) -> None:
        """Take over the policy's weights; must leave nothing of the old ones, caches included.

        A collective where weights are sharded: every rank walks through all of them.
        """
        ...

    def forget(self) -> None:
        """Drop every cached prefix."""
        ...

    def generate(self, requests: Sequence[Request], sampling: Sampling) -> Iterator[list[Rollout]]:
        """One group of `sampling.n` rollouts per request, in the order of the requests, as they finish.

        Raises:
            EngineError: If it died; what was yielded before is whole.
        """
        ...

    def sleep(self) -> None:
        """Give device memory back until `wake`."""
        ...

    def wake(self) -> None:
        """Take device memory again; a `version` of -1 then says that the weights are gone and must be synced."""
        ...

    def close(self) -> None:
        """Release everything."""
        ...


@runtime_checkable
class RunsElsewhere(Protocol):
    """What an engine has beside that if it can write while the policy is updated: weights and processors of its own."""

    def restore(self) -> None:
        """Started anew, take over the weights of the last sync once more, with their version: the policy's have moved on.

        Collectives are those of the group of the thread (`process_groups`).
        """
        ...
