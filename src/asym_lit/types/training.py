"""What the parts around a policy in training must offer each other, so that none imports the other. Lightning is not named."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import torch
from torch import Tensor

from asym_lit.types.rollouts import Rollout
from asym_lit.types.verdicts import VerdictClock


class LivePolicy(Protocol):
    """A policy in training, as those see it who have it write rollouts; `PolicyModule` is one."""

    policy_config: Any
    """Of transformers."""
    attn_implementation: str | None
    """Of the policy, by transformers' name; None for its choice."""

    @property
    def policy_version(self) -> int:
        """Optimizer steps behind the weights."""
        ...

    @property
    def live_model(self) -> Any:
        """The model itself where its weights are whole on this process; None under sharding."""
        ...

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        ...

    @property
    def weight_dtype(self) -> torch.dtype:
        """Of the weights."""
        ...

    @property
    def processes(self) -> int:
        """How many train it together."""
        ...

    @property
    def local_rank(self) -> int:
        """Number of this process on its machine."""
        ...

    @property
    def longest(self) -> int:
        """Tokens of the longest prompt with the longest response to it, over all sets of the run."""
        ...

    def untrained(self) -> Any:
        """The policy before training, loaded anew and as the one in training was."""
        ...

    def named_weights(self) -> Iterator[tuple[str, Tensor]]:
        """The weights under their Hugging Face names, gathered; a collective."""
        ...


class Scorer(Protocol):
    """Fills in verdicts and rewards; `VerifierReward` is one."""

    def submit(self, group: Sequence[Rollout]) -> None:
        """Take a group that is generated; its verdicts may be made from now on."""
        ...

    def collect(self) -> None:
        """Verdict and reward of every rollout taken since, in place."""
        ...

    def read_clock(self) -> VerdictClock:
        """What was measured of the verifier's work since it was read last."""
        ...
