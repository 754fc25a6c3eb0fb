from __future__ import annotations

import re
from collections import Counter

import pytest

from asym_lit.tasks import WordProblems
from asym_lit.tasks.arithmetic import parse
from asym_lit.tasks.generated import split_of
from asym_lit.types import InputError
from asym_lit.verifiers import Rule

SMALL = {"train_size": 80, "val_size": 20, "test_size": 20}
SPLITS = ("train", "val", "test")
PART = {"half": 2, "a third": 3, "a quarter": 4, "a fifth": 5}


def sums_of(prompt):
    return prompt.solution.partition(" The answer")[0].split()


def told(text):
    """The numbers of a story, parts in words too."""
    return Counter(
        [*map(int, re.findall(r"\d+", text)), *(PART[p] for p in re.findall("half|a third|a quarter|a fifth", text))]
    )


@pytest.mark.parametrize(
    "settings",
    [
        {"steps": [1, 2, 3]},
        {"steps": 6, "largest": 5000},
        {"steps": 2, "low": 1, "high": 9, "factor_high": 3},
        {"steps": 2, "low": 100, "high": 900, "factor_high": 12, "largest": 9000, "distractors": 1.0},
        {"steps": 2, "operations": "-"},
        {"steps": 2, "operations": "/"},
    ],
)
def test_solutions_are_exact_in_range_and_use_what_the_story_tells(settings):
    task = WordProblems(**settings, **SMALL)
    low, high, operators = task.low, task.high, set(task.operations)
    for prompt in task.prompts("train"):
        values = []
        for step in sums_of(prompt):
            left, right = step.split("=")
            expression = parse(left)
            assert expression.value == int(right) and 2 <= int(right) <= task.largest, prompt
            assert set(expression.operators) <= operators
            values += [*expression.numbers, int(right)]
        used = Counter(values) - Counter(2 * [int(step.split("=")[1]) for step in sums_of(prompt)])
        spare = told(prompt.text) - used
        assert not used - told(prompt.text) - Counter([int(prompt.answer["answer"])]), prompt
        assert sum(spare.values()) <= 2 * (task.distractors > 0) + 1, prompt  # `these 4 days` is said twice
        assert all(n <= max(high, task.factor_high) for n in told(prompt.text))
        assert low >= 1


def test_the_answer_is_what_the_last_sum_gives_and_what_the_solution_says():
    for prompt in WordProblems(**SMALL).prompts("train"):
        assert prompt.answer == {"answer": sums_of(prompt)[-1].split("=")[1], "question": prompt.text}
        assert prompt.solution.endswith(f" The answer is {prompt.answer['answer']}.")


def test_a_worked_solution_is_right_by_the_verifier_and_another_number_is_wrong():
    verifier = Rule()
    for prompt in WordProblems(steps=[1, 2, 3], **SMALL).prompts("val"):
        answer = int(prompt.answer["answer"])
        unit = re.search(r"many (\w+)|in (metres)", prompt.text.split(". ")[-1])
        for right in (prompt.solution, f"{prompt.solution}\nQuestion: What is 1 + 1?", f"The answer is {answer}"):
            assert verifier.verify(prompt, right).outcome == "correct", (prompt, right)
        if unit and unit[1]:
            assert verifier.verify(prompt, f"The answer is {answer} {unit[1]}.").outcome == "correct", prompt
        assert verifier.verify(prompt, prompt.solution.replace(f"is {answer}.", f"is {answer + 1}.")).outcome == "incorrect"


def test_splits_share_neither_text_nor_working():
    task = WordProblems(steps=[1, 2], **SMALL)
    found = {split: task.prompts(split) for split in SPLITS}
    assert [len(found[split]) for split in SPLITS] == [80, 20, 20]
    assert len({prompt.uid for split in SPLITS for prompt in found[split]}) == 120
    workings = {split: {" ".join(sums_of(p)) for p in found[split]} for split in SPLITS}
    assert all(split_of(working) == split for split in SPLITS for working in workings[split])
    assert not workings["train"] & (workings["val"] | workings["test"])


def test_problems_are_the_same_in_every_process_and_version():
    task = WordProblems(train_size=2, val_size=1, test_size=1)
    assert [prompt.text for split in SPLITS for prompt in task.prompts(split)] == KNOWN


KNOWN = [
    "Omar has 6 dollars. All of his money goes on stamps at 2 dollars each; before that Omar had no stamps. Emma would have "
    "to give away 6 stamps to have as many stamps as Omar has now. Find out how many stamps Emma has.",
    "Adam has 4 candles. The number of candles that Anna has is half of the number that Adam has. Felix gives her 10 more "
    "candles. How many candles does Anna have now?",
    "Leo has 4 dollars. On 2 days Luca gives him 5 dollars a day. How many dollars does Leo have now?",
    "Monday: Priya paints for 16 minutes. On Tuesday she paints only half as long as on Monday. On Tuesday she would need 4 "
    "more minutes to match Wednesday. For how many minutes does Priya paint on Wednesday?",
]


def operators_of(prompt):
    return tuple(next(c for c in each if c in "+-*/") for each in sums_of(prompt))


@pytest.mark.parametrize("seed", [0, 1])
def test_short_stories_with_small_numbers_are_of_the_same_operators_in_every_split(seed):
    # By chance 9 % of the validation split's 96 problems were one addition, and 32 % of the training split's.
    task = WordProblems(steps=[1, 2], low=2, high=12, operations="+-", train_size=2000, val_size=400, test_size=400, seed=seed)
    counts = {split: Counter(map(operators_of, task.prompts(split))) for split in SPLITS}
    for operators in counts["train"]:
        train, val, test = (counts[split][operators] / counts[split].total() for split in SPLITS)
        assert val == pytest.approx(train, abs=0.075), operators  # 3 standard deviations of 0.025
        assert test == pytest.approx(train, abs=0.075), operators


def test_steps_are_drawn_by_their_shares():
    task = WordProblems(steps=[1, 2, 3], shares=[1, 0, 3], train_size=400)
    counts = Counter(len(sums_of(prompt)) for prompt in task.prompts("train"))
    assert counts[2] == 0
    assert counts[3] / 400 == pytest.approx(0.75, abs=0.07)  # 3 standard deviations of 0.022


def test_a_distractor_is_a_number_more_and_no_distractors_is_the_plain_task():
    plain, with_asides = (WordProblems(distractors=share, steps=1, train_size=100) for share in (0.0, 1.0))
    assert plain.prompts("train") == WordProblems(steps=1, train_size=100).prompts("train")
    asides = r"years old|windows|on the table|people are watching|open for|^\w+ has \d+ \w+\.$"
    for task, expected in ((plain, 0), (with_asides, 1)):
        for prompt in task.prompts("train"):
            sentences = re.split(r"(?<=[.?]) ", prompt.text)
            assert sum(bool(re.search(asides, s)) for s in sentences[1:]) == expected, prompt.text


@pytest.mark.parametrize("answer", ["digits", "words"])
def test_answers_are_written_as_asked_and_accepted_both_ways(answer):
    prompt = WordProblems(answer=answer, **SMALL).prompts("test")[0]
    value = sums_of(prompt)[-1].split("=")[1]
    assert prompt.answer["answer"].isdigit() == (answer == "digits")
    assert prompt.solution.endswith(f"The answer is {prompt.answer['answer']}.")
    assert Rule().verify(prompt, f"The answer is {value}.").outcome == "correct"


def test_demonstrations_are_training_problems_and_depend_on_seed_and_index_alone():
    task = WordProblems(**SMALL)
    prompt, response = task.demonstration(3, 5)
    assert response == prompt.solution
    assert split_of(" ".join(sums_of(prompt))) == "train"
    assert task.demonstration(3, 5) == WordProblems(**SMALL, seed=9).demonstration(3, 5) != task.demonstration(3, 6)


def test_no_answer_is_common_enough_to_be_guessed():
    answers = Counter(prompt.answer["answer"] for prompt in WordProblems(steps=[2, 3]).prompts("train"))
    assert max(answers.values()) / 4096 < 0.08


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"steps": 0}, "steps is 0; allowed: 1 to 6"),
        (
            {"steps": [1, 2], "shares": [1.0]},
            r"shares is \[1.0\] and steps is \[1, 2\]; allowed: a number of 0 or more for each",
        ),
        ({"steps": [1, 2], "shares": [0.0, 0.0]}, "not all 0"),
        ({"low": 0}, "low is 0, high is 20 and largest is 200; allowed: 1 <= low <= high <= largest"),
        ({"high": 300}, "high is 300 and largest is 200"),
        ({"factor_high": 1}, "factor_high is 1; allowed: 2 or more"),
        ({"operations": "+^"}, r"operations is '\+\^'; allowed: one or more of '\+-\*/'"),
        ({"distractors": 1.5}, "distractors is 1.5; allowed: 0 to 1"),
        ({"answer": "roman"}, "answer is 'roman'; allowed: digits, words"),
    ],
)
def test_impossible_settings_are_refused(settings, words):
    with pytest.raises(InputError, match=words):
        WordProblems(**settings)


def test_ranges_without_a_story_are_refused_with_what_to_write():
    with pytest.raises(InputError, match=r"no train problem of 2 steps in 10,000 draws; write wider low and high"):
        WordProblems(steps=2, low=7, high=7, largest=10, operations="+").prompts("train")
