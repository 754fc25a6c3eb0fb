from __future__ import annotations

import asyncio
import logging
import re
import sys
import threading
import time

import numpy as np
import pytest
import torch

from asym_lit.lit.callbacks import VerifierReward
from asym_lit.types import Outcome, Prompt, SubmittingVerifier, Verdict, Verifier
from asym_lit.verifiers import Function
from fakes import make_rollout

PROMPT = Prompt("p", "Q: 1+1?", {"answer": "2", "question": "1+1?", "level": 3}, "sums")
CHAT = Prompt("c", "<user>1+1?", {"answer": "2"}, "sums", messages=({"role": "user", "content": "1+1?"},))
RIGHT, WRONG, OPEN = Outcome.CORRECT, Outcome.INCORRECT, Outcome.UNDECIDED


@pytest.mark.parametrize(
    ("function", "outcome", "score"),
    [
        (lambda response, gold: response == gold, RIGHT, None),
        (lambda prompt, response, answer: prompt == "Q: 1+1?" and response == answer, RIGHT, None),
        (lambda question, answer: question == answer, WRONG, None),
        (lambda problem: problem.uid == "p", RIGHT, None),
        (lambda response, /: response == "2", RIGHT, None),
        (lambda **given: len(given) == 6, RIGHT, None),
        (lambda response: 1, RIGHT, 1.0),
        (lambda response: 0, WRONG, 0.0),
        (lambda response: 0.99, WRONG, 0.99),
        (lambda response: -2.5, WRONG, -2.5),
        (lambda response: np.float32(1.5), RIGHT, 1.5),
        (lambda response: torch.tensor(0.5), WRONG, 0.5),
        (lambda response: np.bool_(True), RIGHT, None),
    ],
)
def test_a_function_gets_what_it_names_and_its_number_is_the_score(function, outcome, score):
    verifier = Function(function)
    assert isinstance(verifier, Verifier) and isinstance(verifier, SubmittingVerifier)
    verdict = verifier.verify(PROMPT, "2")
    assert (verdict.outcome, verdict.score) == (outcome, score)


def test_right_begins_at_the_bound():
    verifier = Function(lambda response: len(response) / 10, correct_from=0.5)
    assert [verifier.verify(PROMPT, "x" * n).outcome for n in (4, 5, 6)] == [WRONG, RIGHT, RIGHT]


def test_a_graded_reward_is_what_a_rollout_trains_by():
    rollouts = [make_rollout(prompt=PROMPT, text="x" * n) for n in (1, 2, 10)]
    VerifierReward(Function(lambda response: len(response) / 10)).score(rollouts)
    assert [r.reward for r in rollouts] == pytest.approx([0.1, 0.2, 1.0])
    assert [r.verdict.outcome for r in rollouts] == [WRONG, WRONG, RIGHT]


def test_a_verdict_is_taken_as_it_is():
    verdict = Verdict(RIGHT, "mine", "so")
    assert Function(lambda response: verdict).verify(PROMPT, "2") is verdict


def test_arguments_go_to_the_parameters_of_their_names_before_all_else():
    def reward(response, by, plus=0.0):
        return by * len(response) + plus

    assert Function(reward, {"by": 2, "plus": 1}).verify(PROMPT, "xx").score == 5.0
    assert Function(lambda answer: answer == "7", {"answer": "7"}).verify(PROMPT, "").outcome == RIGHT


def test_a_function_in_trls_form_gets_lists_of_one():
    seen = {}

    def reward(prompts, completions, ground_truth, level, absent=5, **columns):
        seen.update(prompts=prompts, completions=completions, truth=ground_truth, level=level, absent=absent, **columns)
        return [float(c == t) for c, t in zip(completions, ground_truth, strict=True)]

    assert Function(reward).verify(PROMPT, "2").score == 1.0
    assert Function(reward).verify(PROMPT, "3").score == 0.0
    assert (seen["prompts"], seen["completions"], seen["truth"], seen["level"]) == (["Q: 1+1?"], ["3"], ["2"], [3])
    assert (seen["absent"], seen["solution"], seen["question"], seen["task"]) == (5, ["2"], ["1+1?"], ["sums"])


def test_a_function_in_trls_form_gets_messages_where_the_prompt_is_a_chat():
    def reward(prompts, completions):
        return np.array([prompts[0][-1]["content"] == "1+1?" and completions[0][0] == {"role": "assistant", "content": "2"}])

    assert Function(reward).verify(CHAT, "2").outcome == RIGHT


def test_a_function_in_verls_form_gives_a_number_or_a_dict():
    def compute_score(data_source, solution_str, ground_truth, extra_info=None):
        assert (data_source, extra_info["level"], extra_info["question"]) == ("sums", 3, "1+1?")
        return 1.0 if solution_str == ground_truth else {"score": -1.0, "acc": False, "pred": solution_str}

    right, wrong = (Function(compute_score).verify(PROMPT, text) for text in ("2", "3"))
    assert (right.outcome, right.score) == (RIGHT, 1.0)
    assert (wrong.outcome, wrong.score, wrong.extracted) == (WRONG, -1.0, "3")


def test_what_verls_dict_calls_accurate_is_right_whatever_the_score():
    verdict = Function(lambda solution_str: {"score": 0.2, "acc": True}).verify(PROMPT, "2")
    assert (verdict.outcome, verdict.score) == (RIGHT, 0.2)


def test_coroutines_are_awaited_all_at_once():
    begun = []

    async def reward(response):
        begun.append(response)
        while len(begun) < 8:  # nobody comes back before all have begun
            await asyncio.sleep(0.01)
        return len(response) / 10

    verifier = Function(reward)
    waiting = [verifier.submit(PROMPT, "x" * n) for n in range(1, 9)]
    assert [one.result(10).score for one in waiting] == pytest.approx([n / 10 for n in range(1, 9)])
    verifier.close()
    assert verifier.verify(PROMPT, "xx").score == 0.2  # it begins again
    verifier.close()


def raises(response):
    raise LookupError("no such key")


def leaves(response):
    sys.exit(3)


async def raises_later(response):
    raise LookupError("no such key")


async def times_out_itself(response):
    raise TimeoutError("its server")


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (raises, r"raised LookupError: raises on the response 'my answer' to 'p': no such key \(test_function.py, line \d+\)"),
        (raises_later, "raised LookupError: raises_later on the response 'my answer' to 'p': no such key"),
        (times_out_itself, "raised TimeoutError: times_out_itself .*: its server"),
        (leaves, "raised SystemExit: leaves .*: 3"),
        (
            lambda response: float("nan"),
            "not finite: .*'my answer' to 'p': it gave nan, where a number, true or false, or a Verdict",
        ),
        (lambda response: float("-inf"), "not finite: .* -inf"),
        (lambda response: None, r"wrong type: .*it gave None \(NoneType\)"),
        (lambda response: "1.0", r"wrong type: .*it gave '1.0' \(str\)"),
        (lambda response: [1.0], r"wrong type: .*it gave \[1.0\] \(list\)"),
        (lambda response: np.ones(2), r"wrong type: .*\(ndarray\)"),
        (
            lambda completions: 1.0,
            r"wrong type: .*it gave 1.0 \(float\), where a list of one number for a list of one response",
        ),
        (lambda completions: [1.0, 0.0], "wrong type: .*where a list of one number"),
        (lambda completions: [None], "wrong type: .*it gave None"),
        (lambda completions: "1", "wrong type: .*it gave '1'"),
        (lambda solution_str: {"acc": 1}, "wrong type: .*where a number, or a dict with 'score'"),
        (lambda solution_str: {"score": float("nan")}, "not finite: .*it gave nan"),
    ],
)
def test_what_is_no_reward_is_undecided_and_says_which_function_on_which_response(function, reason):
    verifier = Function(function)
    verdict = verifier.verify(PROMPT, "my answer")
    assert verdict.outcome == OPEN and verdict.score is None
    assert re.search(reason, verdict.reason), verdict.reason
    rollout = make_rollout(prompt=PROMPT, text="my answer")
    VerifierReward(verifier).score([rollout])
    assert rollout.reward is None  # never 0
    verifier.close()


def test_the_first_of_each_kind_is_told_at_once_and_no_other(caplog):
    verifier = Function(lambda response: {"a": 1 / 0 if response else 0}.get(response))
    with caplog.at_level(logging.WARNING):
        for response in ("one", "two", "", ""):
            verifier.verify(PROMPT, response)
    told = [record.getMessage() for record in caplog.records]
    assert len(told) == 2
    assert "raised ZeroDivisionError" in told[0] and "'one'" in told[0] and "wrong type" in told[1]


def sleeps(response):
    time.sleep(20)


def searches(response):
    return bool(re.match(r"(a+)+$", "a" * 40 + "b"))


def swallows(response):
    try:
        time.sleep(20)
    except BaseException:
        return 1.0


async def sleeps_later(response):
    await asyncio.sleep(20)


async def blocks(response):
    time.sleep(20)


@pytest.mark.parametrize("function", [sleeps, searches, swallows, sleeps_later, blocks])
def test_what_takes_too_long_is_given_up_and_the_next_call_goes_on(function):
    verifier, begun = Function(function, seconds=0.2), time.monotonic()
    verdict = verifier.verify(PROMPT, "my answer")
    assert verdict.outcome == OPEN
    assert re.match(f"late: {function.__name__} on the response 'my answer' to 'p' took more than 0.2 s", verdict.reason)
    assert verifier.verify(PROMPT, "again").outcome == OPEN
    assert time.monotonic() - begun < 10
    verifier.close()


def test_outside_of_the_main_thread_too():
    found = []
    verifier = Function(sleeps, seconds=0.2)
    thread = threading.Thread(target=lambda: found.append(verifier.verify(PROMPT, "my answer")))
    thread.start()
    thread.join(10)
    assert [v.reason.partition(":")[0] for v in found] == ["late"]


@pytest.mark.parametrize(
    ("function", "arguments", "words"),
    [
        (
            lambda completion: 1,
            {},
            "takes completion; nobody can give it completion. Nearest: completions. It must take prompt, resp",
        ),
        (lambda response, wieght: 1, {}, "takes response, wieght; nobody can give it wieght. .*value in `arguments`"),
        (lambda: 1, {}, "takes nothing that has a name; it must take prompt, response, answer"),
        (lambda *all: 1, {}, "takes nothing that has a name"),
        (lambda solution_str, model: 1, {}, "nobody can give it model.*data_source, solution_str, ground_truth, extra_info"),
        (lambda completions, trainer_state: 1, {}, "nobody can give it trainer_state"),
        (lambda response, weight=1: 1, {"wieght": 2}, "arguments has 'wieght', but .* takes response, weight. Nearest: weight"),
    ],
)
def test_a_function_that_takes_something_else_is_refused_with_what_it_must_take(function, arguments, words):
    with pytest.raises(ValueError, match=words):
        Function(function, arguments)


def test_a_column_that_the_data_has_not_ends_the_run_with_those_it_has():
    verifier = Function(lambda completions, levle: [1.0])
    with pytest.raises(ValueError, match=r"takes the column 'levle', which the prompt 'p' of 'sums' has not. Nearest: level"):
        verifier.verify(PROMPT, "2")


@pytest.mark.parametrize(("name", "value"), [("correct_from", float("nan")), ("seconds", 0), ("seconds", float("inf"))])
def test_bounds_that_cannot_be_are_refused(name, value):
    with pytest.raises(ValueError, match=f"{name} is {value}; allowed: "):
        Function(lambda response: 1, **{name: value})
