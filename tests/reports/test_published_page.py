from asym_lit.evaluation.published import Assumption, Spread
from asym_lit.evaluation.published_claims import Claim, PublishedTable, read_claim, repeats
from asym_lit.reports.published_page import band, claim_table, least_table, points, repeat_table, standing_table

ROWS = {"new": {"large": [50.0, 90.0]}, "old": {"large": [40.0, 80.0]}}
TABLE = PublishedTable("arXiv 1.2, Table 1", "model", [1, 8], {"large": 8}, ROWS)
READING = read_claim(Claim(TABLE, "new", "old", 8, above=True), {"large": 5000}, [Spread(1, 1, 0.8)])


def test_differences_are_points_with_a_sign():
    assert points(0.1234) == "+12.3"
    assert band((-0.01, 0.02)) == "[\N{MINUS SIGN}1.0, +2.0]"


def test_a_claim_is_a_row_with_its_verdict_and_our_own_arm_at_the_nearest_k():
    row = claim_table([READING], {("new", "old"): {1: (0.01, 0.0, 0.02), 4: (0.05, 0.03, 0.07)}}).splitlines()[2]
    assert row.startswith("| new > old, pass@8, model, large | arXiv 1.2, Table 1 | +10.0 | ")
    assert "| **stands** | 1 / 0 / 0 / 0 | pass@4 +5.0 [+3.0, +7.0] |" in row
    assert claim_table([READING], {}).endswith("| - |")


def test_claims_are_counted_by_table():
    assert standing_table([READING, READING]).splitlines()[2:] == [
        "| arXiv 1.2, Table 1, model | 2 | 0 | 0 | 0 |",
        "| **all** | 2 | 0 | 0 | 0 |",
    ]


def test_what_cannot_be_shown_says_so_and_repeats_end_where_they_are_cut():
    least = {"small": {one: float("nan") for one in Assumption}}
    assert least_table(least, {"small": 30}).splitlines()[2] == "| small | 30 | 3.33 | cannot | cannot | cannot | cannot |"
    again = PublishedTable(
        "arXiv 1.2, Table 2", "model", [8], {"large": 8}, {"new": {"large": [88.0]}, "old": {"large": [79.0]}}
    )
    rows = repeat_table(repeats([TABLE, again]), {"large": 5000}, shown=1).splitlines()
    assert rows[2:] == [
        "| new, large, pass@8, model | arXiv 1.2, Table 1; arXiv 1.2, Table 2 | 90.0, 88.0 | 2.0 | 100.0 |",
    ]
