import re

import pytest

from asym_lit.tasks.generated import split_of
from asym_lit.tasks.operation import Operation, OperationVerifier, operation_prompt
from asym_lit.types import InputError, Outcome, Prompt

SMALL = {"train_size": 60, "val_size": 20, "test_size": 20}
SPLITS = ("train", "val", "test")


@pytest.mark.parametrize(
    ("definition", "operands", "value"),
    [
        ("3*a-b+7", [12, 5], 38),  # 36 - 5 + 7
        ("a+b", [0, 0], 0),
        ("a-2*b-9", [1, 30], -68),  # 1 - 60 - 9
        ("a-2*b", [1, 3, 4], -13),  # 1 - 6 = -5, -5 - 8
        ("2*a+b", [1, 2, 3, 4], 26),  # 4, 11, 26
    ],
)
def test_the_operator_is_applied_from_the_left(definition, operands, value):
    prompt = operation_prompt(definition, operands, "operation")
    assert prompt.answer == {"answer": str(value)}  # as text, for other verifiers too
    assert prompt.text == prompt.uid == f"a@b={definition};{'@'.join(map(str, operands))}="


@pytest.mark.parametrize("answer", [{}, {"answer": "(5-6)+5"}, {"answer": True}])
def test_a_problem_of_another_task_is_refused_by_name(answer):
    prompt = Prompt("7", "1+2=", answer, "mine", origin="mine.jsonl, row 3")
    with pytest.raises(
        InputError, match=r"'operation' needs a whole number under 'answer'.*'mine.jsonl, row 3'.*'mine'.*--verifier"
    ):
        OperationVerifier().verify(prompt, "3")


def test_splits_have_their_sizes_share_no_problem_and_repeat_none():
    task = Operation(**SMALL)
    uids = {split: [prompt.uid for prompt in task.prompts(split)] for split in SPLITS}
    assert [len(uids[split]) for split in SPLITS] == [60, 20, 20]
    assert len({uid for split in SPLITS for uid in uids[split]}) == 100
    assert all(split_of(uid) == split for split in SPLITS for uid in uids[split])


def test_problems_are_the_same_in_every_process_and_version():
    task = Operation(train_size=2, val_size=1, test_size=1)
    assert [prompt.text for split in SPLITS for prompt in task.prompts(split)] == [
        "a@b=3*a+b-8;18@10=",
        "a@b=a+3*b-6;4@8=",
        "a@b=4*a+2*b+1;14@8=",
        "a@b=4*a+2*b;28@17=",
    ]


@pytest.mark.parametrize("applications", [1, [1, 3]])
def test_demonstrations_are_right_within_bounds_and_made_of_training_problems(applications):
    task = Operation(applications=applications, low=2, high=12, coefficient=3, constant=5)
    for index in range(30):
        prompt, response = task.demonstration(seed=3, index=index)
        assert OperationVerifier().verify(prompt, response).outcome == "correct"
        assert split_of(prompt.uid) == "train"
        form = r"a@b=(?:([23])\*)?a[+-](?:([23])\*)?b(?:[+-]([1-5]))?;((?:\d+@)+\d+)="
        match = re.fullmatch(form, prompt.text)
        assert match, prompt.text
        operands = [int(n) for n in match[4].split("@")]
        assert len(operands) - 1 in ([applications] if isinstance(applications, int) else applications)
        assert all(2 <= n <= 12 for n in operands)


def test_demonstrations_depend_on_seed_and_index_alone():
    task = Operation(**SMALL)
    assert task.demonstration(0, 5) == Operation(**SMALL, seed=9).demonstration(0, 5)
    assert len({task.demonstration(0, i)[0].uid for i in range(10)} | {task.demonstration(1, 0)[0].uid}) == 11


def test_no_answer_is_common_enough_to_be_guessed():
    answers = [prompt.answer["answer"] for prompt in Operation().prompts("train")]
    assert max(answers.count(value) for value in set(answers)) / len(answers) < 0.02


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"applications": 0}, "applications is 0; allowed: 1 to 8"),
        ({"applications": []}, r"applications is \[\]"),
        ({"low": -1}, "low is -1 and high is 30; allowed: 0 <= low <= high"),
        ({"low": 5, "high": 4}, "low is 5 and high is 4"),
        ({"coefficient": 0}, "coefficient is 0 and constant is 9; allowed: a coefficient of at least 1"),
        ({"constant": -1}, "coefficient is 4 and constant is -1"),
    ],
)
def test_impossible_settings_are_refused(settings, words):
    with pytest.raises(InputError, match=words):
        Operation(**settings)


def test_more_problems_than_there_are_is_refused_with_what_to_write():
    task = Operation(high=2, coefficient=1, constant=0, train_size=50)  # 2 x 2 operands, 2 signs
    with pytest.raises(InputError, match=r"only \d different train problems were found, 50 are asked for; .*train_size"):
        task.prompts("train")


@pytest.mark.parametrize(
    ("response", "outcome", "reason"),
    [
        ("38", "correct", "equals the answer"),
        (" 38\n", "correct", "equals the answer"),
        ("+38", "correct", "equals the answer"),
        ("038", "correct", "equals the answer"),
        ("-38", "incorrect", "is -38, not 38"),
        ("3", "incorrect", "is 3, not 38"),
        ("38.0", "incorrect", "no whole number"),
        ("3 8", "incorrect", "no whole number"),
        ("36+2", "incorrect", "no whole number"),
        ("٣٨", "incorrect", "no whole number"),  # 38 in Arabic digits, which int() reads
        ("", "incorrect", "no whole number"),
        ("9" * 5000, "incorrect", "no whole number"),  # int() refuses such a text
    ],
)
def test_a_response_must_be_the_answer_and_nothing_else(response, outcome, reason):
    verdict = OperationVerifier().verify(operation_prompt("3*a-b+7", [12, 5], "operation"), response)
    assert verdict.outcome is Outcome(outcome)
    assert verdict.reason == reason
    assert verdict.by == "operation"
    assert verdict.extracted == (response.strip() or None)


def test_the_verifier_passes_its_own_test():
    OperationVerifier().self_test()


@pytest.mark.parametrize("constant", [Outcome.CORRECT, Outcome.INCORRECT])
def test_the_self_test_finds_a_verifier_that_always_says_the_same(constant):
    class Broken(OperationVerifier):
        def _judge(self, text, value):
            return constant, "always"

    with pytest.raises(RuntimeError, match=rf"operation: called '.*' for 'a@b=.*' {constant}, not"):
        Broken().self_test()
