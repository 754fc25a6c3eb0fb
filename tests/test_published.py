"""The page of published tables: that it is what its data say, that cells were copied right, and that its sentences hold."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from asym_lit.evaluation.published import Assumption, Standing
from asym_lit.evaluation.published_claims import ClaimReading, read_claim

ROOT = Path(__file__).parents[1]
DATA = yaml.safe_load((ROOT / "docs" / "results" / "published" / "tables.yaml").read_text("utf-8"))
WHOLE = {name: one["problems"] for name, one in DATA["benchmarks"].items() if one.get("whole")}


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    import published

    return published


@pytest.fixture
def readings(script: Any) -> list[ClaimReading]:
    problems = {name: one["problems"] for name, one in DATA["benchmarks"].items()}
    tables = {name: script.table_of(given) for name, given in DATA["tables"].items()}
    spreads = script.spreads_of_counts()
    return [read_claim(claim, problems, spreads) for claim in script.claims_of(DATA["claims"], tables)]


def test_the_page_is_what_its_data_say(script: Any) -> None:
    assert script.PAGE.read_text("utf-8") == script.page()


@pytest.mark.parametrize("name", DATA["tables"])
def test_cells_at_k_equal_to_n_are_whole_numbers_of_problems(name: str) -> None:
    table = DATA["tables"][name]
    if table.get("means_of_runs"):
        return
    for arm, row in table["rows"].items():
        for benchmark, cells in row.items():
            assert len(cells) == len(table["k"])
            assert cells == sorted(cells), f"{arm}, {benchmark}: pass@k falls"
            if benchmark in WHOLE and table["samples"][benchmark] == table["k"][-1]:
                m = WHOLE[benchmark]
                digits = 2 if name == "casp_code" else 1  # of the print
                assert round(100 * round(cells[-1] * m / 100) / m, digits) == pytest.approx(cells[-1]), f"{arm}, {benchmark}"


def means(readings: list[ClaimReading], table: str, arm: str, against: str) -> dict[int, ClaimReading]:
    source, model = DATA["tables"][table]["source"], DATA["tables"][table]["model"]
    mine = [r for r in readings if (r.claim.table.source, r.claim.table.model) == (source, model)]
    return {r.claim.k: r for r in mine if (r.claim.arm, r.claim.against) == (arm, against)}


def test_the_means_are_those_that_the_papers_print(readings: list[ClaimReading]) -> None:
    # last column of Table 1: SimKO 43.4/80.5, GRPO 41.7/76.1, Base 25.8/76.4; at 32B 48.1/76.2 against 46.5/71.6
    for table, against, printed in (
        ("casp_7b", "GRPO", {1: 43.4 - 41.7, 256: 80.5 - 76.1}),
        ("casp_7b", "Base", {1: 43.4 - 25.8, 256: 80.5 - 76.4}),
        ("casp_32b", "GRPO", {1: 48.1 - 46.5, 128: 76.2 - 71.6}),
    ):
        for k, reading in means(readings, table, "SimKO", against).items():
            assert 100 * reading.mean == pytest.approx(printed[k], abs=0.11)


def test_what_the_page_says_of_trained_arms_holds(readings: list[ClaimReading]) -> None:
    trained = [one for one in readings if one.claim.against != "Base"]
    assert not [one for one in trained if len(one.pairs) >= 3 and one.standing == Standing.STANDS]
    alone = [(r.claim.arm, p) for r in trained for p, s in zip(r.pairs, r.alone, strict=True) if s == Standing.STANDS]
    assert {(arm, pair.benchmark) for arm, pair in alone if pair.problems <= 675 and pair.benchmark != "SynLogic"} == {
        ("SimKO", "MATH500"),
        ("PSR", "MATH500"),
        ("PSR", "Olympiad"),
    }
    few = [pair for one in trained for pair in one.pairs if pair.problems <= 40]
    assert max(abs(pair.difference) for pair in few) == pytest.approx(0.142)


def test_what_the_page_says_of_single_claims_holds(readings: list[ClaimReading]) -> None:
    for table, k in (("casp_7b", 256), ("casp_32b", 128)):
        one = means(readings, table, "SimKO", "GRPO")[k]
        assert one.bands[Assumption.MEASURED][0] > 0 > one.bands[Assumption.INDEPENDENT][0]
    assert means(readings, "casp_3b", "SimKO", "GRPO")[256].standing == Standing.NOISE
    assert {one.standing for one in means(readings, "casp_1024", "SimKO", "GRPO").values()} == {Standing.NOISE}
    for arm in ("NSR", "W-REINFORCE", "PSR"):
        one = means(readings, "decomposed", arm, "GRPO")[256]
        assert one.alone[0] == Standing.STANDS and one.standing == (Standing.DEPENDS if arm == "PSR" else Standing.NOISE)
    assert means(readings, "casp_7b", "GRPO", "Base")[256].standing == Standing.NOISE
    assert means(readings, "decomposed", "GRPO", "Base")[256].standing == Standing.NOISE
    assert means(readings, "casp_32b", "GRPO", "Base")[128].standing == Standing.DEPENDS
    for arm in ("GRPO", "DAPO"):
        ace = means(readings, "ace_grpo", f"ACE over {arm}", arm)[32]
        assert (
            ace.bands[Assumption.INDEPENDENT][0]
            < 0
            < min(ace.bands[one][0] for one in (Assumption.MEASURED, Assumption.NESTED))
        )
