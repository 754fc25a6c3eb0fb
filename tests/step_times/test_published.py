"""Predictions beside published step times are those that the documentation tells."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def step_times(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    import step_times

    return step_times


def test_published_steps_are_met_within_a_factor_of_two_and_most_within_a_quarter(step_times: ModuleType) -> None:
    ratios = [ratio for _, ratio in step_times.rows_of(json.loads(step_times.DATA.read_text()))]
    assert len(ratios) >= 13
    assert all(0.5 < ratio < 2 for ratio in ratios)
    assert sum(abs(ratio - 1) <= 0.25 for ratio in ratios) > len(ratios) / 2


def test_the_table_of_the_documentation_is_that_of_the_data(step_times: ModuleType) -> None:
    page = (ROOT / "docs" / "step_times.md").read_text()
    for cells, _ in step_times.rows_of(json.loads(step_times.DATA.read_text())):
        assert f"| {' | '.join(cells)} |" in page


def test_each_published_number_has_its_source(step_times: ModuleType) -> None:
    data = json.loads(step_times.DATA.read_text())
    assert all(row["source"] for kind in ("whole", "updates", "moved") for row in data[kind])
