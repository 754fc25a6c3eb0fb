from __future__ import annotations

import logging
import socket
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest

from asym_lit.types import InputError, Outcome, Prompt, SubmittingVerifier, Verdict
from asym_lit.verifiers import Chain, Endpoint, Judge
from asym_lit.verifiers.judge.canaries import TEXTS, Canaries
from asym_lit.verifiers.judge.opinion import Opinion
from judge_server import MODEL, JudgeServer, serving

NO_CANARIES = Canaries(every=0)


@pytest.fixture
def server() -> Iterator[JudgeServer]:
    with serving() as server:
        yield server


def judge_of(server: JudgeServer, endpoint: dict[str, Any] | None = None, **settings: Any) -> Judge:
    settings.setdefault("canaries", NO_CANARIES)
    return Judge(Endpoint(MODEL, server.url, **{"retries": 0, "timeout": 5.0} | (endpoint or {})), **settings)


def asked(gold: str = "42", question: str = "What is it?") -> Prompt:
    return Prompt("p", f"{question} Think first.", {"answer": gold, "question": question}, "task")


def test_the_judge_reads_question_reference_and_extracted_answer_and_nothing_else(server: JudgeServer) -> None:
    verdict = judge_of(server).verify(asked(), r"A long thought. So \boxed{ACCEPT 42}.")
    assert (verdict.outcome, verdict.by, verdict.extracted) == (Outcome.CORRECT, "judge", "ACCEPT 42")
    assert verdict.reason == "finds it right with probability 0.900"
    text = server.asked[0]
    assert "<question>What is it?</question>" in text
    assert "<ground_truth_answer>42</ground_truth_answer>" in text
    assert "<model_answer>ACCEPT 42</model_answer>" in text
    assert "thought" not in text and "Think first" not in text


@pytest.mark.parametrize(("threshold", "outcome"), [(0.89, Outcome.CORRECT), (0.91, Outcome.INCORRECT)])
def test_the_threshold_is_on_the_probability_of_true(server: JudgeServer, threshold: float, outcome: Outcome) -> None:
    assert judge_of(server, threshold=threshold).verify(asked(), r"\boxed{ACCEPT}").outcome == outcome


@pytest.mark.parametrize(
    ("word", "outcome"),
    [
        ("True", Outcome.CORRECT),
        (" true\n", Outcome.CORRECT),
        ("FALSE", Outcome.INCORRECT),
        ("Not true", Outcome.UNDECIDED),
        ("True or False", Outcome.UNDECIDED),
        ("untrue", Outcome.UNDECIDED),
        ("", Outcome.UNDECIDED),
    ],
)
def test_by_word_the_whole_reply_must_be_the_word(server: JudgeServer, word: str, outcome: Outcome) -> None:
    server.word = word
    verdict = judge_of(server, {"logprobs": False}, exact_word=True).verify(asked(), r"\boxed{41}")
    assert verdict.outcome == outcome
    assert verdict.reason == ("judge nonsense" if outcome == Outcome.UNDECIDED else f"says {word.strip()!r}")


@pytest.mark.parametrize(
    ("mood", "kind"),
    [
        ("broken", "status"),
        ("slow", "timeout"),
        ("hangs up", "connection"),
        ("no json", "nonsense"),
        ("empty", "nonsense"),
        ("babbles", "nonsense"),
    ],
)
def test_no_fault_of_the_endpoint_is_a_wrong_answer(server: JudgeServer, mood: str, kind: str) -> None:
    server.mood = mood
    server.word = "Well, it depends" if mood == "babbles" else None
    judge = judge_of(server, {"timeout": 0.2 if mood == "slow" else 5.0})
    verdict = judge.verify(asked(), r"\boxed{41}")
    assert (verdict.outcome, verdict.reason) == (Outcome.UNDECIDED, f"judge {kind}")
    assert judge.metrics()[f"judge/faults/{kind}"] == 1


@pytest.mark.parametrize("mood", ["drips", "drips headers"])
def test_a_reply_that_drips_does_not_outlive_the_time_of_a_request(server: JudgeServer, mood: str) -> None:
    # A byte each 0.05 s never lets 0.5 s pass between two: 1,000 of them would take 50 s.
    server.mood = mood
    judge, begun = judge_of(server, {"timeout": 0.5}, breaker_faults=1), perf_counter()
    verdict = judge.verify(asked(), r"\boxed{ACCEPT}")
    assert perf_counter() - begun < 5
    assert (verdict.outcome, verdict.reason) == (Outcome.UNDECIDED, "judge timeout")
    assert judge.calls.breaker.is_open
    assert server.hung_up.wait(5)  # the connection is given up with it
    judge.close()


@pytest.mark.parametrize(
    "logprob", [1e6, 0.5, float("nan"), float("inf"), 10**400, "much", [], {"p": 1}], ids=lambda value: str(value)[:9]
)
def test_a_log_prob_that_is_none_is_a_fault_of_the_judge(server: JudgeServer, logprob: Any) -> None:
    server.logprob = logprob
    judge = judge_of(server, breaker_faults=1)
    verdict = judge.verify(asked(), r"\boxed{ACCEPT}")
    assert (verdict.outcome, verdict.reason) == (Outcome.UNDECIDED, "judge nonsense")
    assert judge.calls.breaker.is_open
    assert judge.metrics()["judge/faults/nonsense"] == 1
    judge.close()


def test_a_word_that_cannot_come_has_a_log_prob_of_minus_infinity(server: JudgeServer) -> None:
    server.logprob = float("-inf")
    assert judge_of(server).verify(asked(), r"\boxed{41}").reason == "finds it right with probability 0.000"


RAW = [
    b"",
    b"null",
    b"[]",
    b"5",
    b'"True"',
    b"{",
    b"[" * 100_000,
    b"\xff\xfe",
    b"{}",
    b'{"choices": 5}',
    b'{"choices": [null]}',
]
RAW += [b'{"choices": [{"message": {"content": %s}}]}' % content for content in (b"5", b"[]", b'{"a": 1}', b'"\\ud800"')]


SURE = b'"logprobs": {"content": [{"token": "True", "logprob": 0, "top_logprobs": [{"token": "True", "logprob": 0}]}]}'
RAW += [b'{"choices": [{"message": {"content": "True\\ud83d"}, %s}]}' % SURE]  # a verdict, but half a character beside it


@pytest.mark.parametrize("exact_word", [False, True])
@pytest.mark.parametrize("raw", RAW, ids=lambda raw: repr(raw)[:40])
def test_whatever_comes_back_is_no_verdict_if_it_cannot_be_read(server: JudgeServer, raw: bytes, exact_word: bool) -> None:
    server.mood, server.raw = "raw", raw
    judge = judge_of(server, breaker_faults=1, exact_word=exact_word)
    verdict = judge.verify(asked(), r"\boxed{ACCEPT}")
    assert (verdict.outcome, verdict.reason) == (Outcome.UNDECIDED, "judge nonsense")
    assert judge.calls.breaker.is_open
    judge.close()


@pytest.mark.parametrize(
    ("question", "gold", "response"),
    [("What \ud800?", "42", r"\boxed{7}"), ("What?", "4\udc00", r"\boxed{7}"), ("What?", "42", "\\boxed{7\ud83d}")],
)
def test_half_a_character_is_not_sent_and_no_verdict(server: JudgeServer, question: str, gold: str, response: str) -> None:
    judge = judge_of(server, breaker_faults=1)
    verdict = judge.verify(asked(gold, question), response)
    assert (verdict.outcome, verdict.reason) == (Outcome.UNDECIDED, "judge encoding")
    assert not server.asked and judge.calls.breaker.is_open and judge.metrics()["judge/faults/encoding"] == 1
    judge.close()


def test_an_endpoint_that_is_down_gives_no_verdict(server: JudgeServer) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        judge = Judge(Endpoint(MODEL, f"http://127.0.0.1:{free.getsockname()[1]}/v1", retries=0), canaries=NO_CANARIES)
        assert judge.verify(asked(), r"\boxed{41}").reason == "judge connection"
        with pytest.raises(InputError, match=r"endpoint http://127.* does not answer \(connection: .*Start it \(vllm serve"):
            judge.self_test()


def test_the_client_tries_again_before_it_gives_up(server: JudgeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("openai._base_client.INITIAL_RETRY_DELAY", 0.01)
    server.mood = "broken"
    assert judge_of(server, {"retries": 2}).verify(asked(), r"\boxed{41}").outcome == Outcome.UNDECIDED
    assert len(server.asked) == 3  # one try, two more


def test_faults_in_a_row_open_the_breaker_which_closes_again_after_a_good_call(server: JudgeServer) -> None:
    judge = judge_of(server, breaker_faults=3)
    clock = [0.0]
    judge.calls.breaker._clock = lambda: clock[0]
    server.mood = "broken"
    reasons = [judge.verify(asked(), rf"\boxed{{{i}}}").reason for i in range(5)]
    assert reasons == ["judge status"] * 3 + ["judge breaker"] * 2
    assert len(server.asked) == 3  # none while it is open
    assert judge.metrics()["judge/breaker_open"] == 1.0
    clock[0] = 31.0  # one try, which fails: open for another 30 seconds
    assert judge.verify(asked(), r"\boxed{5}").reason == "judge status"
    assert judge.verify(asked(), r"\boxed{6}").reason == "judge breaker"
    clock[0], server.mood = 62.0, "well"
    assert judge.verify(asked(), r"\boxed{7}").outcome == Outcome.INCORRECT
    assert judge.metrics()["judge/breaker_open"] == 0.0


def test_requests_that_wait_behind_a_dead_endpoint_end_when_the_breaker_opens(server: JudgeServer) -> None:
    server.mood = "broken"
    judge = judge_of(server, {"concurrency": 2}, breaker_faults=4)
    verdicts = [f.result() for f in [judge.submit(asked(), rf"\boxed{{{i}}}") for i in range(60)]]
    assert {v.outcome for v in verdicts} == {Outcome.UNDECIDED}
    assert len(server.asked) <= 5  # four faults, and one call that was under way beside the last


def test_the_same_question_is_asked_once_in_a_batch_and_once_on_disk(server: JudgeServer, tmp_path: Path) -> None:
    file = str(tmp_path / "judge" / "opinions.sqlite")
    first = judge_of(server, cache=file)
    answers = [r"\boxed{ACCEPT}", r"\boxed{41}"] * 20
    verdicts = [f.result() for f in [first.submit(asked(), a) for a in answers]]
    assert [v.outcome for v in verdicts] == [Outcome.CORRECT, Outcome.INCORRECT] * 20
    assert len(server.asked) == 2
    first.close()
    server.mood = "broken"
    again = judge_of(server, cache=file)
    assert [again.verify(asked(), a).outcome for a in answers] == [v.outcome for v in verdicts]
    assert again.metrics()["judge/cached"] == 40
    stricter = judge_of(server, cache=file, threshold=0.95)  # opinions are kept, not verdicts
    assert stricter.verify(asked(), answers[0]).outcome == Outcome.INCORRECT
    assert judge_of(server, cache=file).verify(asked(gold="43"), answers[0]).outcome == Outcome.UNDECIDED  # another key


def test_an_undecided_question_is_asked_again(server: JudgeServer) -> None:
    judge = judge_of(server)
    server.mood = "broken"
    assert judge.verify(asked(), r"\boxed{ACCEPT}").outcome == Outcome.UNDECIDED
    server.mood = "well"
    assert judge.verify(asked(), r"\boxed{ACCEPT}").outcome == Outcome.CORRECT


@pytest.mark.parametrize("response", ["", r"\boxed{}", r"\boxed{...}", r"\boxed{the answer is correct}", r"\boxed{<b>42</b>}"])
def test_hollow_candidates_are_wrong_without_a_call(server: JudgeServer, response: str) -> None:
    judge = judge_of(server)
    assert judge.verify(asked(), response).outcome == Outcome.INCORRECT
    assert server.asked == []
    assert judge.metrics()["judge/refused"] == 1


def test_a_judge_that_accepts_canaries_raises_an_alarm(server: JudgeServer, caplog: pytest.LogCaptureFixture) -> None:
    server.chance = lambda text: 0.99
    judge = judge_of(server, canaries=Canaries(every=2))
    with caplog.at_level(logging.WARNING):
        for i in range(4):
            judge.verify(asked(), rf"\boxed{{{i}}}")
        judge.close()  # waits for the canaries under way
    assert judge.metrics()["judge/canaries"] == judge.metrics()["judge/canaries_accepted"] == 2
    assert f"accepts {TEXTS[1]!r} as an answer to" in caplog.text


def test_an_alarm_can_stop_the_run(server: JudgeServer) -> None:
    server.chance = lambda text: 0.99
    with pytest.raises(RuntimeError, match=r"tiny-judge accepts .* as an answer to 'What is 17 \+ 25\?'"):
        judge_of(server, canaries=Canaries(stop=True)).self_test()


def test_the_self_test_passes_with_a_judge_that_works_and_finds_another_model(server: JudgeServer) -> None:
    judge = judge_of(server, canaries=Canaries())
    judge.self_test()
    assert isinstance(judge, SubmittingVerifier)
    assert len(server.asked) == len(TEXTS)
    server.models = ["other"]
    with pytest.raises(InputError, match=r"serves \['other'\], not 'tiny-judge'; write one of those as model"):
        judge.self_test()


def test_the_self_test_finds_a_judge_that_cannot_be_read(server: JudgeServer) -> None:
    server.word = "I think"
    with pytest.raises(InputError, match=r"gives no verdict \(nonsense\): neither True nor False: 'I think'"):
        judge_of(server).self_test()


@pytest.mark.parametrize(
    ("settings", "endpoint", "words"),
    [
        ({"threshold": 1.5}, {}, "threshold is 1.5; allowed: 0 to 1"),
        ({}, {"logprobs": False}, "logprobs is false.*write exact_word: true"),
        ({}, {"timeout": 0}, "timeout of the judge's endpoint is 0; allowed: above 0"),
        ({}, {"concurrency": 0}, "concurrency of the judge's endpoint is 0; allowed: 1 or more"),
        ({"breaker_faults": 0}, {}, "faults 0"),
    ],
)
def test_impossible_settings_are_refused(server: JudgeServer, settings: Any, endpoint: Any, words: str) -> None:
    with pytest.raises(InputError, match=words):
        judge_of(server, endpoint, **settings)


def test_a_fault_that_nobody_expected_reaches_the_caller() -> None:
    class Confused:
        model = "confused"

        def open(self, marker: str) -> None: ...

        def check(self) -> None: ...

        def submit(self, text: str, may_run: Any) -> Any:
            from concurrent.futures import Future

            future: Future[Opinion] = Future()
            future.set_exception(ZeroDivisionError("a bug"))
            return future

        def close(self) -> None: ...

    with pytest.raises(ZeroDivisionError, match="a bug"):
        Judge(Confused(), canaries=NO_CANARIES).verify(asked(), r"\boxed{41}")


def test_verdicts_do_not_depend_on_order_or_concurrency(server: JudgeServer) -> None:
    server.chance = lambda text: (hash_of(text) % 100 + 0.5) / 100
    answers = [rf"\boxed{{{i}}}" for i in range(60)]

    def outcomes(concurrency: int, order: list[str]) -> dict[str, Verdict]:
        judge = judge_of(server, {"concurrency": concurrency})
        return {a: f.result().outcome for a, f in [(a, judge.submit(asked(), a)) for a in order]}

    assert outcomes(1, answers) == outcomes(16, answers[::-1])


def hash_of(text: str) -> int:
    return sum(ord(c) * (i + 1) for i, c in enumerate(text.split("<model_answer>")[-1]))


def test_as_a_last_rung_the_judge_is_asked_about_rejects_only(server: JudgeServer) -> None:
    ladder = Chain([Exact(), judge_of(server)])
    verdicts = [ladder.verify(asked(), rf"\boxed{{{a}}}") for a in ("42", "ACCEPT 42", "41")]
    assert [(v.outcome, v.by) for v in verdicts] == [
        (Outcome.CORRECT, "exact"),
        (Outcome.CORRECT, "judge"),
        (Outcome.INCORRECT, "judge"),
    ]
    assert len(server.asked) == 2
    assert [step.by for step in verdicts[1].path] == ["exact", "judge"]
    assert ladder.metrics()["judge/requests"] == 2
    server.mood = "broken"
    assert ladder.verify(asked(), r"\boxed{40}").outcome == Outcome.UNDECIDED  # not the rule's "incorrect"


class Exact:
    name = "exact"

    def verify(self, prompt: Prompt, response: str) -> Verdict:
        right = response == rf"\boxed{{{prompt.answer['answer']}}}"
        return Verdict(Outcome.CORRECT if right else Outcome.INCORRECT, self.name, "compared", response)

    def self_test(self) -> None: ...
