"""Stops with real vLLM: the same tokens, text and end as the embedded engine's rule gives, in this process and behind HTTP."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from asym_lit.policy.export import named_weights
from asym_lit.policy.loading import load_policy
from asym_lit.responses import response_text, text_behind
from asym_lit.rollout.engine import Engine, EngineHost, Request
from asym_lit.rollout.vllm_engine import VLLMEngine
from asym_lit.rollout.vllm_server import VLLMServerEngine
from asym_lit.types import Sampling
from fakes import make_prompt, tiny_policy
from odd_tokenizers import byte_level
from real_vllm import needs_vllm, serving

pytestmark = needs_vllm
TOKENIZER = byte_level()
TEXTS = ("the stop", "Frage: 3 \u00c4pfel und 4")
CASES = [["e"], ["\u00fc", "\n"], ["t", ".", " "], ["\u6570", "\u2713", "a"]]


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("policy")
    sizes = {"hidden_size": 64, "max_position_embeddings": 256, "initializer_range": 0.2}
    model = tiny_policy(vocabulary=len(TOKENIZER), **sizes)
    model.config.eos_token_id, model.config.pad_token_id = TOKENIZER.eos_token_id, TOKENIZER.pad_token_id
    model.save_pretrained(folder)
    TOKENIZER.save_pretrained(folder)
    return str(folder)


@pytest.fixture(scope="module", params=["in this process", "behind HTTP"])
def engine(request: pytest.FixtureRequest, policy: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    ends = frozenset({TOKENIZER.eos_token_id})
    host = EngineHost(policy, None, torch.device("cpu"), torch.float32, ends, 0, tokenizer=TOKENIZER)
    folder = tmp_path_factory.mktemp("server")
    if request.param == "in this process":
        inside = VLLMEngine()
        inside.start(host)
        inside.sync(named_weights(load_policy(policy)), 0)
        yield inside
        inside.close()
        return
    with serving(policy, folder / "log") as url:
        outside = VLLMServerEngine(url, directory=str(folder / "weights"))
        outside.start(host)
        outside.sync(named_weights(load_policy(policy)), 0)
        yield outside
        outside.close()


@pytest.mark.parametrize("strings", CASES)
def test_a_response_ends_with_the_first_token_that_completes_a_stop_string(engine: Engine, strings: list[str]) -> None:
    asked = [Request(make_prompt(TOKENIZER(t).input_ids, uid=t), slot, 7 + slot) for slot, t in enumerate(TEXTS)]
    free = [r for group in engine.generate(asked, Sampling(n=8, max_tokens=64)) for r in group]
    how = Sampling(n=8, max_tokens=64, stop_strings=strings)
    stopped = [r for group in engine.generate(asked, how) for r in group]
    cut = 0
    for rollout, whole in zip(stopped, free, strict=True):
        prompt, ids = whole.prompt.token_ids, whole.token_ids
        prefixes = (ids[:length] for length in range(1, len(ids) + 1))
        first = next((ids for ids in prefixes if any(one in text_behind(TOKENIZER, prompt, ids) for one in strings)), None)
        expected = (ids, whole.finish_reason) if first is None else (first, "stop")
        assert (rollout.token_ids, rollout.finish_reason) == expected
        assert rollout.logprobs == pytest.approx(whole.logprobs[: len(rollout.token_ids)], abs=1e-5)
        text = response_text(TOKENIZER, rollout.token_ids, rollout.finish_reason == "stop", prompt, strings)
        assert not any(one in text for one in strings)
        cut += first is not None and len(first) < len(ids)
    assert cut > 0


def test_a_stop_token_of_the_sampling_ends_a_response(engine: Engine) -> None:
    token = TOKENIZER("e").input_ids[0]
    asked = [Request(make_prompt(TOKENIZER(t).input_ids, uid=t), slot, 7 + slot) for slot, t in enumerate(TEXTS)]
    free = [r for group in engine.generate(asked, Sampling(n=8, max_tokens=64)) for r in group]
    stopped = [r for group in engine.generate(asked, Sampling(n=8, max_tokens=64, stop_token_ids=[token])) for r in group]
    for rollout, whole in zip(stopped, free, strict=True):
        ids = whole.token_ids
        assert rollout.token_ids == (ids[: ids.index(token) + 1] if token in ids else ids)
        assert rollout.finish_reason == ("stop" if token in ids else whole.finish_reason)
    assert any(r.token_ids[-1] == token for r in stopped)
