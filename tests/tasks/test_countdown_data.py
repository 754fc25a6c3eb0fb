"""Countdown from data sets. The rows are made up here, in the shape of TinyZero's."""

import json

import pytest

from asym_lit.tasks import CountdownData
from asym_lit.tasks.generated import split_of

ROWS = [{"nums": [n, n + 1, 2 * n], "target": n + 1} for n in range(1, 60)]


@pytest.fixture
def written(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HOME", str(tmp_path / "cache"))

    def write(name, rows):
        path = tmp_path / name
        if name.endswith(".parquet"):
            import pyarrow
            import pyarrow.parquet

            pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), path)
        else:
            path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        return str(path)

    return write


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.parquet"])
def test_rows_are_dealt_out_by_a_hash_of_the_problem(written, name):
    task = CountdownData(written(name, ROWS))
    parts = {split: [p.uid for p in task.prompts(split)] for split in ("train", "val", "test")}
    assert sum(len(uids) for uids in parts.values()) == 59
    for split, uids in parts.items():
        assert uids and all(split_of(uid) == split for uid in uids)
    first = task.prompts(split_of("1,2,2=2"))[0]
    assert (first.uid, first.text, first.answer) == ("1,2,2=2", "1,2,2=2:", {"numbers": [1, 2, 2], "target": 2})


def test_a_test_set_of_its_own_leaves_the_other_splits(written):
    task = CountdownData(written("train.jsonl", ROWS), written("test.jsonl", ROWS[:10]))
    uids = {split: {p.uid for p in task.prompts(split)} for split in ("train", "val", "test")}
    assert len(uids["test"]) == 10
    assert not uids["test"] & (uids["train"] | uids["val"])
    assert len(uids["train"] | uids["val"]) == 49


def test_a_repeated_problem_is_taken_once_whatever_the_order_of_its_numbers(written):
    task = CountdownData(written("rows.jsonl", [{"nums": [2, 3], "target": 6}, {"nums": [3, 2], "target": 6}]))
    assert sum(len(task.prompts(split)) for split in ("train", "val", "test")) == 1


def test_splits_can_be_cut_short(written):
    task = CountdownData(written("rows.jsonl", ROWS), max_train=5, max_val=1, max_test=1)
    assert [len(task.prompts(split)) for split in ("train", "val", "test")] == [5, 1, 1]


def test_the_prompt_follows_the_template(written):
    rows = written("rows.jsonl", [{"nums": [2, 3], "target": 6}])
    task = CountdownData(rows, template="Make {target} of {numbers}, answer in <answer></answer>.")
    found = [p for split in ("train", "val", "test") for p in task.prompts(split)]
    assert [p.text for p in found] == ["Make 6 of 2,3, answer in <answer></answer>."]


def test_a_template_with_an_unknown_field_is_refused():
    with pytest.raises(ValueError, match=r"\{goal\}.*allowed fields: \{numbers\} and \{target\}"):
        CountdownData("rows.jsonl", template="{goal}")


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"nums": "2 3", "target": 6}, "row 1 .*'nums' is '2 3'; allowed: a list of whole numbers"),
        ({"nums": [2, -3], "target": 6}, "row 1 .*'nums' is .*at least 1"),
        ({"nums": [2], "target": 6}, "row 1 .*at least two numbers"),
        ({"nums": [2, 3], "target": "six"}, "row 1 .*'target' is 'six'; allowed: a whole number"),
        ({"nums": [2, 3]}, "row 1 .*'target' is None"),
    ],
)
def test_a_malformed_row_is_named(written, row, words):
    task = CountdownData(written("rows.jsonl", [{"nums": [2, 3], "target": 6}, row]))
    with pytest.raises(ValueError, match=words):
        task.prompts("train")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"There is no data file .*none.parquet"):
        CountdownData(str(tmp_path / "none.parquet")).prompts("train")


def test_a_file_that_is_not_what_it_says_is_named(tmp_path):
    (tmp_path / "rows.parquet").write_text("no parquet at all")
    with pytest.raises(ValueError, match=r"rows.parquet cannot be read as parquet"):
        CountdownData(str(tmp_path / "rows.parquet")).prompts("train")


def test_a_hub_id_that_cannot_be_reached_says_what_else_would_do(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(ValueError, match=r"No data set at 'nobody/nothing'.*local"):
        CountdownData("nobody/nothing").prompts("train")
