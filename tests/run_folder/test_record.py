from __future__ import annotations

from pathlib import Path

import pytest

from asym_lit.run_folder.record import add_metrics, cut_metrics, read_metrics, read_record, write_record
from asym_lit.types import InputError


def test_a_record_is_read_as_it_was_written_and_a_run_without_one_has_none(tmp_path: Path) -> None:
    assert read_record(tmp_path) == {}
    write_record(tmp_path, {"state": "finished", "seed": 1})
    assert read_record(tmp_path) == {"state": "finished", "seed": 1}


@pytest.mark.parametrize("text", ['{"state": ', "[1]"])
def test_a_damaged_record_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "run.json").write_text(text)
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
