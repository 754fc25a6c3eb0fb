"""Several servers as one engine, with stand-ins: who is asked, who is left out and comes back, and that no token changes."""

from __future__ import annotations

import json
import threading
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest
import torch
from torch import Tensor

from asym_lit.policy.export import named_weights
from asym_lit.policy.loading import load_policy
from asym_lit.rollout import server_client
from asym_lit.rollout.engine import EngineError, EngineHost, Request
from asym_lit.rollout.vllm_server import VLLMServerEngine
from asym_lit.rollout.vllm_servers import VLLMServersEngine
from asym_lit.types import InputError, Rollout, Sampling
from fakes import make_prompt
from policies import save_tiny
from vllm_stand_in import StandIn

SAMPLING = Sampling(n=2, max_tokens=6)
REQUESTS = [Request(make_prompt([3, 4, slot], uid=str(slot)), slot, 100 * slot) for slot in range(8)]
Start = Callable[..., VLLMServersEngine]


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> str:
    return save_tiny(tmp_path_factory.mktemp("policy"))


@pytest.fixture(autouse=True)
def no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_client, "RETRIES", 0)


@pytest.fixture
def three(policy: str) -> Iterator[list[StandIn]]:
    servers = [StandIn(policy) for _ in range(3)]
    yield servers
    for server in servers:
        server.die()


@pytest.fixture
def start(policy: str, three: list[StandIn], tmp_path: Path) -> Iterator[Start]:
    started: list[VLLMServersEngine] = []

    def begin(**settings: Any) -> VLLMServersEngine:
        given = {"urls": [server.url for server in three], "directory": str(tmp_path / "weights"), "start_timeout": 2.0}
        engine = VLLMServersEngine(**{**given, **settings})
        engine.check()
        engine.start(EngineHost(policy, None, torch.device("cpu"), torch.float32, frozenset({1}), 0))
        started.append(engine)
        return engine

    yield begin
    for engine in started:
        engine.close()


def weights(value: float) -> list[tuple[str, Tensor]]:
    return [("w", torch.full((2, 2), value))]


def until(true: Callable[[], bool]) -> None:
    end = monotonic() + 10
    while not true() and monotonic() < end:
        sleep(0.01)


def ids(groups: Any) -> list[list[list[int]]]:
    return [[list(rollout.token_ids) for rollout in group] for group in groups]


def alone(policy: str, folder: Path, value: float, version: int) -> list[list[Rollout]]:
    """What one server in peace writes."""
    server = StandIn(policy)
    engine = VLLMServerEngine(server.url, directory=str(folder))
    engine.start(EngineHost(policy, None, torch.device("cpu"), torch.float32, frozenset({1}), 0))
    engine.sync(weights(value), version)
    groups = list(engine.generate(REQUESTS, SAMPLING))
    server.die()
    return groups


def test_groups_come_in_order_from_all_servers_as_one_server_would_write_them(
    start: Start, three: list[StandIn], policy: str, tmp_path: Path
) -> None:
    engine = start()
    engine.sync(weights(1.0), 4)
    for server in three:  # all are under way before one is done
        server.before_answer = lambda: until(lambda: sum(len(one.completions) for one in three) == 8)
    groups = list(engine.generate(REQUESTS, SAMPLING))
    assert groups == alone(policy, tmp_path / "one", 1.0, 4)
    assert [group[0].slot for group in groups] == list(range(8))
    assert {rollout.policy_version for group in groups for rollout in group} == {4}
    assert sorted(len(server.completions) for server in three) == [2, 3, 3]  # 8 over 3
    written = {f"requests/{i}": (float(len(server.completions)), 1.0) for i, server in enumerate(three)}
    assert engine.figures == {"servers": (3.0, 1.0), **written}
    assert len({server.weights for server in three}) == 1 and not {"untrained"} & {server.weights for server in three}
    assert len({server.mark for server in three}) == 3  # a mark each: no other process can bear it


def test_a_slow_server_writes_its_own_groups_and_the_others_the_rest(start: Start, three: list[StandIn]) -> None:
    engine = start(concurrency=1)  # 3 in flight
    engine.sync(weights(1.0), 0)
    three[1].before_answer = lambda: until(lambda: len(three[0].completions) + len(three[2].completions) == 7)
    list(engine.generate(REQUESTS, SAMPLING))
    assert len(three[1].completions) == 1  # while it writes one, the others write 7
    assert three[1].most_running == 1


def test_what_a_dying_server_was_asked_is_written_elsewhere_token_for_token(
    start: Start, three: list[StandIn], policy: str, tmp_path: Path
) -> None:
    engine = start()
    engine.sync(weights(1.0), 7)
    three[1].dies_at, three[1].delay = 2, 0.1  # it writes one group and dies over the second
    with pytest.warns(
        UserWarning, match=rf"{three[1].url} is left out \(weights of version 7\), 2 of 3 write: .*did not ans"
    ) as w:
        groups = list(engine.generate(REQUESTS, SAMPLING))
    assert len(w) == 1  # though two or three of its groups were under way
    assert groups == alone(policy, tmp_path / "one", 1.0, 7)
    assert engine.figures["servers"] == (2.0, 1.0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert ids(engine.generate(REQUESTS, SAMPLING)) == ids(groups)


def test_a_server_that_comes_back_gets_the_weights_of_the_moment_before_it_writes(start: Start, three: list[StandIn]) -> None:
    engine = start()
    engine.sync(weights(1.0), 0)
    three[1].die()
    with pytest.warns(UserWarning, match="is left out"):
        list(engine.generate(REQUESTS, SAMPLING))
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # that it is still down is no news
        engine.sync(weights(2.0), 1)
    three[1].come_back()
    list(engine.generate(REQUESTS, SAMPLING))
    assert three[1].completions == []  # it is well, and has the policy before training
    with pytest.warns(UserWarning, match=f"{three[1].url} writes again, with weights of version 2"):
        engine.sync(weights(3.0), 2)
    assert three[1].weights == three[0].weights == three[2].weights
    list(engine.generate(REQUESTS, SAMPLING))
    assert three[1].completions and engine.figures["servers"] == (3.0, 1.0)


@pytest.mark.parametrize("when", ["before it is asked", "while it writes"])
def test_a_server_started_anew_with_other_weights_never_writes_a_rollout(
    start: Start, three: list[StandIn], policy: str, tmp_path: Path, when: str
) -> None:
    engine = start()
    engine.sync(weights(1.0), 3)
    if when == "before it is asked":
        three[2].come_back()
    else:  # it answers, and another process takes its place before it is asked for its mark
        three[2].before_answer = lambda: setattr(three[2], "mark", "default")
    with pytest.warns(UserWarning, match="no longer has the weights that it was sent: it was started anew"):
        groups = list(engine.generate(REQUESTS, SAMPLING))
    assert three[2].completions  # it wrote, with what it had
    assert groups == alone(policy, tmp_path / "one", 1.0, 3)


def test_one_server_started_anew_with_other_weights_is_an_engine_error(policy: str, tmp_path: Path) -> None:
    server = StandIn(policy)
    engine = VLLMServerEngine(server.url, directory=str(tmp_path / "weights"))
    engine.start(EngineHost(policy, None, torch.device("cpu"), torch.float32, frozenset({1}), 0))
    engine.sync(weights(1.0), 0)
    server.come_back()
    with pytest.raises(EngineError, match="no longer has the weights"):
        list(engine.generate(REQUESTS[:1], SAMPLING))
    engine.close()
    server.die()


def test_a_server_restarted_between_two_steps_is_looked_at_as_if_it_were_new(start: Start, three: list[StandIn]) -> None:
    engine = start()
    engine.sync(weights(1.0), 0)
    three[0].come_back()
    three[2].policy = "another/policy"
    three[2].come_back()
    with pytest.warns(UserWarning, match=rf"{three[2].url} is left out .*serves \['another/policy'\]"):
        engine.sync(weights(2.0), 1)
    list(engine.generate(REQUESTS, SAMPLING))
    assert three[0].completions and not three[2].completions
    assert "/v1/models" in [path for path, _ in three[0].asked]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        engine.sync(weights(3.0), 2)  # said once


def test_no_server_left_is_an_engine_error_and_one_that_is_back_is_enough(start: Start, three: list[StandIn]) -> None:
    engine = start()
    engine.sync(weights(1.0), 0)
    for server in three:
        server.die()
    none_left = pytest.raises(EngineError, match=r"None of the 3 vLLM servers is left\. .*did not answer")
    with pytest.warns(UserWarning, match="of 3 write"), none_left:
        list(engine.generate(REQUESTS, SAMPLING))
    with pytest.raises(EngineError, match="None of the 3 vLLM servers has taken weights of version 1"):
        engine.sync(weights(1.0), 1)
    engine.close()
    host = EngineHost(three[0].policy, None, torch.device("cpu"), torch.float32, frozenset({1}), 0)
    engine.start_timeout = 0.1
    with pytest.raises(InputError, match=r"None of the 3 vLLM servers came back within 0\.1 s"):
        engine.start(host)
    three[1].come_back()
    engine.start(host)
    with pytest.warns(UserWarning, match="writes again"):
        engine.sync(weights(2.0), 2)
    assert len(list(engine.generate(REQUESTS, SAMPLING))) == 8
    assert len(three[1].completions) == 8


def test_servers_started_anew_take_the_weights_of_the_last_sync_once_more(
    start: Start, three: list[StandIn], policy: str, tmp_path: Path
) -> None:
    engine = start()
    engine.sync(weights(1.0), 5)
    for server in three[:2]:
        server.come_back()
    three[2].die()
    engine.close()
    engine.start(EngineHost(policy, None, torch.device("cpu"), torch.float32, frozenset({1}), 0))
    engine.restore()  # as where the policy has moved on meanwhile
    assert engine.version == 5 and [bool(member.mark) for member in engine.pool.members] == [True, True, False]
    assert list(engine.generate(REQUESTS, SAMPLING)) == alone(policy, tmp_path / "one", 1.0, 5)


def test_what_servers_take_once_more_is_tried_at_the_next_sync_for_the_policy_has_moved(
    start: Start, three: list[StandIn], policy: str
) -> None:
    engine, model = start(), load_policy(policy)
    engine.sync(weights(1.0), 5)
    for server in three:
        server.come_back()
    moved = EngineHost(policy, model, torch.device("cpu"), torch.float32, frozenset({1}), 0)
    engine.close()
    engine.start(moved)
    engine.restore()
    assert len(engine.pool.writing) == 3
    tried = pytest.raises(EngineError, match=r"None of the 3 vLLM servers has taken weights of version 6")
    with pytest.warns(UserWarning, match="does not write with the weights it was sent"), tried:
        engine.sync(named_weights(model), 6)  # the stand-ins' -1 for each token is not this policy's log-prob


def test_what_is_under_way_ends_where_the_engine_is_closed(start: Start, three: list[StandIn]) -> None:
    engine = start()
    engine.sync(weights(1.0), 0)
    for server in three:
        server.delay = 60.0  # a run that failed would not end before
    raised: list[BaseException] = []

    def write() -> None:
        try:
            list(engine.generate(REQUESTS, SAMPLING))
        except EngineError as fault:
            raised.append(fault)

    thread = threading.Thread(target=write, daemon=True)
    thread.start()
    until(lambda: sum(server.running for server in three) == 8)
    engine.close()
    thread.join(10)
    assert not thread.is_alive() and "is left" in str(raised[0])


def test_a_request_that_is_refused_costs_no_server(start: Start, three: list[StandIn]) -> None:
    engine = start()
    engine.sync(weights(1.0), 0)
    for server in three:
        server.answers["/v1/completions"] = (400, "the prompt is too long")
    with pytest.raises(EngineError, match=r"answered 400: .*too long"):
        list(engine.generate(REQUESTS, SAMPLING))
    assert len(engine.pool.writing) == 3


@pytest.mark.parametrize("answer", [(500, "out of memory"), (200, {"choices": []})])
def test_a_server_that_answers_nonsense_is_left_out(start: Start, three: list[StandIn], answer: tuple[int, Any]) -> None:
    engine = start()
    engine.sync(weights(1.0), 0)
    three[0].answers["/v1/completions"] = answer
    with pytest.warns(UserWarning, match=rf"{three[0].url} is left out"):
        assert len(list(engine.generate(REQUESTS, SAMPLING))) == 8


def test_a_server_that_does_not_take_weights_is_left_out_of_the_step(start: Start, three: list[StandIn]) -> None:
    engine = start()
    engine.sync(weights(1.0), 0)
    three[2].answers["/collective_rpc"] = (500, "no space left")
    with pytest.warns(UserWarning, match="is left out .* 2 of 3 write: .*no space left"):
        engine.sync(weights(2.0), 1)
    list(engine.generate(REQUESTS, SAMPLING))
    assert not three[2].completions
    three[2].answers.clear()
    with pytest.warns(UserWarning, match="writes again"):
        engine.sync(weights(2.0), 1)
    assert three[2].weights == three[0].weights


def test_processes_begin_at_different_servers(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = start()
    engine.sync(weights(1.0), 0)
    engine.pool.first = 2  # as on the third process
    assert [engine.pool.lend()[0].index for _ in range(4)] == [2, 0, 1, 2]


def test_each_server_is_tried_with_its_weights_and_one_that_writes_with_others_is_refused(
    policy: str, three: list[StandIn], tmp_path: Path
) -> None:
    model = load_policy(policy)
    engine = VLLMServersEngine([server.url for server in three], directory=str(tmp_path), start_timeout=2)
    engine.start(EngineHost(policy, model, torch.device("cpu"), torch.float32, frozenset({1}), 0))
    # A log-prob of -1 for each token is not a random policy's over 99 tokens, which is about -log 99 = -4.6.
    with pytest.raises(InputError, match=rf"{three[0].url} does not write with the weights it was sent"):
        engine.sync(named_weights(model), 0)
    engine.close()


@pytest.mark.parametrize(
    ("path", "answer", "words"),
    [
        ("/version", {"version": "0.40.1"}, r"runs vLLM 0\.40\.1; supported are"),
        ("/v1/models", {"data": [{"id": "other"}]}, r"serves \['other'\], not"),
    ],
)
def test_each_server_is_checked_at_the_start(start: Start, three: list[StandIn], path: str, answer: Any, words: str) -> None:
    three[2].answers[path] = (200, answer)
    with pytest.raises(InputError, match=rf"{three[2].url} {words}"):
        start()


def test_a_server_that_is_not_there_is_named_at_the_start(start: Start, three: list[StandIn]) -> None:
    three[1].die()
    with pytest.raises(InputError, match=rf"No vLLM server at {three[1].url}"):
        start(start_timeout=0.2)


def test_the_file_of_addresses_is_waited_for(start: Start, three: list[StandIn], tmp_path: Path) -> None:
    file = tmp_path / "servers.json"
    text = json.dumps({"urls": [server.url for server in three[:2]]})
    threading.Timer(0.3, file.write_text, [text]).start()
    engine = start(urls=str(file))
    assert engine.remarks == (f"2 vLLM servers write: {three[0].url}, {three[1].url}.",)
    with pytest.raises(InputError, match=r"there is no such file within 0\.2 s"):
        start(urls=str(tmp_path / "none.json"), start_timeout=0.2)


@pytest.mark.parametrize(
    ("urls", "words"),
    [
        ([], "urls holds nothing; allowed: addresses such as"),
        (["localhost:8000"], "urls holds 'localhost:8000'; allowed: addresses such as"),
        (["http://a:1", "http://b:1", "http://a:1"], "urls holds http://a:1 twice"),
        ("http://a:1", r"urls is 'http://a:1'; .* For one server write \[http://a:1\]"),
    ],
)
def test_impossible_addresses_are_refused_before_the_start(urls: Any, words: str) -> None:
    with pytest.raises(InputError, match=words):
        VLLMServersEngine(urls, directory="x").check()


@pytest.mark.parametrize("text", ["{", '{"policy": "x"}', '{"urls": "http://a:1"}', '["a:1"]'])
def test_a_file_of_something_else_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "servers.json").write_text(text)
    with pytest.raises(InputError, match="allowed: addresses such as"):
        VLLMServersEngine(str(tmp_path / "servers.json"), directory="x").check()
