from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from asym_lit.tasks import Countdown, OneShot, Pool
from asym_lit.tasks.one_shot import read_history
from asym_lit.types import InputError

TASK = Countdown(train_size=6, val_size=4, test_size=4)
OTHER = Countdown(train_size=2, val_size=2, test_size=2, seed=9)
UIDS = [prompt.uid for prompt in TASK.prompts("train")]
# accuracies of four responses over three visits; the last two problems are not in the pool
PAST = {UIDS[0]: [0, 0, 0], UIDS[1]: [0, 2, 4], UIDS[2]: [2, 2, 2], UIDS[3]: [4, 4, 3]}


@pytest.fixture
def history(tmp_path):
    visits = [(uid, step, right) for uid, all_right in PAST.items() for step, right in enumerate(all_right)]
    rows = [{"step": step, "uid": uid, "samples": 4, "correct": right} for uid, step, right in visits]
    path = tmp_path / "history.parquet"
    pq.write_table(pa.Table.from_pylist(rows[::-1]), path)
    return str(path)


def test_a_history_is_read_in_the_order_of_steps(history):
    assert read_history(Path(history))[UIDS[1]] == [0, 0.5, 1]


def test_the_rule_by_standard_deviation_takes_the_problem_whose_accuracy_moved_most(history):
    # 0, .408, 0, .118
    one = OneShot(TASK, "std", history)
    assert [p.uid for p in one.prompts("train")] == [UIDS[1]]
    assert OneShot(TASK, "std", history, rank=2).choice["uid"] == UIDS[3]
    assert one.choice["accuracies"] == [0, 0.5, 1]
    assert (one.choice["pool"], one.choice["rule"], len(one.choice["history_hash"])) == (4, "std", 16)


def test_nearest_half_takes_a_mean_of_one_half_and_ties_go_by_name(history):
    # means 0, .5, .5, .917
    assert OneShot(TASK, "nearest_half", history).choice["uid"] == min(UIDS[1], UIDS[2])


def test_the_random_choice_hangs_on_the_seed_and_stays_in_the_pool(history):
    chosen = {OneShot(TASK, "random", history, seed=seed).choice["uid"] for seed in range(40)}
    assert chosen == set(PAST)
    assert OneShot(TASK, "random", seed=3).choice == OneShot(TASK, "random", seed=3).choice
    assert OneShot(TASK, "random").choice["pool"] == 6


def test_evaluation_problems_and_the_name_are_those_of_the_task(history):
    for task in (OneShot(TASK, "std", history), Pool(TASK, 3)):
        assert list(task.prompts("val")) == list(TASK.prompts("val"))
        assert task.name == "countdown"
    assert [p.uid for p in Pool(TASK, 3).prompts("train")] == UIDS[:3]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda history: OneShot(TASK, "best"), "rule is 'best'; allowed: std, random, nearest_half"),
        (lambda history: OneShot(TASK, "std"), "history is missing"),
        (lambda history: OneShot(TASK, "std", history, rank=0), "rank is 0"),
        (lambda history: OneShot(TASK, "std", history, rank=5).choice, "rank is 5, but 4 training problems"),
        (lambda history: OneShot(TASK, "std", history + "x").choice, "There is no training history at"),
        (lambda history: OneShot(OTHER, "std", history).choice, "was that history written on the same task"),
        (lambda history: Pool(TASK, 0), "size is 0"),
        (lambda history: Pool(TASK, 7).prompts("train"), "size is 7, but countdown has 6 training problems"),
    ],
)
def test_what_cannot_be_chosen_from_is_refused(history, make, words):
    with pytest.raises(InputError, match=words):
        make(history)
