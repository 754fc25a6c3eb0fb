"""A stand-in for a vLLM server that writes with the weights it is sent: `HFEngine` behind vLLM's routes."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file

from asym_lit.policy.loading import load_policy
from asym_lit.rollout.engine import EngineHost, Request
from asym_lit.rollout.hf_engine import HFEngine
from asym_lit.types import Sampling
from fakes import make_prompt
from vllm_stand_in import StandIn


class HFStandIn(StandIn):
    """Starts with the policy before training."""

    def _begin(self, port: int) -> None:
        self._writing, self._engine = threading.Lock(), HFEngine()
        loaded: Any = lambda: load_policy(self.policy)  # noqa: E731
        self._engine.start(EngineHost(self.policy, None, torch.device("cpu"), torch.float32, frozenset(), 0, load=loaded))
        super()._begin(port)

    def load(self, file: Path) -> None:
        super().load(file)
        self._engine.sync(load_file(file).items(), len(self.loaded))

    def write(self, body: Any) -> list[tuple[list[int], list[float], str]]:
        assert not body["logit_bias"] and not body["stop"]
        sampling = Sampling(
            n=body["n"],
            temperature=body["temperature"],
            max_tokens=body["max_tokens"],
            stop_token_ids=tuple(body["stop_token_ids"]),
        )
        with self._writing:
            (group,) = self._engine.generate([Request(make_prompt(body["prompt"]), 0, body["seed"])], sampling)
        return [(list(rollout.token_ids), list(rollout.logprobs), rollout.finish_reason) for rollout in group]
