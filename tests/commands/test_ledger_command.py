import csv
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from asym_lit.commands.ledger import ledger_command
from asym_lit.types import InputError

REAL = Path(__file__).parents[2] / "docs" / "data" / "one_shot_rlvr" / "accuracies.json"


def test_a_history_of_another_run_becomes_a_page_a_table_and_a_picture(tmp_path, capsys):
    ledger_command([str(REAL), "--out", str(tmp_path), "--top", "3"])
    said = " ".join(capsys.readouterr().out.split())
    assert "12 problems, 49 to 56 visits of 8 responses each; right at every visit: 1, never right: 2" in said
    assert "by standard deviation of accuracy: 124 (0.407, 0.396 beyond luck; 9% right in the first quarter" in said
    with (tmp_path / "ledger.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 12
    assert [row["problem"] for row in rows[:3]] == ["124", "267", "682"]
    assert rows[0] == {
        "rank": "1",
        "problem": "124",
        "std": "0.407",
        "std beyond luck": "0.396",
        "mean": "0.441",
        "first quarter": "0.087",
        "last quarter": "0.952",
        "visits": "53",
        "course": "learned",
    }
    text = (tmp_path / "report.md").read_text()
    assert "Learned: 3; luck alone makes" in text and "| 3 | 682 |" in text and "\n| 4 | " not in text
    page = (tmp_path / "index.html").read_text()
    assert "<script>" in page and "Learned: all of them" in page and len(page) < 1_000_000
    assert (tmp_path / "ledger.png").read_bytes().startswith(b"\x89PNG")


def test_names_of_problems_are_text_on_the_page_and_in_tables(tmp_path):
    path = tmp_path / "odd.json"
    path.write_text('{"<b>|x|</b>": [0.0, 0.5, 1.0], "[red]": [0.5, 0.5, 0.5]}')
    ledger_command([str(path), "--out", str(tmp_path / "out")])
    assert "<b>|" not in (tmp_path / "out" / "index.html").read_text()
    assert "<b>\\|x\\|</b>" in (tmp_path / "out" / "report.md").read_text()


def test_a_run_is_read_by_the_history_in_its_folder(tmp_path):
    run = tmp_path / "grpo"
    run.mkdir()
    with pytest.raises((InputError, SystemExit), match=r"There is no training history at .*grpo/history\.parquet"):
        ledger_command([str(run), "--out", str(tmp_path / "out")])
    rows = [{"step": step, "uid": "p", "samples": 4, "correct": step} for step in range(4)]
    pq.write_table(pa.Table.from_pylist(rows), run / "history.parquet")
    ledger_command([str(run), "--out", str(tmp_path / "out")])
    # shares 0, .25, .5, .75: std .2795, mean .375
    assert "| 1 | p | 0.280 |" in (tmp_path / "out" / "report.md").read_text()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--responses", "7"], "problem '.*', visit .*: accuracy .* is no share of 7 responses"),
        (["--responses", "-1"], "responses is -1"),
        (["--responses", "300"], "responses is 300; allowed: 0 to 256"),
        (["--level", "1"], "level is 1.0; allowed"),
        (["--top", "0"], "top is 0"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_written(tmp_path, words, message):
    with pytest.raises((InputError, SystemExit), match=message):
        ledger_command([str(REAL), "--out", str(tmp_path / "out"), *words])
    assert not (tmp_path / "out").exists()
