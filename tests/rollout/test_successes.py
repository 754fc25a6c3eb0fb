import pytest
import torch

from asym_lit.rollout.successes import Successes
from asym_lit.types import InputError
from fakes import make_prompt


def fresh(*uids):
    return Successes([make_prompt(uid=uid) for uid in uids or ("a", "b", "c")])


def test_nothing_is_known_before_the_first_visit():
    found = fresh()
    assert found.mean_U.tolist() == [0.5, 0.5, 0.5]
    assert found.visits_U.tolist() == [0, 0, 0]


def test_a_visit_counts_in_full_and_takes_its_share_of_the_earlier_ones():
    found = fresh()
    found.visit([("a", 8, 2)], 0.25)
    found.visit([("a", 4, 4)], 0.25)
    # right 0.75 x 2 + 4 = 5.5, wrong 0.75 x 6 + 0 = 4.5, mean 6.5/12
    assert (float(found.right_U[0]), float(found.wrong_U[0])) == (5.5, 4.5)
    assert float(found.mean_U[0]) == pytest.approx(6.5 / 12)
    assert found.right_U[1:].tolist() == [0, 0]


def test_without_forgetting_all_visits_count_alike_and_with_1_the_latest_alone():
    for forgetting, right, wrong in ((0.0, 6.0, 6.0), (1.0, 4.0, 0.0)):
        found = fresh()
        found.visit([("a", 8, 2)], forgetting)
        found.visit([("a", 4, 4)], forgetting)
        assert (float(found.right_U[0]), float(found.wrong_U[0])) == (right, wrong)


def test_all_tallies_of_a_problem_in_a_step_are_one_visit_in_any_order():
    one, other = fresh(), fresh()
    tallies = [("b", 4, 1), ("a", 4, 0), ("b", 8, 8)]
    for found, order in ((one, tallies), (other, tallies[::-1])):
        found.visit([("b", 4, 4)], 0.5)
        found.visit(order, 0.5)
    assert one.right_U.tolist() == other.right_U.tolist() == [0, 11, 0]  # 0.5 x 4 + 9
    assert one.visits_U.tolist() == [1, 2, 0]


def test_a_visit_without_a_decided_response_is_none():
    found = fresh()
    found.visit([("a", 4, 1)], 0.5)
    found.visit([("a", 0, 0)], 0.5)
    assert (float(found.right_U[0]), int(found.visits_U[0])) == (1, 1)


def test_a_problem_that_was_solved_once_stays_known_as_such():
    found = fresh()
    found.visit([("a", 4, 1)], 1.0)
    found.visit([("a", 4, 0)], 1.0)
    assert found.solved_U.tolist() == [True, False, False]


def test_prompts_with_one_uid_are_one_problem():
    found = fresh("a", "b", "a")
    assert found.uids == ["a", "b"]
    assert found.problem_of.tolist() == [0, 1, 0]


def test_problems_that_share_a_name_are_refused():
    with pytest.raises(InputError, match=r"are called 'a'.*under its uid"):
        Successes([make_prompt(uid="a"), make_prompt((9,), uid="a")])
    with pytest.raises(InputError, match="has no uid"):
        Successes([make_prompt(uid="")])


def test_a_past_is_taken_in_visit_by_visit():
    found, visited = fresh(), fresh()
    found.begin({"b": [(8, 0), (8, 4)], "elsewhere": [(8, 8)]}, 0.25, "history.parquet")
    for tally in (("b", 8, 0), ("b", 8, 4)):
        visited.visit([tally], 0.25)
    assert found.right_U.tolist() == visited.right_U.tolist() == [0, 4, 0]
    assert found.wrong_U.tolist() == visited.wrong_U.tolist() == [0, 10, 0]


def test_a_past_of_other_problems_is_refused():
    with pytest.raises(InputError, match=r"history\.parquet knows 1 problems, and none of them is among the 3"):
        fresh().begin({"elsewhere": [(8, 8)]}, 0.2, "history.parquet")


def test_the_state_is_plain_and_goes_on_to_the_bit(tmp_path):
    first, second = fresh(), fresh()
    first.visit([("a", 7, 3), ("c", 5, 5)], 0.3)
    torch.save(first.state_dict(), tmp_path / "state")
    second.load_state_dict(torch.load(tmp_path / "state", weights_only=True))
    for found in (first, second):
        found.visit([("a", 7, 4), ("b", 3, 0)], 0.3)
    for name in ("right_U", "wrong_U", "visits_U", "solved_U"):
        assert torch.equal(getattr(first, name), getattr(second, name)), name


def test_a_state_is_no_view_of_what_goes_on():
    found = fresh()
    state = found.state_dict()
    found.visit([("a", 8, 8)], 0.2)
    assert state["right"].tolist() == [0, 0, 0]


def test_the_state_of_other_problems_is_refused():
    with pytest.raises(InputError, match="curriculum knows other problems"):
        fresh("a", "b", "d").load_state_dict(fresh().state_dict())
