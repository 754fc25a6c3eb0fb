"""What vLLM is asked for, read off stand-ins; with real vLLM in `test_vllm_engine.py` and `test_vllm_server.py`."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace

import pytest
import torch

from asym_lit.rollout.engine import EngineHost, Request
from asym_lit.rollout.vllm_requests import parameters
from asym_lit.rollout.vllm_server import VLLMServerEngine
from asym_lit.types import Sampling
from fakes import make_prompt

HOST = EngineHost("p", None, torch.device("cpu"), torch.float32, frozenset({1}), 0)
REQUEST = Request(make_prompt(), 0, 5)
SAMPLED = Sampling(n=8, temperature=0.7, top_p=0.9, top_k=5, min_p=0.1, max_tokens=9)
ASKED = {"n": 1, "temperature": 0.0, "top_p": 1.0, "min_p": 0.0, "max_tokens": 9, "stop_token_ids": [1]}


def test_a_greedy_response_is_asked_of_the_engine_at_temperature_0(monkeypatch: pytest.MonkeyPatch) -> None:
    vllm, inner = ModuleType("vllm"), ModuleType("vllm.sampling_params")
    vllm.SamplingParams = lambda **given: SimpleNamespace(**given)  # type: ignore[attr-defined]
    inner.RequestOutputKind = SimpleNamespace(FINAL_ONLY=2)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "vllm", vllm)
    monkeypatch.setitem(sys.modules, "vllm.sampling_params", inner)
    asked = vars(parameters(REQUEST, SAMPLED.greedy(), HOST))
    assert {**ASKED, "top_k": 0}.items() <= asked.items()
    assert vars(parameters(REQUEST, SAMPLED, HOST))["temperature"] == 0.7


def test_a_greedy_response_is_asked_of_the_server_at_temperature_0() -> None:
    engine, posted = VLLMServerEngine(directory="/nowhere"), []

    def post(path: str, asked: dict) -> dict:
        posted.append(asked)
        choice = {"index": 0, "finish_reason": "stop", "token_ids": [6, 1], "logprobs": {"token_logprobs": [0.0, 0.0]}}
        return {"choices": [choice]}

    engine.client, engine.host = SimpleNamespace(post=post, url="", close=lambda: None), HOST  # type: ignore[assignment]
    ((rollout,),) = engine.generate([REQUEST], SAMPLED.greedy())
    assert {**ASKED, "top_k": -1}.items() <= posted[0].items()
    assert rollout.token_ids == [6, 1]
