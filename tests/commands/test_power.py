from __future__ import annotations

import json
from pathlib import Path

import pytest

from asym_lit.cli import main

EXAMPLE = Path(__file__).parents[2] / "docs" / "data" / "deepscaler32k"


def planned(tmp_path: Path, *words: str) -> dict:
    main(["power", *words, "--out", str(tmp_path / "out")])
    return json.loads((tmp_path / "out" / "power.json").read_text())


def test_a_plan_is_a_table_and_a_picture(tmp_path, capsys):
    found = planned(tmp_path, "--beta", "[0.6, 1.4]", "--responses", "[4, 16]", "--seeds", "[1, 5]", "--difference", "0.05")
    needed = {(one["responses"], one["seeds"]): one["problems_needed"] for one in found["studies"]}
    assert set(needed) == {(4, 1), (4, 5), (16, 1), (16, 5)}
    assert needed[16, 1] < needed[4, 1]  # fewer problems where each is measured better
    for study in found["studies"]:
        assert study["power"] == sorted(study["power"]) and 0 < study["power"][0] < study["power"][-1] <= 1
    said = " ".join(capsys.readouterr().out.split())
    assert "show a difference of +0.050 at pass@1 with 80%. Chances: Beta(0.6, 1.4)" in said
    text = (tmp_path / "out" / "power.md").read_text()
    assert f"| 16 | {needed[16, 1]:,} |" in text
    assert (tmp_path / "out" / "power.png").stat().st_size > 5000


def test_a_pilot_of_two_arms_says_how_far_problems_move_apart(tmp_path):
    words = [f"base={EXAMPLE / 'base.jsonl'}", f"rl={EXAMPLE / 'rl.jsonl'}", "--responses", "[32]", "--seeds", "[1]"]
    found = planned(tmp_path, *words, "--k", "4", "--difference", "0.02")
    assert found["chances"] == "a pilot of 1060 problems (base, rl)"
    assert 0.3 < found["spread"] < 3.0
    alone = planned(tmp_path, words[0], *words[2:], "--k", "4", "--difference", "0.02", "--spread", "0.25")
    assert alone["spread"] == pytest.approx(0.25, abs=0.01)
    assert alone["studies"][0]["problems_needed"] < found["studies"][0]["problems_needed"]


@pytest.mark.parametrize(
    ("words", "match"),
    [
        ([], "Give a pilot .* or --beta"),
        (["--beta", "[1]"], r"beta is \[1\.0\]; allowed: two numbers"),
        (["--beta", "[0, 1]"], r"a is 0\.0; allowed: 0\.001 to"),
        (["--beta", "[1, 1]", "--k", "8", "--responses", "[4]"], "responses holds 4; allowed: at least k = 8"),
        (["--beta", "[1, 1]", "--seeds", "[2]"], "seeds holds 2; allowed: 1, or at least 3"),
        (["--beta", "[1, 1]", "--difference", "0"], "a difference that is not 0"),
        (["--beta", "[1, 1]", "--difference", "0.7"], r"difference is 0\.7 at pass@1, where the second arm has 0\.500"),
        (["base=no.jsonl"], "There is no file no.jsonl"),
        (["runs"], "runs is no file of counts"),
    ],
)
def test_what_cannot_be_planned_is_refused(tmp_path, words, match):
    with pytest.raises(SystemExit, match=match):
        planned(tmp_path, *words)
