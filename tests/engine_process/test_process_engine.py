"""An engine in a process of its own writes what the embedded one writes, and goes when nobody needs it."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest
import torch

from asym_lit.engine_process import ProcessEngine
from asym_lit.policy.export import named_weights
from asym_lit.policy.loading import load_policy, load_tokenizer, locate
from asym_lit.responses import end_tokens, padding_token
from asym_lit.rollout.engine import EngineError, EngineHost, Request
from asym_lit.rollout.hf_engine import HFEngine
from asym_lit.types import InputError, Prompt, Sampling

SAMPLING = Sampling(n=4, max_tokens=12, temperature=0.7, stop_strings=("+",))


def host_of(policy: str) -> EngineHost:
    tokenizer, model = load_tokenizer(policy), load_policy(policy)
    ends = end_tokens(tokenizer, model.config, None)
    return EngineHost(
        policy=locate(policy),
        live_model=None,
        device=torch.device("cpu"),
        dtype=torch.float32,
        stop_token_ids=ends,
        pad_token_id=padding_token(tokenizer, ends),
        load=lambda: load_policy(policy),
        tokenizer=tokenizer,
        longest=64,
    )


@pytest.fixture(scope="module")
def host() -> EngineHost:
    return host_of("bundled")


@pytest.fixture(scope="module")
def requests(host: EngineHost) -> list[Request]:
    texts = ("3,4,5,6=18:", "1,2,3,4=10:", "7,8,9,10=20:")
    return [Request(Prompt(t, t, {}, "fake", tuple(host.tokenizer(t).input_ids)), i, 100 + i) for i, t in enumerate(texts)]


@pytest.fixture(scope="module")
def moved(host: EngineHost) -> dict[str, torch.Tensor]:
    """Weights that are not those on disk."""
    assert host.load is not None
    return {name: value + 0.01 * torch.randn_like(value) for name, value in named_weights(host.load())}


@pytest.fixture(scope="module")
def engine(host: EngineHost) -> Iterator[ProcessEngine]:
    engine = ProcessEngine(max_batch_tokens=64)
    engine.start(host)
    yield engine
    engine.close()


def test_it_writes_the_tokens_of_the_embedded_engine_with_their_very_log_probs(engine, host, requests, moved) -> None:
    embedded = HFEngine(max_batch_tokens=64)
    embedded.start(host)
    for one in (embedded, engine):
        one.sync(moved.items(), 7)
    for sampling in (SAMPLING, SAMPLING.greedy()):
        assert list(engine.generate(requests, sampling)) == list(embedded.generate(requests, sampling))
    assert engine.version == 7


def test_groups_that_nobody_waits_for_any_longer_do_not_come_as_answers_to_the_next_call(engine, requests) -> None:
    expected = [group for request in requests for group in engine.generate([request], SAMPLING)]
    half = engine.generate(requests, SAMPLING)
    next(half)
    half.close()
    assert list(engine.generate(requests, SAMPLING)) == expected


def test_what_it_cannot_do_is_told_by_the_words_of_the_embedded_engine(engine, moved) -> None:
    with pytest.raises(EngineError, match=r"RuntimeError: The weight sync left out \['lm_head.weight'\]"):
        engine.sync([(name, value) for name, value in moved.items() if name != "lm_head.weight"], 8)
    engine.sync(moved.items(), 8)


def test_it_hears_no_signal_that_is_meant_for_the_one_that_asks_it_and_ends_with_that(engine, requests, moved) -> None:
    process = engine._process
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1):
        process.send_signal(number)
    engine.sync(moved.items(), 9)
    asked = engine.generate(requests, SAMPLING)
    next(asked)
    process.stdin.close()  # as the system does when a process is killed
    assert process.wait(timeout=20) == 0
    with pytest.raises(EngineError, match="ended by exit status 0"):
        engine.restore()


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"threads": 0}, "ProcessEngine: threads is 0; allowed: 1 or more"),
        ({"timeout": 0}, "timeout is 0; allowed: above 0"),
        ({"cores": [9999]}, r"cores is \[9999\]; allowed: some of"),
        ({"cores": []}, r"cores is \[\]; allowed: some of"),
    ],
)
def test_what_cannot_be_is_refused(options, match) -> None:
    with pytest.raises(InputError, match=match):
        ProcessEngine(**options).check()
