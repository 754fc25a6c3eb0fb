from __future__ import annotations

import json
from pathlib import Path

import pytest

from asym_lit.run_folder.record import add_metrics, cut_metrics, read_metrics, read_record, write_record
from asym_lit.types import InputError


def test_a_record_is_read_as_it_was_written_and_a_run_without_one_has_none(tmp_path: Path) -> None:
    assert read_record(tmp_path) == {}
    write_record(tmp_path, {"state": "finished", "seed": 1})
    assert read_record(tmp_path) == {"state": "finished", "seed": 1}


@pytest.mark.parametrize("data", [b'{"state": ', b"[1]", b"", bytes(20), b'{"state": "\xff"}'])
def test_a_damaged_record_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "run.json").write_bytes(data)
    with pytest.raises(InputError, match="is no record of a run"):
        read_record(tmp_path)


def test_a_run_that_goes_on_keeps_the_metrics_before_its_checkpoint_and_no_half_line(tmp_path: Path) -> None:
    cut_metrics(tmp_path, 0)
    for step in range(4):
        add_metrics(tmp_path, step, {"loss": step / 2})
    with (tmp_path / "metrics.jsonl").open("a") as file:
        file.write('{"step": 4, "lo')
    assert [row["step"] for row in read_metrics(tmp_path)] == [0, 1, 2, 3]
    cut_metrics(tmp_path, 2)
    assert read_metrics(tmp_path) == [{"step": 0, "loss": 0.0}, {"step": 1, "loss": 0.5}]


@pytest.mark.parametrize("line", ['{"step": 1, "lo', "", "[1]", "5", '{"loss": 0.5}', '{"step": "x"}', "\0\0\0\0", "\xff"])
def test_a_broken_line_within_the_metrics_is_named(tmp_path: Path, line: str) -> None:
    lines = ['{"step": 0}', line, '{"step": 2}']
    (tmp_path / "metrics.jsonl").write_bytes("\n".join(lines).encode("latin-1"))
    with pytest.raises(InputError, match=r"metrics.jsonl, line 2 is broken .*; take the line out to read the rest.$"):
        read_metrics(tmp_path)


def test_a_metric_that_is_no_number_is_written_as_json_and_left_out_when_it_is_read(tmp_path: Path) -> None:
    add_metrics(tmp_path, 0, {"loss": float("nan"), "reward": 0.5, "norm": float("inf")})
    assert json.loads((tmp_path / "metrics.jsonl").read_text(), parse_constant=pytest.fail) == {
        "step": 0,
        "loss": None,
        "reward": 0.5,
        "norm": None,
    }
    assert read_metrics(tmp_path) == [{"step": 0, "reward": 0.5}]
