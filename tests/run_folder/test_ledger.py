from dataclasses import replace

import pyarrow.parquet as pq
import pytest

from asym_lit.run_folder.ledger import read_ledger, write_ledger
from asym_lit.types import InputError
from ledgers import AFTER, BEFORE


def test_a_ledger_is_read_as_it_was_written_and_knows_what_is_new_and_lost(tmp_path):
    path = tmp_path / "ledger.parquet"
    write_ledger(path, [*AFTER, *BEFORE])
    assert sorted(read_ledger(path), key=str) == sorted([*BEFORE, *AFTER], key=str)
    table = {(r["uid"], r["step"]): r for r in pq.read_table(path).to_pylist()}
    assert [uid for (uid, _), r in table.items() if r["newly_solved"]] == ["wide"]
    assert [uid for (uid, _), r in table.items() if r["newly_lost"]] == ["lost"]
    assert (table["wide", 0]["first_solved"], table["wide", 5]["first_solved"]) == (None, 5)
    assert (table["lost", 5]["first_solved"], table["lost", 5]["rare"], table["lost", 5]["rare_kept"]) == (0, 1, 0)
    assert [p.name for p in tmp_path.iterdir()] == ["ledger.parquet"]


def test_a_ledger_from_before_min_p_was_drawn_without_it(tmp_path):
    path = tmp_path / "ledger.parquet"
    write_ledger(path, [replace(BEFORE[0], min_p=0.1)])
    assert read_ledger(path)[0].min_p == 0.1
    pq.write_table(pq.read_table(path).drop_columns(["min_p"]), path)
    assert read_ledger(path)[0].min_p == 0.0


def test_another_file_is_refused(tmp_path):
    (tmp_path / "x.parquet").write_text("no parquet")
    with pytest.raises(InputError, match="is no ledger of a run"):
        read_ledger(tmp_path / "x.parquet")
