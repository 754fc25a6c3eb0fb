from __future__ import annotations

import pytest

from asym_lit.evaluation.answer_classes import answers_of
from asym_lit.evaluation.ledger import problem_record
from asym_lit.evaluation.votes import Ballot, ballot, distinct_at_k, maj_at_k
from asym_lit.tasks import CountdownVerifier
from asym_lit.tasks.countdown import countdown_prompt
from asym_lit.types import Outcome, Prompt, Rollout, Sampling, Verdict, Verifier
from asym_lit.verifiers import Chain, Endpoint, Function, Judge, Maths, Mixed, Rule, Symbolic

PROMPT = Prompt("p", "What is the half of 1?", {"answer": "1/2"}, "t")


def judged(verifier: Verifier, texts: list[str], prompt: Prompt = PROMPT) -> list[Rollout]:
    group = [Rollout(prompt, 0, [], [], "stop", 0, text=text) for text in texts]
    for rollout in group:
        rollout.verdict = verifier.verify(prompt, rollout.text)
    return group


def boxed(*answers: str) -> list[str]:
    return [f"\\boxed{{{answer}}}" for answer in answers]


def test_a_vote_counts_answers_that_the_verifier_finds_the_same_as_one():
    group = judged(Rule(), boxed("1/2", "0.5", r"\frac12", "3", "3"))
    votes = ballot(answers_of(group, Rule()))
    assert votes == Ballot((3,), (2,))
    assert maj_at_k(votes, 5) == 1  # 3 of 5; as texts the two 3s would win over three answers given once each
    assert distinct_at_k(votes, 5) == 1
    assert maj_at_k(ballot(answers_of(group)), 5) == 0


def test_wrong_answers_are_compared_too():
    group = judged(Rule(), boxed("1/2", "1/2", "3", "3.0", r"\frac{6}{2}"))
    assert ballot(answers_of(group, Rule())) == Ballot((2,), (3,))


def test_the_last_rung_that_can_tell_joins_what_the_first_cannot():
    rule = Rule(without=["values"])
    maths = Maths(rule)
    group = judged(rule, boxed("x^2+2x+1", "(x+1)^2", "(x+1)^2 "))
    try:
        assert ballot(answers_of(group, maths)) == Ballot((), (3,))
        assert maths.one_answer and maths.same_answer(PROMPT, "14", "15") is False
    finally:
        maths.close()
    assert ballot(answers_of(group, rule)) == Ballot((), (2, 1))


def test_right_expressions_of_countdown_stay_different_answers():
    verifier = CountdownVerifier()
    group = judged(verifier, ["3+4", "4+3", "3 + 4", "3*4"], countdown_prompt([3, 4], 7, "t"))
    assert ballot(answers_of(group, verifier)) == Ballot((2, 1), (1,))


def test_a_ladder_with_a_rung_that_knows_several_right_answers_has_several():
    class Either:
        name = "either"

        def verify(self, prompt: Prompt, response: str) -> Verdict:
            outcome = Outcome.CORRECT if "2" in response or "5" in response else Outcome.INCORRECT
            return Verdict(outcome, self.name, "has a 2 or a 5", response)

        def self_test(self) -> None:
            pass

    texts = boxed("1/2", "0.5", "5")
    assert ballot(answers_of(judged(Chain([Rule()]), texts), Chain([Rule()]))) == Ballot((2,), (1,))
    mixture = Mixed(Rule(), Either(), weight=1.0)
    assert not Chain([Rule(), Either()]).one_answer and not mixture.one_answer
    # as whole responses, \boxed{1/2} and \boxed{0.5} are found the same, \boxed{5} is another right answer
    group = judged(Either(), ["1/2", "0.5", "5"])
    assert ballot(answers_of(group, Chain([Rule(), Either()]))) == ballot(answers_of(group, mixture)) == Ballot((2, 1), ())


def test_what_a_judge_accepts_is_the_gold_answer_and_its_rejects_are_texts():
    judge = Judge(Endpoint())
    assert judge.one_answer and judge.same_answer(PROMPT, "3", "3.0") is None
    group = judged(Rule(), boxed("1/2", "3", "3.0"))
    group.append(Rollout(PROMPT, 0, [], [], "stop", 0, text="half", verdict=Verdict(Outcome.CORRECT, "judge", "", "half")))
    assert ballot(answers_of(group, judge)) == Ballot((2,), (1, 1))


def test_a_function_of_ones_own_compares_texts_to_their_end():
    verifier = Function(lambda response: 0)
    group = judged(verifier, ["x" * 300 + "1", "x" * 300 + "2", "x" * 300 + "1"])
    assert ballot(answers_of(group, verifier)) == Ballot((), (2, 1))


@pytest.mark.parametrize("verifier", [Rule(), Symbolic()])
def test_a_long_answer_is_kept_whole_in_the_verdict(verifier):
    answer = "x" * 5001  # longer than either compares
    assert verifier.verify(PROMPT, f"\\boxed{{{answer}}}").extracted == answer


def test_the_ledger_names_the_one_right_answer_by_its_gold_form_at_every_step():
    first = problem_record("set", 0, judged(Rule(), boxed("0.5", "3", "3.0")), Sampling(n=3), Rule())
    later = problem_record("set", 9, judged(Rule(), boxed(r"\frac12", "1/2", "")), Sampling(n=3), Rule())
    assert (first.right, first.wrong) == ({"1/2": 1}, (2,))
    assert (later.right, later.wrong, later.silent) == ({"1/2": 2}, (), 1)
