from __future__ import annotations

import pytest

from asym_lit.tasks.rows import find_source, read_rows


def test_an_empty_file_is_named(tmp_path):
    from asym_lit.tasks import Problems

    (tmp_path / "rows.jsonl").write_text("\n")
    with pytest.raises(ValueError, match=r"rows.jsonl holds no rows"):
        Problems(str(tmp_path / "rows.jsonl")).prompts("train")


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("rows.jsonl", '{"a": 1}\n{"a": \n', r"rows.jsonl, line 2 is no JSON"),
        ("rows.jsonl", "[1, 2]\n", r"rows.jsonl, entry 1 is '\[1, 2\]'; a row is an object"),
        ("rows.json", '{"a": 1}\nnonsense', r"rows.json, line 2 is no JSON"),
        ("rows.jsonl", '{"a": "1"}\n{"a": "\\ud83d"}\n', r"rows.jsonl, entry 2 holds '\\ud83d', half of a character"),
        ("rows.json", '[{"a": {"b": ["\\udc00"]}}]', r"rows.json, entry 1 holds '\\udc00', half of a character"),
        ("rows.parquet", "no parquet", r"rows.parquet cannot be read as parquet"),
    ],
)
def test_a_file_that_is_not_what_it_says_is_named(tmp_path, monkeypatch, name, text, words):
    monkeypatch.setenv("HF_HOME", str(tmp_path / "cache"))
    (tmp_path / name).write_text(text)
    with pytest.raises(ValueError, match=words):
        list(read_rows(find_source(str(tmp_path / name))))


def test_a_json_file_may_hold_a_list_or_an_object_per_line(tmp_path):
    (tmp_path / "list.json").write_text('[{"a": 1}, {"a": 2}]')
    (tmp_path / "lines.json").write_text('{"a": 1}\n{"a": 2}\n')
    for name in ("list.json", "lines.json"):
        assert list(read_rows(find_source(str(tmp_path / name)))) == [{"a": 1}, {"a": 2}]


def test_a_folder_without_the_split_says_what_is_in_it(tmp_path):
    with pytest.raises(ValueError, match=r"has no split 'train'.*there is no data file"):
        find_source(str(tmp_path))
    for name in ("dev.jsonl", "test.jsonl"):
        (tmp_path / name).write_text("")
    with pytest.raises(ValueError, match=r"has no split 'train'; expected train.jsonl .*there is dev.jsonl, test.jsonl"):
        find_source(str(tmp_path))


def test_a_folder_with_one_file_is_one_split_under_any_name(tmp_path):
    (tmp_path / "test.jsonl").write_text("")
    assert find_source(str(tmp_path), "train") == find_source(str(tmp_path), "test")


def test_what_is_not_there_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"There is no data folder .*nowhere"):
        find_source(str(tmp_path / "nowhere"))
    with pytest.raises(ValueError, match=r"There is no data file .*none.csv"):
        find_source(str(tmp_path / "none.csv"))


def test_a_hub_id_that_cannot_be_reached_says_what_else_would_do(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(ValueError, match=r"No data set at 'nobody/nothing' \(split 'train'\).*local"):
        list(read_rows(find_source("nobody/nothing")))
