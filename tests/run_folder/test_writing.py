from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from asym_lit.run_folder.writing import write_atomically, write_json_lines, write_table


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    def lines(stop: bool):  # type: ignore[no-untyped-def]
        yield "first"
        if stop:
            raise RuntimeError("in the middle")
        yield "second"

    with pytest.raises(RuntimeError, match="in the middle"):
        write_atomically(tmp_path / "file", lines(stop=True))
    assert list(tmp_path.iterdir()) == []
    write_atomically(tmp_path / "file", lines(stop=False))
    assert (tmp_path / "file").read_text() == "first\nsecond\n"


def test_two_that_write_one_file_at_once_both_succeed_and_the_last_one_wins(tmp_path: Path) -> None:
    """As the tasks of an array do with the overlays of their study."""

    def interrupted():  # type: ignore[no-untyped-def]
        yield "mine"
        write_atomically(tmp_path / "file", ["theirs"])
        yield "too"

    write_atomically(tmp_path / "file", interrupted())
    assert (tmp_path / "file").read_text() == "mine\ntoo\n"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_table_is_written_whole_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    write_table(tmp_path / "new" / "rows.parquet", [{"a": 1}, {"a": 2}])
    assert pq.read_table(tmp_path / "new" / "rows.parquet").to_pylist() == [{"a": 1}, {"a": 2}]
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["rows.parquet"]


def test_half_a_character_is_written_as_json_escapes_it(tmp_path: Path) -> None:
    write_json_lines(tmp_path / "rows.jsonl", [{"response": "7\ud83d"}])
    assert (tmp_path / "rows.jsonl").read_text() == '{"response": "7\\ud83d"}\n'
    assert json.loads((tmp_path / "rows.jsonl").read_text()) == {"response": "7\ud83d"}
