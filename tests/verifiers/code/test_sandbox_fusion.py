"""Programs run by a service: a stand-in that speaks SandboxFusion's interface on loopback, well and badly."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest

from asym_lit.types import InputError, Outcome, Prompt
from asym_lit.verifiers import CodeTests, SandboxFusion
from fusion_server import FusionServer, fusion_server

SUM = {"inputs": ["2 3\n", "10 20\n"], "outputs": ["5\n", "30\n"]}
RIGHT = "a, b = map(int, input().split())\nprint(a + b)"


@pytest.fixture
def server() -> Iterator[FusionServer]:
    with fusion_server() as found:
        yield found


def asked(
    server: FusionServer, program: str = RIGHT, tests: Any = SUM, **settings: Any
) -> tuple[Outcome, str, dict[str, float]]:
    remote = SandboxFusion(server.url, **{"retries": 0, "timeout": 5.0, **settings})
    verifier = CodeTests(remote=remote, seconds=0.5)
    try:
        found = verifier.verify(Prompt("p", "", {"answer": json.dumps(tests)}, "code"), f"```python\n{program}\n```")
        return found.outcome, found.reason, verifier.metrics()
    finally:
        verifier.close()


@pytest.mark.parametrize(
    ("program", "tests", "outcome", "says"),
    [
        (RIGHT, SUM, "correct", "all tests"),
        (RIGHT.replace("+", "-"), SUM, "incorrect", "test 0: another output: '-1' for '5'"),
        ("import sys\nprint('noise', file=sys.stderr, end='')\n" + RIGHT, SUM, "correct", "all tests"),
        ("def f(x):\n    print('noise')\n    return x", {"inputs": ["[1]"], "outputs": ["[1]"], "fn_name": "f"}, "correct", ""),
        (
            "def f(x):\n    return x",
            {"test_list": ["assert f(1) == 1", "assert f(2) == 3"]},
            "incorrect",
            "test 1: AssertionError",
        ),
        ("no Python at all", SUM, "incorrect", "SyntaxError"),
        ("while True: pass", SUM, "incorrect", "time limit"),
        ("import os\nos._exit(0)", {"test_list": ["assert True"]}, "incorrect", "ended by itself"),
        ("print('x' * 2_000_000)", SUM, "incorrect", "flood"),
    ],
)
def test_verdicts_are_those_of_the_sandbox_here(server, program, tests, outcome, says):
    found, reason, metrics = asked(server, program, tests)
    assert found == outcome and says in reason, reason
    assert metrics["code/service/requests"] >= 1 and metrics["code/service/breaker_open"] == 0


def test_expected_outputs_are_not_sent(server):
    asked(server, tests={"inputs": ["2 3\n"], "outputs": ["98765"]})
    (body,) = server.asked
    assert body["stdin"] == "2 3\n" and body["language"] == "python" and body["memory_limit_MB"] == 2048
    assert "98765" not in json.dumps(body)


@pytest.mark.parametrize(
    ("mood", "reason"),
    [
        ("500", "service status"),
        ("429", "service status"),
        ("404", "service status"),
        ("hangs up", "service connection"),
        ("no json", "service nonsense"),
        ("no result", "service nonsense"),
        ("sandbox error", "service sandbox"),
        ("not run", "service start"),
        ("late", "test 0: wall guard"),
    ],
)
def test_a_fault_of_the_service_is_undecided_by_name(server, mood, reason):
    server.moods = [mood]
    found, told, _ = asked(server)
    assert found == Outcome.UNDECIDED and told.startswith(reason)


@pytest.mark.parametrize("mood", ["slow", "drips"])
def test_a_service_that_never_ends_is_hung_up_on(server, mood):
    server.moods = [mood]
    begun = perf_counter()
    remote = SandboxFusion(server.url, retries=0, timeout=0.5)
    verifier = CodeTests(remote=remote, seconds=0.1)  # the guard is 6 s, and half a second for the call
    found = verifier.verify(Prompt("p", "", {"answer": json.dumps(SUM)}, "code"), f"```\n{RIGHT}\n```")
    server.released.set()
    verifier.close()
    assert (found.outcome, found.reason) == (Outcome.UNDECIDED, "service timeout")
    assert perf_counter() - begun < 20


def test_what_may_pass_is_tried_again_and_what_may_not_is_not(server):
    server.moods = ["503", "sandbox error", "hangs up"]
    assert asked(server, retries=3)[0] == Outcome.CORRECT
    assert len(server.asked) == 5  # three faults, two tests
    server.asked.clear()
    server.moods = ["404"]
    assert asked(server, retries=3)[0] == Outcome.UNDECIDED and len(server.asked) == 1


def test_a_service_that_is_down_opens_the_breaker_and_is_not_asked_for_a_while():
    with fusion_server() as server:
        gone = server.url
    remote = SandboxFusion(gone, retries=0, breaker_faults=2, breaker_seconds=60)
    verifier = CodeTests(remote=remote)
    reasons = [
        verifier.verify(Prompt(str(n), "", {"answer": json.dumps(SUM)}, "code"), f"```\n{RIGHT}\n```").reason for n in range(4)
    ]
    verifier.close()
    assert reasons == ["service connection"] * 2 + ["service breaker"] * 2
    assert verifier.metrics()["code/service/breaker_open"] == 1


def test_no_program_is_run_twice_and_runs_share_a_cache(server, tmp_path: Path):
    cache = str(tmp_path / "cache" / "runs.sqlite")
    assert asked(server, cache=cache)[0] == Outcome.CORRECT
    assert len(server.asked) == 2
    found, _, metrics = asked(server, cache=cache)
    assert found == Outcome.CORRECT and len(server.asked) == 2 and metrics["code/service/cached"] == 2


def test_what_was_late_is_not_kept(server, tmp_path: Path):
    cache = str(tmp_path / "runs.sqlite")
    server.moods = ["late"]
    assert asked(server, cache=cache)[0] == Outcome.UNDECIDED
    assert asked(server, cache=cache)[0] == Outcome.CORRECT


def test_the_self_test_runs_what_does_no_harm_to_a_service(server):
    verifier = CodeTests(remote=SandboxFusion(server.url, retries=0), memory_mb=512)
    verifier.self_test()
    verifier.close()
    assert not any("fork" in body["code"].partition("main(json.loads")[2] for body in server.asked)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"base_url": "localhost:8080"}, "base_url is 'localhost:8080'; allowed: http://"),
        ({"base_url": "http://127.0.0.1:99999"}, "base_url is 'http://127.0.0.1:99999'; allowed: http://"),
        ({"base_url": "http://host:port"}, "base_url is 'http://host:port'; allowed: http://"),
        ({"base_url": "http://[::1"}, "base_url is .*; allowed: http://"),
        ({"concurrency": 0}, "concurrency of SandboxFusion is 0"),
        ({"retries": -1}, "retries of SandboxFusion is -1"),
        ({"timeout": 0}, "timeout of SandboxFusion is 0; allowed: above 0"),
        ({"breaker_faults": 0}, "breaker has faults 0"),
    ],
)
def test_settings_that_are_none_are_refused(settings, words):
    with pytest.raises(InputError, match=words):
        SandboxFusion(**settings)
