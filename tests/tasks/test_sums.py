from __future__ import annotations

import math
import re
from collections import Counter

import pytest

from asym_lit.tasks import Sums
from asym_lit.tasks.arithmetic import parse
from asym_lit.tasks.generated import split_of
from asym_lit.types import InputError
from asym_lit.verifiers import Rule

SMALL = {"train_size": 60, "val_size": 20, "test_size": 20}
SPLITS = ("train", "val", "test")


def value_of(prompt):
    """From the words alone."""
    numbers = [int(n) for n in re.findall(r"\d+", prompt.text)]
    if re.search(r" \* |times|product|multiply", prompt.text):
        return math.prod(numbers)
    if " from " in prompt.text:  # subtract 25 and 3 from 47
        return numbers[-1] - sum(numbers[:-1])
    if re.search(r" - |minus|take away", prompt.text):
        return numbers[0] - sum(numbers[1:])
    assert re.search(r" \+ |plus|sum|[Aa]dd", prompt.text), prompt.text
    return sum(numbers)


@pytest.mark.parametrize("settings", [{}, {"terms": [2, 3, 4], "digits": [1, 2]}, {"digits": 4, "operations": "+-"}])
def test_the_answer_is_what_the_words_ask_for_and_the_solution_reckons_it(settings):
    task = Sums(**settings, **SMALL)
    for prompt in task.prompts("train"):
        assert prompt.answer["answer"] == str(value_of(prompt)), prompt.text
        *sums, last = re.fullmatch(r"(.*) (The answer is \d+\.)", prompt.solution).groups()
        for step in sums[0].split():
            left, right = step.split("=")
            assert parse(left).value == int(right) >= 0
        assert last == f"The answer is {value_of(prompt)}."
        assert Rule().verify(prompt, prompt.solution).outcome == "correct"


def test_splits_have_their_sizes_and_share_no_problem_whatever_the_order_of_its_numbers():
    task = Sums(**SMALL, digits=[1, 2])
    found = {split: task.prompts(split) for split in SPLITS}
    assert [len(found[split]) for split in SPLITS] == [60, 20, 20]
    assert len({prompt.uid for split in SPLITS for prompt in found[split]}) == 100
    assert all(split_of(prompt.uid) == split for split in SPLITS for prompt in found[split])
    keys = [(value_of(p), tuple(sorted(re.findall(r"\d+", p.text)))) for split in SPLITS for p in found[split]]
    assert len(set(keys)) > 95  # 2+2 and 2*2 alone are alike


def test_problems_are_the_same_in_every_process_and_version():
    task = Sums(train_size=2, val_size=1, test_size=1)
    assert [(prompt.uid, prompt.text) for split in SPLITS for prompt in task.prompts(split)] == KNOWN


def test_small_numbers_have_as_many_of_each_operation_in_every_split():
    # 45 sums, 45 products and 45 differences, of which 14 or so are for validation.
    task = Sums(digits=1, train_size=60, val_size=8, test_size=8)
    for split in SPLITS:
        share = Counter(re.sub(r"\d", "", prompt.uid) for prompt in task.prompts(split))
        assert set(share) == set("+-*"), (split, share)


KNOWN = [
    ("50*68", "What is 68 times 50?"),
    ("15+56", "What is the sum of 56 and 15?"),
    ("74-33", "What is 74 minus 33?"),
    ("73*75", "What is the product of 73 and 75?"),
]


@pytest.mark.parametrize(("wording", "symbols"), [("symbols", 60), ("words", 0)])
def test_the_wording_is_chosen(wording, symbols):
    task = Sums(**SMALL, wording=wording)
    assert sum(bool(re.search(r" [-+*] ", prompt.text)) for prompt in task.prompts("train")) == symbols


def test_numbers_have_their_digits_and_there_are_as_many_as_asked_for():
    task = Sums(**SMALL, digits=[1, 3], terms=3, operations="+")
    for prompt in task.prompts("train"):
        numbers = re.findall(r"\d+", prompt.text)
        assert len(numbers) == 3 and {len(n) for n in numbers} <= {1, 3}


def test_an_answer_in_words_is_accepted_in_digits_and_in_words():
    prompt = Sums(**SMALL, answer="words").prompts("val")[0]
    assert not re.search(r"\d", prompt.answer["answer"])
    assert prompt.solution.endswith(f"The answer is {prompt.answer['answer']}.")
    for response in (prompt.solution, f"The answer is {value_of(prompt)}."):
        assert Rule().verify(prompt, response).outcome == "correct"
    assert Rule().verify(prompt, f"The answer is {value_of(prompt) + 1}.").outcome == "incorrect"


def test_demonstrations_are_training_problems_and_depend_on_seed_and_index_alone():
    task = Sums(**SMALL)
    prompt, response = task.demonstration(3, 5)
    assert response == prompt.solution
    assert split_of(prompt.uid) == "train"
    assert task.demonstration(3, 5) == Sums(**SMALL, seed=9).demonstration(3, 5) != task.demonstration(3, 6)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"digits": 0}, "digits is 0; allowed: 1 to 6"),
        ({"terms": [1, 2]}, r"terms is \[1, 2\]; allowed: 2 to 6"),
        ({"operations": "+/"}, r"operations is '\+/'; allowed: one or more of '\+-\*'"),
        ({"operations": ""}, "operations is ''"),
        ({"wording": "spoken"}, "wording is 'spoken'; allowed: symbols, words, both"),
        ({"answer": "roman"}, "answer is 'roman'; allowed: digits, words"),
        ({"answer": "words", "digits": 5}, "products have up to 10 digits; numbers are spelled up to 9"),
    ],
)
def test_impossible_settings_are_refused(settings, words):
    with pytest.raises(InputError, match=words):
        Sums(**settings)


def test_more_problems_than_there_are_is_refused_with_what_to_write():
    with pytest.raises(InputError, match=r"only \d+ different train problems were found, 100 are asked .*more digits or terms"):
        Sums(digits=1, operations="+", train_size=100).prompts("train")
