import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from asym_lit.tasks import Countdown, OneShot
from asym_lit.tasks.history import read_history, read_visits
from asym_lit.types import InputError

REAL = Path(__file__).parents[2] / "docs" / "data" / "one_shot_rlvr" / "accuracies.json"  # Apache 2.0, its README says of whom


def written(tmp_path, text):
    path = tmp_path / "accuracies.json"
    path.write_text(text if isinstance(text, str) else json.dumps(text), encoding="utf-8")
    return path


def test_accuracies_of_a_real_run_are_visits_of_eight_responses():
    seen = read_visits(REAL)
    assert len(seen) == 12
    assert {n for visits in seen.values() for n, _ in visits} == {8}
    assert [round(8 * share) for share in read_history(REAL)["124"]] == [c for _, c in seen["124"]]


def test_the_papers_first_two_examples_come_first_and_second_by_standard_deviation():
    past = read_history(REAL)
    assert sorted(past, key=lambda uid: -np.std(past[uid]))[:3] == ["124", "267", "682"]


def test_the_fewest_responses_that_fit_are_taken_unless_they_are_given(tmp_path):
    path = written(tmp_path, {"a": [0.5, 1], "b": [0.25]})
    assert read_visits(path) == {"a": [(4, 2), (4, 4)], "b": [(4, 1)]}
    assert read_visits(path, responses=16) == {"a": [(16, 8), (16, 16)], "b": [(16, 4)]}
    assert read_visits(written(tmp_path, {"a": [0.333, 0.667]})) == {"a": [(3, 1), (3, 2)]}


def test_a_history_of_counts_keeps_its_own_numbers(tmp_path):
    rows = [{"step": s, "uid": "p", "samples": n, "correct": c} for s, n, c in ((2, 8, 4), (0, 7, 1), (1, 0, 0))]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "history.parquet")
    assert read_visits(tmp_path / "history.parquet") == {"p": [(7, 1), (8, 4)]}


def test_one_shot_chooses_by_accuracies_of_another_run(tmp_path):
    task = Countdown(train_size=3, val_size=2, test_size=2)
    first, second, third = (prompt.uid for prompt in task.prompts("train"))
    path = written(tmp_path, {first: [0.5, 0.5], second: [0.0, 1.0], third: [0.0, 0.5]})
    assert OneShot(task, "std", str(path)).choice["uid"] == second
    assert OneShot(task, "std", str(path), rank=2).choice["accuracies"] == [0.0, 0.5]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ({"a": [0.5, 1.5]}, r"problem 'a', visit 2: it is 1.5; allowed: an accuracy, 0 to 1. A percentage is written 0.015"),
        ({"a": [0.5], "b": [-0.1]}, "problem 'b', visit 1: it is -0.1; allowed"),
        ('{"a": [NaN]}', "problem 'a', visit 1: it is NaN"),
        ({"a": [True]}, "problem 'a', visit 1: it is true"),
        ({"a": [None]}, "problem 'a', visit 1: it is null"),
        ({"a": ["0.5"]}, "problem 'a', visit 1: it is \"0.5\""),
        ({"a": 0.5}, "problem 'a': it has 0.5; allowed: a list"),
        ({"a": []}, r"problem 'a': it has \[\]; allowed: a list"),
        ('{"a": [0.5], "b": [0], "a": [1]}', "problem 'a': it is there twice"),
        ([0.5], r"holds \[0.5\]; allowed: an object"),
        ({}, "holds {}; allowed: an object"),
        ('{"a": [0.5]', "cannot be read as JSON"),
    ],
)
def test_a_file_that_is_no_history_is_refused_by_problem_and_visit(tmp_path, text, words):
    with pytest.raises(InputError, match=words):
        read_history(written(tmp_path, text))


def test_an_accuracy_that_is_no_share_of_the_responses_is_refused(tmp_path):
    path = written(tmp_path, {"a": [0.5], "b": [0.25, 0.3]})
    with pytest.raises(
        InputError, match=r"problem 'b', visit 2: accuracy 0.3 is no share of 8 responses; the nearest is 2 of them"
    ):
        read_visits(path, responses=8)
    with pytest.raises(InputError, match="no number of responses up to 256 has all these accuracies as shares"):
        read_visits(written(tmp_path, {"a": [0.0001, 0.00123, 0.31415, 0.27182, 0.1618, 0.5772, 0.0017]}))


@pytest.mark.parametrize("name", ["missing.json", "missing.parquet"])
def test_a_file_that_is_not_there_is_named(tmp_path, name):
    with pytest.raises(InputError, match=name):
        read_history(tmp_path / name)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"samples": 4, "correct": 5}, "row 1, field correct: it is 5 of 4 responses"),
        ({"samples": 4, "correct": -1}, "row 1, field correct: it is -1"),
        ({"samples": -2, "correct": 0}, "row 1, field samples: it is -2"),
        ({"samples": 4, "correct": None}, "row 1, field correct: it is None"),
    ],
)
def test_counts_that_cannot_be_are_refused_by_row_and_field(tmp_path, row, words):
    pq.write_table(pa.Table.from_pylist([{"step": 0, "uid": "p", **row}]), tmp_path / "history.parquet")
    with pytest.raises(InputError, match=words):
        read_history(tmp_path / "history.parquet")
