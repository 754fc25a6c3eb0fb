import numpy as np
import pytest

from asym_lit.evaluation.histories import Course, history_ledger
from asym_lit.types import InputError


def visits(chances, n=8, seed=0):
    rng = np.random.default_rng(seed)
    return [(n, int(rng.binomial(n, p))) for p in chances]


def made():
    """40 visits each: 5 rise, 5 fall, 5 swing every ten visits, 60 keep a chance."""
    found = {}
    for i in range(5):
        found[f"rises {i}"] = visits(np.linspace(0.1, 0.9, 40), seed=i)
        found[f"falls {i}"] = visits(np.linspace(0.9, 0.1, 40), seed=10 + i)
        wave = [0.1] * 5 + [0.9] * 10 + [0.1] * 10 + [0.9] * 10 + [0.1] * 5
        found[f"swings {i}"] = visits(wave, seed=20 + i)
    return found | {f"keeps {i}": visits([(i % 10) / 9] * 40, seed=30 + i) for i in range(60)}


def test_problems_are_sorted_by_what_was_done_to_them():
    found = history_ledger(made())
    courses = {one.uid: one.course for one in found.problems}
    expected = {"rises": Course.LEARNED, "falls": Course.LOST, "swings": Course.SWINGS, "keeps": Course.STEADY}
    wrong = [uid for uid, course in courses.items() if course != expected[uid.split()[0]]]
    assert len(wrong) <= 2  # 5 % of about 15 findings of either kind
    assert all(uid.startswith("keeps") for uid in wrong)
    assert sum(found.counts.values()) == len(courses) == 75


def test_luck_makes_as_many_as_it_makes_where_nothing_moves():
    still = {str(i): visits([(i % 20 + 1) / 22] * 40, seed=i) for i in range(300)}
    found = history_ledger(still)
    assert found.counts[Course.STEADY] >= 297
    assert sum(found.by_luck.values()) == pytest.approx(300)
    assert not found.beyond_luck(Course.LEARNED) and history_ledger(made()).beyond_luck(Course.LEARNED)
    moved = history_ledger(made(), redraws=200)
    # 75 problems at cuts of at most 5 % a test, of which half rise
    assert 0 < moved.by_luck[Course.LEARNED] < 75 * 0.025
    assert moved.by_luck[Course.LEARNED] == pytest.approx(moved.by_luck[Course.LOST], abs=0.4)


def test_ends_are_quarters_and_the_ranking_goes_by_standard_deviation():
    found = history_ledger({"a": [(4, 0), (4, 1), (4, 3), (4, 4)], "b": [(4, 2)] * 4, "c": [(2, 1), (6, 3)]})
    by_name = {one.uid: one for one in found.problems}
    assert (by_name["a"].first, by_name["a"].last, by_name["a"].mean) == (0, 1, 0.5)
    assert by_name["a"].std == pytest.approx(np.std([0, 0.25, 0.75, 1]))
    assert [one.uid for one in found.ranking] == ["a", "b", "c"]  # ties by name
    assert found.counts[Course.STEADY] == 3


def test_one_visit_shows_nothing():
    found = history_ledger({"a": [(8, 3)], "b": [(8, 0)]})
    assert found.counts[Course.STEADY] == 2
    assert found.problems[0].trend_p == 1


def test_the_reading_hangs_on_its_seed_alone():
    assert history_ledger(made()).by_luck == history_ledger(made()).by_luck


@pytest.mark.parametrize(
    ("given", "level", "words"), [({}, 0.05, "no problems"), ({"a": [(2, 1)]}, 0.0, "level is 0.0; allowed")]
)
def test_what_cannot_be_read_is_refused(given, level, words):
    with pytest.raises(InputError, match=words):
        history_ledger(given, level)
