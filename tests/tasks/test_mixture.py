import math

import pytest

from asym_lit.tasks import Countdown, Mixture, Operation
from asym_lit.types import InputError

SMALL = {"train_size": 6, "val_size": 3, "test_size": 2}


def mixture(shares: list[float]) -> Mixture:
    return Mixture([Countdown(**SMALL), Operation(**SMALL)], shares)


def test_demonstrations_are_drawn_by_share():
    drawn = [mixture([6, 2]).demonstration(0, index)[0].task for index in range(2000)]
    # 1/4 of 2000 draws: a standard deviation of 0.0097.
    assert drawn.count("operation") / 2000 == pytest.approx(0.25, abs=0.03)
    assert drawn.count("operation") + drawn.count("countdown") == 2000


def test_a_demonstration_is_the_one_its_task_gives_and_depends_on_seed_and_index_alone():
    mixed = mixture([1, 1])
    for index in range(20):
        prompt, response = mixed.demonstration(4, index)
        task = next(task for task in mixed.tasks if task.name == prompt.task)
        assert (prompt, response) == task.demonstration(4, index) == mixture([1, 1]).demonstration(4, index)


def test_a_share_of_one_alone_is_that_task():
    assert [mixture([0, 1]).demonstration(2, i) for i in range(5)] == [Operation().demonstration(2, i) for i in range(5)]


@pytest.mark.parametrize(("split", "size"), [("train", 6), ("val", 3), ("test", 2)])
def test_the_problems_of_all_tasks_are_there_once(split, size):
    prompts = mixture([0.9, 0.1]).prompts(split)
    assert [prompt.task for prompt in prompts] == ["countdown"] * size + ["operation"] * size
    assert len({prompt.uid for prompt in prompts}) == 2 * size


@pytest.mark.parametrize(
    ("shares", "words"),
    [
        ([1.0], "shares has 1 numbers for 2 tasks; write one for each task"),
        ([1.0, -0.5], r"shares is \[1\.0, -0\.5\]; allowed: finite numbers of 0 or more"),
        ([0.0, 0.0], "not all of them 0"),
        ([1.0, math.inf], "allowed: finite numbers"),
        ([1.0, math.nan], "allowed: finite numbers"),
    ],
)
def test_shares_that_say_nothing_are_refused(shares, words):
    with pytest.raises(InputError, match=words):
        mixture(shares)


def test_a_mixture_of_nothing_is_refused():
    with pytest.raises(InputError, match="0 numbers for 0 tasks"):
        Mixture([], [])
