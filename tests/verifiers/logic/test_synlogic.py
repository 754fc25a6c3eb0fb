"""SynLogic's verifier: rules, the format gate, and prompts that are none of its."""

from __future__ import annotations

import pytest

from asym_lit.types import AuditingVerifier, InputError, Outcome, Prompt, Verifier
from asym_lit.verifiers import SynLogicRules
from asym_lit.verifiers.interventions import THINK_ANSWER

WALL = {"kind": "number_wall", "question": "", "answer": "", "metadata": {"grid": [[1, "X", 1]], "solution": [[1, "X", 1]]}}


def asked(**changed) -> Prompt:
    return Prompt("uid", "", {**WALL, **changed}, "synlogic", origin="easy, row 5")


def test_a_verdict_says_which_rule_is_broken_and_what_was_found():
    verifier = SynLogicRules()
    verifier.self_test()
    assert isinstance(verifier, Verifier) and isinstance(verifier, AuditingVerifier)
    right = verifier.verify(asked(), 'First [[1,"X",1]], then:\n```python\n[[1, "A", 1]]\n```')
    assert (right.outcome, right.reason, right.extracted) == (
        Outcome.CORRECT,
        "keeps the rules of number_wall",
        '[[1, "A", 1]]',
    )
    wrong = verifier.verify(asked(), '[[1, "X", 1]]')
    assert (wrong.outcome, wrong.reason) == (Outcome.INCORRECT, "an island of 3 cells has 2 numbers")
    assert verifier.verify(asked(), "it is\nhard").reason == "no answer found"
    assert verifier.verify(asked(), "").outcome == Outcome.INCORRECT


def test_the_reward_of_model_task_alignment_wants_format_and_answer():
    gated = SynLogicRules(format=THINK_ANSWER)
    gated.self_test()
    answer = '[[1,"A",1]]'
    outcomes = {
        f"<think>a\nb</think>\n<answer>{answer}</answer>": Outcome.CORRECT,
        f"<think>a</think><answer>{answer}</answer> indeed": Outcome.INCORRECT,
        answer: Outcome.INCORRECT,
        "<think>a</think><answer>[[1]]</answer>": Outcome.INCORRECT,
    }
    assert {response: gated.verify(asked(), response).outcome for response in outcomes} == outcomes


def test_a_stored_solution_that_breaks_its_own_rules_is_listed():
    assert SynLogicRules().unreadable([asked()]) == {"uid": "an island of 3 cells has 2 numbers"}
    good = {"grid": [[1, "X", 1]], "solution": [[1, "A", 1]]}
    assert SynLogicRules().unreadable([asked(metadata=good)]) == {}


def test_a_prompt_of_another_task_or_without_metadata_is_told_and_no_wrong_answer():
    verifier = SynLogicRules()
    with pytest.raises(InputError, match="'synlogic' needs str under 'kind'"):
        verifier.verify(Prompt("uid", "", {"answer": "3"}, "sums"), "3")
    with pytest.raises(InputError, match=r"'easy, row 5' is of the kind 'sudokuu'; allowed: arrow_maze, "):
        verifier.verify(asked(kind="sudokuu"), "3")
    with pytest.raises(InputError, match="needs Mapping under 'metadata'"):
        verifier.verify(asked(metadata=None), "[[1]]")
    with pytest.raises(InputError, match=r"easy, row 5 of the kind 'number_wall' has no 'grid' in its metadata"):
        verifier.verify(asked(metadata={}), "[[1]]")
