import pytest

from asym_lit.evaluation.published import Spread, Standing
from asym_lit.evaluation.published_claims import Claim, PublishedTable, pairs_of, read_claim, repeats
from asym_lit.types import InputError

SPREADS = [Spread(0.7, 0.7, 0.9), Spread(1.0, 1.0, 0.8)]
PROBLEMS = {"small": 30, "large": 5000}
ROWS = {"new": {"small": [10.0, 60.0], "large": [50.0, 90.0]}, "old": {"small": [12.0, 50.0], "large": [40.0, 80.0]}}
TABLE = PublishedTable("arXiv 1.2, Table 1", "model", [1, 8], {"small": 8, "large": 8}, ROWS)


def test_a_claim_is_the_mean_over_the_benchmarks_of_its_table():
    found = read_claim(Claim(TABLE, "new", "old", 1, above=True), PROBLEMS, SPREADS)
    assert found.mean == pytest.approx(0.04)  # -2 and +10 points
    assert found.alone == [Standing.NOISE, Standing.STANDS]
    assert all(low <= found.mean <= high for low, high in found.bands.values())
    assert [(p.benchmark, p.problems, p.arm, p.reference, p.k) for p in found.pairs] == [
        ("small", 30, 0.1, 0.12, 1),
        ("large", 5000, 0.5, 0.4, 1),
    ]


def test_the_same_difference_claimed_below_is_against_the_table():
    assert (
        read_claim(Claim(TABLE, "new", "old", 8, above=False), {**PROBLEMS, "small": 3000}, SPREADS).standing
        == Standing.AGAINST
    )
    assert (
        read_claim(Claim(TABLE, "new", "old", 8, above=True), {**PROBLEMS, "small": 3000}, SPREADS).standing == Standing.STANDS
    )


def test_cells_that_two_tables_print_are_found_the_farthest_apart_first():
    again = PublishedTable("arXiv 1.2, Table 9", "model", [8, 16], {"small": 16}, {"new": {"small": [55.0, 70.0]}})
    other = PublishedTable("arXiv 3.4, Table 1", "model", [1, 8], {"large": 8}, {"new": {"large": [50.5, 80.0]}})
    elsewhere = PublishedTable("arXiv 3.4, Table 1", "another model", [1, 8], TABLE.samples, ROWS)
    found = repeats([TABLE, again, other, elsewhere])
    assert [(one.benchmark, one.k, one.values, one.one_paper) for one in found] == [
        ("large", 8, (90.0, 80.0), False),
        ("small", 8, (60.0, 55.0), True),
        ("large", 1, (50.0, 50.5), False),
    ]
    assert found[0].apart == 10


@pytest.mark.parametrize(
    ("claim", "problems", "words"),
    [
        (Claim(TABLE, "newer", "old", 1, True), PROBLEMS, "it has no arm 'newer'; it has new, old"),
        (Claim(TABLE, "new", "old", 2, True), PROBLEMS, "it has no k = 2; it has 1, 8"),
        (Claim(TABLE, "new", "old", 1, True), {"small": 30}, "how many problems large has; known: small"),
        (
            Claim(
                PublishedTable("t", "m", [1, 8], {"small": 8}, {"new": {"small": [1.0]}, "old": ROWS["old"]}),
                "new",
                "old",
                1,
                True,
            ),
            PROBLEMS,
            "t, m, new: it has 1 cells of small for 2 ks",
        ),
    ],
)
def test_a_claim_that_its_table_does_not_hold_is_refused(claim, problems, words):
    with pytest.raises(InputError, match=words):
        pairs_of(claim, problems)
