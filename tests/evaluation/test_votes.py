from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asym_lit.evaluation.votes import Ballot, ballot, distinct_at_k, maj_at_k
from asym_lit.types import InputError


def by_subsets(votes, k):
    """maj@k and the number of right answers, over all subsets, by counting."""
    responses = [i for i, count in enumerate(votes.right) for _ in range(count)]
    responses += [-1 - i for i, count in enumerate(votes.wrong) for _ in range(count)] + [None] * votes.silent
    wins, different = [], []
    for subset in combinations(responses, k):
        voted = [answer for answer in subset if answer is not None]
        counts = {answer: voted.count(answer) for answer in voted}
        tied = [answer for answer, count in counts.items() if count == max(counts.values())]
        wins.append(sum(answer >= 0 for answer in tied) / len(tied) if tied else 0.0)
        different.append(len({answer for answer in voted if answer >= 0}))
    return np.mean(wins), np.mean(different)


def test_a_tie_of_two_counts_half_and_of_three_a_third():
    assert maj_at_k(Ballot((2,), (2,)), 4) == 0.5
    assert maj_at_k(Ballot((1,), (1, 1)), 3) == pytest.approx(1 / 3)
    assert maj_at_k(Ballot((1, 1), (1,)), 3) == pytest.approx(2 / 3)  # two right answers of the three that tie


def test_three_right_of_five_at_three():
    # right a x 3, wrong b x 2: two or three a's among 3 of 5: (C(3,2) C(2,1) + C(3,3)) / C(5,3) = 7 / 10
    assert maj_at_k(Ballot((3,), (2,)), 3) == pytest.approx(0.7)


def test_a_response_without_an_answer_casts_no_vote():
    assert maj_at_k(Ballot((1,), (), 3), 4) == 1.0
    # k = 2 of one right, three silent: it is drawn with a chance of 2/4, and then wins alone
    assert maj_at_k(Ballot((1,), (), 3), 2) == pytest.approx(0.5)
    assert maj_at_k(Ballot((), (), 4), 2) == 0.0


@given(
    st.tuples(st.lists(st.integers(1, 3), max_size=3), st.lists(st.integers(1, 3), max_size=3), st.integers(0, 2)).filter(
        lambda parts: 1 <= sum(parts[0]) + sum(parts[1]) + parts[2] <= 12
    )
)
def test_votes_agree_with_counting_over_all_subsets(parts):
    votes = Ballot(tuple(parts[0]), tuple(parts[1]), parts[2])
    for k in range(1, min(votes.samples, 8) + 1):
        wins, different = by_subsets(votes, k)
        assert maj_at_k(votes, k) == pytest.approx(wins, abs=1e-12)
        assert distinct_at_k(votes, k) == pytest.approx(different, abs=1e-12)


def test_one_vote_is_the_share_of_right_responses_and_many_votes_do_not_overflow():
    votes = Ballot((400, 40), (300, 200), 60)
    assert maj_at_k(votes, 1) == pytest.approx(0.44)
    assert 0.7 < maj_at_k(votes, 64) < 1
    large = Ballot((4_000,), (3_500, 2_500))
    assert 0.5 < maj_at_k(large, 100) < 0.9


def test_different_right_answers():
    # two right answers given once each of four: each is among 2 of 4 with a chance of 1/2
    assert distinct_at_k(Ballot((1, 1), (2,)), 2) == pytest.approx(1.0)
    assert distinct_at_k(Ballot((2, 1), (1,)), 4) == 2
    assert distinct_at_k(Ballot((), (4,)), 2) == 0


def test_answers_are_counted_by_what_they_are_and_whether_they_are_right():
    counted = ballot([("7", True), ("7", True), ("14/2", True), ("8", False), (None, False)])
    assert counted == Ballot((2, 1), (1,), 1)
    assert counted.samples == 5


@pytest.mark.parametrize(
    ("answers", "words"),
    [([("7", True), ("7", False)], "right in one response and wrong in another"), ([(None, True)], "without an answer")],
)
def test_answers_that_cannot_be_are_refused(answers, words):
    with pytest.raises(InputError, match=words):
        ballot(answers)


@pytest.mark.parametrize("k", [0, 5])
def test_a_k_out_of_range_is_refused(k):
    with pytest.raises(InputError, match="no unbiased estimate exists beyond"):
        maj_at_k(Ballot((1,), (3,)), k)
    with pytest.raises(InputError, match="no unbiased estimate exists beyond"):
        distinct_at_k(Ballot((), (4,)), k)
