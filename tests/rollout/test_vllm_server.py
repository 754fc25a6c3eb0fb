"""The remote engine with a real server on the loopback device: same log-probs, weights by files, faults named."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from time import sleep

import pytest
import torch

from asym_lit.commands.serve.keeping import Keeping, Server
from asym_lit.commands.serve.vllm_words import server_command, server_environment
from asym_lit.policy.export import named_weights
from asym_lit.policy.loading import load_policy, load_tokenizer, locate
from asym_lit.processes.children import Child
from asym_lit.rollout.engine import EngineError, EngineHost, Request
from asym_lit.rollout.vllm_server import VLLMServerEngine
from asym_lit.rollout.vllm_servers import VLLMServersEngine
from asym_lit.types import InputError, Sampling
from fakes import make_prompt
from real_vllm import free_port, needs_vllm, serving, worst_gap

pytestmark = needs_vllm
HOST = EngineHost(locate("bundled"), None, torch.device("cpu"), torch.float32, frozenset({1}), 0)
SAMPLING = Sampling(n=4, max_tokens=16)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(locate("bundled"), tmp_path_factory.mktemp("server") / "log") as url:
        yield url


@pytest.fixture(scope="module")
def requests() -> list[Request]:
    tokenizer = load_tokenizer("bundled")
    return [
        Request(make_prompt(tokenizer(t).input_ids, uid=t), i, 2**63 - 1 - i) for i, t in enumerate(["2,3=5:", "9,8,7=24:"])
    ]


def test_a_server_writes_with_the_weights_that_it_was_last_given(server: str, tmp_path: Path, requests: list[Request]) -> None:
    engine = VLLMServerEngine(server, directory=str(tmp_path))
    engine.check()
    engine.start(HOST)
    policy = load_policy("bundled")
    for version in range(4):
        engine.sync(named_weights(policy), version)
        groups = list(engine.generate(requests, SAMPLING))
        assert worst_gap(policy, groups) <= 1e-4
        assert {(r.slot, r.policy_version) for group in groups for r in group} == {(0, version), (1, version)}
        assert [[r.token_ids for r in g] for g in engine.generate(requests, SAMPLING)] == [
            [r.token_ids for r in g] for g in groups
        ]
        with torch.no_grad():
            for parameter in policy.parameters():
                parameter.mul_(1.02)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["version_000002", "version_000003"]
    engine.close()


def test_a_server_that_serves_another_model_is_refused(server: str, tmp_path: Path) -> None:
    engine = VLLMServerEngine(server, model="someone/else-7B", directory=str(tmp_path))
    with pytest.raises(InputError, match=r"serves \[.*bundled'\], not 'someone/else-7B'"):
        engine.start(HOST)


def test_what_the_server_refuses_is_an_engine_error(server: str, tmp_path: Path) -> None:
    engine = VLLMServerEngine(server, directory=str(tmp_path))
    engine.start(HOST)
    too_long = Request(make_prompt([3] * 400), 0, 1)
    with pytest.raises(EngineError, match=r"/v1/completions answered 400"):
        list(engine.generate([too_long], SAMPLING))


def test_greedy_responses_are_the_policys_likeliest_tokens(server: str, tmp_path: Path, requests: list[Request]) -> None:
    engine = VLLMServerEngine(server, directory=str(tmp_path))
    engine.start(HOST)
    policy = load_policy("bundled")
    engine.sync(named_weights(policy), 0)
    for request, (rollout,) in zip(requests, engine.generate(requests, SAMPLING.greedy()), strict=True):
        ids = torch.tensor([[*request.prompt.token_ids, *rollout.token_ids]])
        with torch.no_grad():
            logits = policy(ids).logits[0, len(request.prompt.token_ids) - 1 : -1]
        assert logits.argmax(-1).tolist() == rollout.token_ids
    engine.close()


def test_a_server_killed_in_the_middle_of_a_step_changes_no_token(server: str, tmp_path: Path, requests: list[Request]) -> None:
    port, policy = free_port(), load_policy("bundled")
    further = ["--max-model-len", "256", "--block-size", "32", "--kv-cache-memory-bytes", str(2**26)]
    words = server_command(locate("bundled"), "127.0.0.1", port, "float32", [], further)  # as `serve` does
    second = Server(f"http://127.0.0.1:{port}", Child(words, server_environment(os.environ, [], 2), tmp_path / "log"))
    keeping = Keeping([second], 0, print)
    many = [Request(make_prompt(requests[0].prompt.token_ids, uid=str(i)), i, i) for i in range(24)]
    try:
        keeping.start(300)
        engine = VLLMServersEngine([server, second.url], directory=str(tmp_path / "weights"), concurrency=2)
        engine.start(HOST)
        engine.sync(named_weights(policy), 3)
        peace = list(engine.generate(many, SAMPLING))
        first, other = engine.pool.members

        def kill() -> None:  # while it writes, after the first group of the step
            while first.answered + other.answered == len(many) or not other.busy:
                sleep(0.001)
            os.kill(second.child.pid, signal.SIGKILL)

        killer = threading.Thread(target=kill)
        killer.start()
        with pytest.warns(UserWarning, match=rf"{second.url} is left out \(weights of version 3\), 1 of 2 write"):
            groups = list(engine.generate(many, SAMPLING))
        killer.join()
        assert [[r.token_ids for r in group] for group in groups] == [[r.token_ids for r in group] for group in peace]
        assert worst_gap(policy, groups) <= 1e-4
        engine.close()
    finally:
        keeping.end()
