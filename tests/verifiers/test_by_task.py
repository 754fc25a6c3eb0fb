"""A verifier for each task."""

from __future__ import annotations

import pytest

from asym_lit.tasks import OperationVerifier
from asym_lit.types import ComparingVerifier, Counting, InputError, Outcome, Prompt, SubmittingVerifier
from asym_lit.verifiers import BBHRule, ByTask, KorBenchRule, Maths, Rule


def test_each_prompt_is_judged_by_the_verifier_of_its_task():
    verifier = ByTask({"bbh": BBHRule("tolerant"), "operation": OperationVerifier()})
    verifier.self_test()
    both = [Prompt("a", "", {"answer": "7"}, "bbh"), Prompt("b", "", {"answer": "7"}, "operation")]
    found = [verifier.verify(prompt, "The answer is 7.") for prompt in both]
    assert [(one.by, one.outcome) for one in found] == [("bbh", Outcome.CORRECT), ("operation", Outcome.INCORRECT)]


def test_a_task_without_a_verifier_is_told_with_the_nearest_name():
    with pytest.raises(
        InputError, match=r"no verifier for the task 'synlogik'; it has: synlogic, bbh\. Did you mean 'synlogic'\?"
    ):
        ByTask({"synlogic": BBHRule(), "bbh": BBHRule()}).verify(Prompt("a", "", {"answer": "7"}, "synlogik"), "7")
    with pytest.raises(InputError, match="ByTask without verifiers"):
        ByTask({})


def test_what_its_verifiers_can_do_it_can_do_too():
    verifier = ByTask({"kor_bench": KorBenchRule(), "maths": Rule()})
    assert (
        isinstance(verifier, SubmittingVerifier) and isinstance(verifier, ComparingVerifier) and isinstance(verifier, Counting)
    )
    maths, kor = (
        Prompt("m", "", {"answer": "{"}, "maths"),
        Prompt("k", "", {"answer": "[[]]", "category": "logic"}, "kor_bench"),
    )
    assert verifier.unreadable([maths, kor]) == {"m": "braces that are not closed", "k": "no answer between the brackets"}
    assert verifier.same_answer(maths, "1/2", "0.5") is True and verifier.same_answer(kor, "a", "a") is None
    assert not verifier.one_answer and ByTask({"maths": Rule()}).one_answer == Rule().one_answer
    assert verifier.metrics() == {}


def test_one_that_works_beside_its_caller_is_opened_asked_and_closed():
    ladder = Maths()
    verifier = ByTask({"maths": ladder, "bbh": BBHRule()})
    verifier.open()
    try:
        assert verifier.submit(Prompt("m", "", {"answer": "7"}, "maths"), r"\boxed{7}").result().outcome == Outcome.CORRECT
        assert verifier.submit(Prompt("b", "", {"answer": "7"}, "bbh"), "7").result().outcome == Outcome.INCORRECT
    finally:
        verifier.close()
