"""Problems that ask for a program."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from asym_lit.programs.forms import read_tests
from asym_lit.tasks import CodeProblems
from asym_lit.types import InputError, Task

DATA = Path(__file__).parents[1] / "verifiers" / "code" / "data"


def write(path: Path, *rows: dict) -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


def row(number: int, **more: object) -> dict:
    return {"question": f"Add {number}.", "tests": {"inputs": [str(number)], "outputs": ["1"]}, **more}


def test_a_row_becomes_a_prompt_with_its_tests_as_text(tmp_path):
    task = CodeProblems(write(tmp_path / "a.jsonl", row(1)), val=None, test=None, template="{question} {interface}")
    assert isinstance(task, Task)
    (prompt,) = task.prompts("train")
    assert prompt.text == "Add 1. The program reads standard input and prints to standard output."
    assert read_tests(prompt.answer["tests"]) == [{"kind": "stdin", "inputs": ["1"], "outputs": ["1"]}]
    assert prompt.answer["question"] == "Add 1." and "reference" not in prompt.answer
    assert prompt.origin.endswith("a.jsonl, row 0")


def test_the_ready_tasks_read_rows_of_their_data():
    human = CodeProblems(
        str(DATA / "human_eval.jsonl"),
        question="prompt",
        tests={"prompt": "prompt", "test": "test", "entry_point": "entry_point"},
        reference="canonical_solution",
        template="```python\n{question}\n```\n{interface}",
        train=None,
        val="test",
    )
    first = human.prompts("test")[0]
    assert first.text.endswith("Write the function `largest_divisor`, whole.")
    assert "for i in reversed" in first.answer["reference"]
    mbpp = CodeProblems(
        str(DATA / "mbpp.jsonl"),
        question=["prompt", "text"],
        tests={"test_list": "test_list", "test_setup_code": "test_setup_code", "test_imports": "test_imports"},
        reference="code",
        template="{question}\nTests:\n{asserts}",
        val=None,
        test=None,
    )
    lines = mbpp.prompts("train")[0].text.split("\n")
    assert lines[1] == "Tests:" and len(lines) == 5
    assert all(line.startswith("assert set(similar_elements") for line in lines[2:])


def test_a_function_of_the_tests_is_named_in_the_prompt(tmp_path):
    given = {
        "question": "q",
        "tests": [{"input": "1", "output": "2", "testtype": "functional"}],
        "metadata": {"func_name": "go"},
    }
    path = write(tmp_path / "a.jsonl", given)
    task = CodeProblems(path, tests={"tests": "tests", "metadata": "metadata"}, template="{interface}", val=None, test=None)
    assert task.prompts("train")[0].text == "Write the function `go`, whole."


def test_columns_of_another_file_are_put_beside_by_their_key(tmp_path):
    path = write(tmp_path / "a.jsonl", {"task_id": 1, "prompt": "def f(x):\n", "test": "def check(f): ...", "entry_point": "f"})
    beside = write(tmp_path / "b.jsonl", {"task_id": 1, "inputs": [[1]], "reference": "    return x", "atol": 0})
    names = ("prompt", "test", "entry_point", "reference", "atol")
    tests = {**{name: name for name in names}, "extra_inputs": "inputs"}
    task = CodeProblems(path, question="prompt", tests=tests, beside=beside, val=None, test=None)
    kinds = [part["kind"] for part in read_tests(task.prompts("train")[0].answer["tests"])]
    assert kinds == ["asserts", "like"]


def test_rows_without_tests_are_listed_and_too_many_of_them_are_refused(tmp_path):
    rows = [row(n) for n in range(9)]
    path = write(
        tmp_path / "a.jsonl", *rows, {"question": "none", "tests": {"inputs": [], "outputs": []}}, row(0), {"tests": 1}
    )
    task = CodeProblems(path, val=None, test=None, max_untested=0.1)
    assert len(task.prompts("train")) == 9
    reasons = sorted(one.reason.partition(":")[0] for one in task.left_out("train"))
    assert reasons == ["no question", "no tests that can be read", "repeated"]
    with pytest.raises(InputError, match=r"1 of 12 rows have no tests .* allowed: a share of 0.02 \(max_untested\).*row 9"):
        CodeProblems(path, val=None, test=None).prompts("train")


def test_a_row_whose_tests_are_empty_is_told_so(tmp_path):
    rows = [{"question": "q", "test_list": [], "test_setup_code": ""}, {"question": "r", "test_list": ["assert f"]}]
    task = CodeProblems(
        write(tmp_path / "a.jsonl", *rows), tests={"test_list": "test_list", "test_setup_code": "test_setup_code"}
    )
    with pytest.raises(InputError, match=r"row 0: no tests that can be read: no tests: nothing in test_list, test_setup_code"):
        task.prompts("train")


def test_splits_share_no_problem_and_sizes_are_drawn_by_the_seed(tmp_path):
    path = write(tmp_path / "a.jsonl", *[row(n) for n in range(200)])
    task = CodeProblems(path, test="train", held_out=0.2, train_size=10)
    uids = [{p.uid for p in task.prompts(split)} for split in ("train", "val", "test")]
    assert len(uids[0]) == 10 and uids[1] and uids[2]
    assert not (uids[0] & uids[1] or uids[0] & uids[2] or uids[1] & uids[2])
    assert {p.uid for p in CodeProblems(path, test="train", held_out=0.2, train_size=10).prompts("train")} == uids[0]
    assert {p.uid for p in CodeProblems(path, test="train", held_out=0.2, train_size=10, seed=1).prompts("train")} != uids[0]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"tests": {}}, "tests of CodeProblems names no field"),
        ({"template": "no field"}, "shows nothing of a row"),
        ({"held_out": 0.7}, "held_out is 0.7"),
        ({"max_untested": 2}, "max_untested is 2; allowed: 0 to 1"),
    ],
)
def test_settings_that_are_none_are_refused(settings, words):
    with pytest.raises(InputError, match=words):
        CodeProblems("a.jsonl", **settings)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"question": "problem"}, "question names 'problem'.*question, tests"),
        ({"tests": {"tests": "cases"}}, "tests names 'cases'"),
        ({"template": "{question} {starter}"}, "template names 'starter'"),
        ({"reference": "code"}, "reference names 'code'"),
        ({"train": None, "val": None}, "code has no train problems: its 'train' is null"),
    ],
)
def test_fields_that_no_row_has_are_named(tmp_path, settings, words):
    with pytest.raises(InputError, match=words):
        CodeProblems(write(tmp_path / "a.jsonl", row(1)), **{"val": None, "test": None, **settings}).prompts("train")
