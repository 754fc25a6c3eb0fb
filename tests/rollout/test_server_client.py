"""A server that is down, slow, or talks nonsense."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from time import sleep
from typing import Any

import pytest
import torch

from asym_lit.policy.export import named_weights
from asym_lit.policy.loading import load_policy
from asym_lit.rollout.engine import EngineError, EngineHost, Request
from asym_lit.rollout.server_client import ServerClient
from asym_lit.rollout.vllm_server import VLLMServerEngine
from asym_lit.types import InputError, Sampling
from fakes import make_prompt
from policies import save_tiny

HOST = EngineHost("the/policy", None, torch.device("cpu"), torch.float32, frozenset({1}), 0)
CHOICE = {"index": 0, "token_ids": [5, 1], "logprobs": {"token_logprobs": [-0.5, -0.1]}, "finish_reason": "stop"}


class Answers:
    """What the server says, by path: a status and a body each, in turn; the last one stays."""

    def __init__(self) -> None:
        self.by_path: dict[str, list[tuple[int, Any]]] = {
            "/health": [(200, "")],
            "/version": [(200, {"version": "0.32.0"})],
            "/v1/models": [(200, {"data": [{"id": "the/policy", "root": "the/policy"}]})],
            "/update_weight_version": [(200, {})],
        }
        self.asked: list[tuple[str, Any]] = []
        self.delay = 0.0

    def to(self, path: str) -> tuple[int, Any]:
        turns = self.by_path.get(path, [(404, "nothing here")])
        return turns.pop(0) if len(turns) > 1 else turns[0]


@pytest.fixture
def served() -> Iterator[tuple[str, Answers]]:
    answers = Answers()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            asked = json.loads(self.rfile.read(length)) if length else None
            answers.asked.append((self.path, asked))
            if self.path == "/update_weight_version":
                answers.by_path["/weight_info"] = [(200, {"weight_version": asked["new_version"]})]
            sleep(answers.delay)
            status, body = answers.to(self.path)
            content = (body if isinstance(body, str) else json.dumps(body)).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = answer

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", answers
    server.shutdown()
    server.server_close()


@pytest.fixture
def engine(served: tuple[str, Answers], tmp_path: Any) -> VLLMServerEngine:
    engine = VLLMServerEngine(served[0], directory=str(tmp_path), timeout=5, start_timeout=2)
    engine.start(HOST)
    return engine


REQUEST = Request(make_prompt([3, 4]), slot=2, seed=9)
ONE = Sampling(n=1, temperature=0.7, max_tokens=8)


def test_a_group_is_asked_for_by_token_ids_and_read_back(engine: VLLMServerEngine, served: tuple[str, Answers]) -> None:
    _, answers = served
    answers.by_path["/v1/completions"] = [(200, {"choices": [CHOICE]})]
    ((rollout,),) = engine.generate([REQUEST], ONE)
    assert (rollout.token_ids, rollout.logprobs, rollout.finish_reason, rollout.slot) == ([5, 1], [-0.5, -0.1], "stop", 2)
    _, body = answers.asked[-1]
    assert {**body, "prompt": [3, 4], "n": 1, "temperature": 0.7, "seed": 9, "stop_token_ids": [1], "top_k": -1} == body
    assert body["min_p"] == 0.0


def test_min_p_is_asked_for_as_it_is(engine: VLLMServerEngine, served: tuple[str, Answers]) -> None:
    _, answers = served
    answers.by_path["/v1/completions"] = [(200, {"choices": [CHOICE]})]
    list(engine.generate([REQUEST], replace(ONE, min_p=0.1)))
    assert answers.asked[-1][1]["min_p"] == 0.1


def test_ids_without_a_token_are_forbidden_and_nothing_of_the_policys_own_settings_is_left_to_the_server(
    served: tuple[str, Answers], tmp_path: Any
) -> None:
    url, answers = served
    engine = VLLMServerEngine(url, directory=str(tmp_path), timeout=5, start_timeout=2)
    engine.start(replace(HOST, tokenless_ids=frozenset({9, 12})))
    answers.by_path["/v1/completions"] = [(200, {"choices": [CHOICE]})]
    list(engine.generate([REQUEST], ONE))
    body = answers.asked[-1][1]
    assert body["logit_bias"] == {"9": -100.0, "12": -100.0}
    assert (body["repetition_penalty"], body["min_p"]) == (1.0, 0.0)  # generation_config.json of Qwen2.5 has 1.05
    assert (body["presence_penalty"], body["frequency_penalty"]) == (0.0, 0.0)


def test_a_server_that_is_busy_for_a_moment_is_asked_again(engine: VLLMServerEngine, served: tuple[str, Answers]) -> None:
    served[1].by_path["/v1/completions"] = [(503, "loading"), (200, {"choices": [CHOICE]})]
    assert len(list(engine.generate([REQUEST], ONE))) == 1


def test_no_server_is_an_input_error_that_says_how_to_start_one() -> None:
    told = r"No vLLM server at http://127\.0\.0\.1:9 within 0\.2 s .*vllm serve <policy> .*python -m vllm.entrypoints"
    with pytest.raises(InputError, match=told):
        ServerClient("http://127.0.0.1:9/", 1, 1).wait(0.2)


def test_no_proxy_of_the_environment_stands_between(
    engine: VLLMServerEngine, monkeypatch: pytest.MonkeyPatch, served: tuple[str, Answers]
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    ServerClient(served[0], 1, 1).wait(0.2)
    assert engine.client.get("/version") == {"version": "0.32.0"}


@pytest.mark.skipif(not hasattr(socket, "TCP_KEEPIDLE"), reason="the system cannot be told how soon to ask")
def test_the_system_asks_after_a_silent_server_within_a_minute(engine: VLLMServerEngine) -> None:
    pool = engine.client.session.get_adapter(engine.client.url).poolmanager.connection_from_url(engine.client.url)
    connection = pool._new_conn()
    connection.connect()
    options = [(socket.SOL_SOCKET, socket.SO_KEEPALIVE)]
    options += [(socket.IPPROTO_TCP, one) for one in (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT)]
    assert [connection.sock.getsockopt(*option) for option in options] == [1, 30, 10, 3]  # 30 + 3 x 10 seconds
    connection.close()


def test_a_slow_server_is_an_engine_error(engine: VLLMServerEngine, served: tuple[str, Answers]) -> None:
    served[1].delay, engine.client.timeout = 1.0, 0.1
    engine.client.close()
    with pytest.raises(EngineError, match="did not answer"):
        engine.client.get("/version")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((500, "out of memory"), "answered 500: out of memory"),
        ((200, "<html>"), "answered no JSON: <html>"),
        ((200, {"choices": []}), "gave 0 of 1 responses"),
        ((200, {"choices": [{**CHOICE, "finish_reason": "abort"}]}), r"ended by \{'abort'\}"),
        ((200, {"choices": [{**CHOICE, "token_ids": None}]}), "returned no token ids"),
    ],
)
def test_nonsense_is_an_engine_error(
    engine: VLLMServerEngine, served: tuple[str, Answers], answer: tuple[int, Any], words: str
) -> None:
    served[1].by_path["/v1/completions"] = [answer]
    with pytest.raises(EngineError, match=words):
        list(engine.generate([REQUEST], ONE))


@pytest.mark.parametrize(
    ("path", "body", "words"),
    [
        ("/version", {"version": "0.40.1"}, r"runs vLLM 0\.40\.1; supported are 0\.32, 0\.33"),
        ("/v1/models", {"data": [{"id": "other", "root": "other"}]}, r"serves \['other'\], not 'the/policy'"),
    ],
)
def test_another_server_than_expected_is_refused(
    served: tuple[str, Answers], tmp_path: Any, path: str, body: Any, words: str
) -> None:
    served[1].by_path[path] = [(200, body)]
    with pytest.raises(InputError, match=words):
        VLLMServerEngine(served[0], directory=str(tmp_path), start_timeout=2).start(HOST)


def test_a_server_without_its_development_routes_is_refused(engine: VLLMServerEngine) -> None:
    with pytest.raises(InputError, match=r"has no /reset_prefix_cache\. Start the server with VLLM_SERVER_DEV_MODE=1"):
        engine.forget()


def test_a_prefix_cache_that_was_not_reset_is_an_engine_error(engine: VLLMServerEngine, served: tuple[str, Answers]) -> None:
    served[1].by_path["/reset_prefix_cache"] = [(200, {"success": False})]
    with pytest.raises(EngineError, match="did not reset its prefix cache"):
        engine.forget()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: VLLMServerEngine(), "no directory is given"),
        (lambda: VLLMServerEngine(directory="x", concurrency=0), "must be above 0"),
        (
            lambda: VLLMServerEngine("localhost:8000", directory="x").check(),
            "url is 'localhost:8000'; allowed: http://host:port",
        ),
    ],
)
def test_impossible_settings_are_refused(make: Callable[[], Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        make()


@pytest.mark.parametrize("shift", [0.0, 0.4, 0.6])
def test_a_server_that_writes_with_other_weights_is_refused_after_the_first_sync(
    served: tuple[str, Answers], tmp_path: Path, shift: float
) -> None:
    url, answers = served
    policy = save_tiny(tmp_path / "policy", initializer_range=0.3)
    model = load_policy(policy)
    prompt, ids = [(7 * place + 5) % 99 for place in range(8)], [5, 6, 7]
    with torch.no_grad():
        logprobs_TV = model(input_ids=torch.tensor([[*prompt, *ids]])).logits[0, 7:-1].log_softmax(-1)
    said = {"token_logprobs": (logprobs_TV[range(3), ids] - shift).tolist()}
    choices = [{"index": i, "token_ids": ids, "logprobs": said, "finish_reason": "length"} for i in range(2)]
    answers.by_path |= {
        "/v1/models": [(200, {"data": [{"id": policy}]})],
        "/collective_rpc": [(200, {})],
        "/reset_prefix_cache": [(200, {"success": True})],
        "/v1/completions": [(200, {"choices": choices})],
    }
    engine = VLLMServerEngine(url, directory=str(tmp_path / "weights"))
    engine.start(EngineHost(policy, model, torch.device("cpu"), torch.float32, frozenset({1}), 0))
    if shift < 0.5:
        engine.sync(named_weights(model), 0)
        engine.sync(named_weights(model), 1)
        assert [path for path, _ in answers.asked].count("/v1/completions") == 1  # once, at the start
        assert [body["prompt"] for path, body in answers.asked if path == "/v1/completions"] == [prompt]
    else:
        with pytest.raises(InputError, match=r"not write with the weights it was sent: .* of 6 tokens are off by 0\.6 nats"):
            engine.sync(named_weights(model), 0)
    engine.close()
