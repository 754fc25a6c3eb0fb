"""vLLM engines with planted faults, for the mismatch guard to find."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any
from zlib import crc32

from torch import Tensor

from asym_lit.rollout.engine import EngineHost
from asym_lit.rollout.vllm_engine import VLLMEngine
from asym_lit.tasks import Countdown, CountdownVerifier
from asym_lit.types import Outcome, Prompt, Split, Verdict


class WeightsNotSent(VLLMEngine):
    """Takes weights once, before training."""

    def sync(self, named_weights: Iterable[tuple[str, Tensor]], version: int) -> None:
        if self.version < 0:
            super().sync(named_weights, version)
        self.version = version


class WeightsSentLate(VLLMEngine):
    """Misses the second sync."""

    syncs = 0

    def sync(self, named_weights: Iterable[tuple[str, Tensor]], version: int) -> None:
        self.syncs += 1
        if self.syncs != 2:
            super().sync(named_weights, version)
        self.version = version


class TiedHeadNotSent(VLLMEngine):
    """Sends what `named_parameters()` names: a tied head is not among them."""

    def sync(self, named_weights: Iterable[tuple[str, Tensor]], version: int) -> None:
        super().sync(((name, value) for name, value in named_weights if name != "lm_head.weight"), version)


class PrefixCacheKept(VLLMEngine):
    """Keeps the cached prefixes of older weights; forgets them when asked from outside."""

    syncing = False

    def sync(self, named_weights: Iterable[tuple[str, Tensor]], version: int) -> None:
        self.syncing = True
        super().sync(named_weights, version)
        self.syncing = False

    def forget(self) -> None:
        if not self.syncing:
            super().forget()


class BuiltTooEarly(VLLMEngine):
    """Is built with the configuration, before the strategy has made its process group."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        import torch

        from asym_lit.policy.loading import locate

        super().start(EngineHost(locate("bundled"), None, torch.device("cpu"), torch.float32, frozenset({1}), 0))

    def start(self, host: EngineHost) -> None:
        self._host = host


class LongCountdown(Countdown):
    """Prompts of more than 32 tokens, one block of the cache on a CPU, and few of them, so that they come again."""

    def prompts(self, split: Split) -> Sequence[Prompt]:
        return [replace(prompt, text="1,2,3,4,5,6,7,8,9,10,11,12,13,14," + prompt.text) for prompt in super().prompts(split)]


class EvenChecksum(CountdownVerifier):
    """Right: about half of all responses, so that there is always something to learn."""

    def verify(self, prompt: Prompt, response: str) -> Verdict:
        return Verdict(Outcome.INCORRECT if crc32(response.encode()) % 2 else Outcome.CORRECT, self.name, "counted")

    def self_test(self) -> None:
        pass
