from collections import Counter

import pytest

from asym_lit.rollout.curricula import Learnability, MarginalGain, Uniform
from asym_lit.rollout.curriculum_loader import CurriculumLoader, tally
from asym_lit.rollout.prompts import PromptLoader
from asym_lit.types import InputError
from fakes import make_prompt, make_rollout

PROMPTS = [make_prompt(uid=f"p{i}") for i in range(10)]


def loader(curriculum=None, **changes):
    settings = {"prompts": PROMPTS, "prompts_per_step": 4, "steps": 5, "seed": 0, "responses": 8, "past": None, **changes}
    return CurriculumLoader(curriculum or Learnability(most_groups=1), **settings)


def plain(**changes):
    return PromptLoader(**{"prompts": PROMPTS, "prompts_per_step": 4, "steps": 5, "seed": 0, **changes})


def alone(mine):
    return mine


def answered(batch, rate, n=8):
    """Responses to each problem of a batch, of which the share that `rate` gives is right."""
    slots = Counter(prompt.uid for _, prompt in batch)
    return [
        [make_rollout(prompt=make_prompt(uid=uid), reward=float(i < round(rate(uid) * n * count))) for i in range(n * count)]
        for uid, count in slots.items()
    ]


def run(one, rate=lambda uid: int(uid[1:]) / 9, steps=None):
    """The batches of a loader whose problems are answered as `rate` says."""
    served = []
    for step, batch in enumerate(one):
        served.append([(slot, prompt.uid) for slot, prompt in batch])
        one.learn(answered(batch, rate), alone)
        if steps and step + 1 == steps:
            break
    return served


@pytest.mark.parametrize("world_size", [1, 2, 4])
def test_a_uniform_curriculum_draws_what_no_curriculum_does(world_size):
    for rank in range(world_size):
        batches = [[(slot, p.uid) for slot, p in batch] for batch in plain(rank=rank, world_size=world_size)]
        assert run(loader(Uniform(), rank=rank, world_size=world_size)) == batches


def test_a_uniform_curriculum_draws_the_same_replacements():
    mine, other = loader(Uniform()), plain()
    for one in (mine, other):
        next(iter(one))
    assert [p.uid for p in mine.draw(9)] == [p.uid for p in other.draw(9)]
    assert mine.drawn == other.drawn


def test_marginal_gain_at_1_draws_what_no_curriculum_does():
    curriculum = MarginalGain(k=1, retire_at=1.0, most_groups=1)
    assert run(loader(curriculum)) == [[(slot, p.uid) for slot, p in batch] for batch in plain()]


def test_problems_are_asked_in_proportion_to_their_chances():
    # p0 never right, p1 half right, p2 always: gains 9/110, 25/110, 9/110 after one visit of 8, and nothing is learned.
    one = loader(prompts=PROMPTS[:3], steps=5000, prompts_per_step=1)
    one.known.visit([("p0", 8, 0), ("p1", 8, 4), ("p2", 8, 8)], 0.0)
    asked = Counter(prompt.uid for batch in one for _, prompt in batch)
    # 5000 x 9/43 = 1046.5 and 5000 x 25/43 = 2907; four standard deviations are 115 and 140.
    assert asked["p0"] == pytest.approx(1046.5, abs=115)
    assert asked["p1"] == pytest.approx(2907, abs=140)
    assert asked["p2"] == pytest.approx(1046.5, abs=115)


def test_a_solved_problem_comes_back_as_often_as_it_is_told_to():
    one = loader(Learnability(comeback=0.25, most_groups=1), prompts=PROMPTS[:2], steps=4000, prompts_per_step=1)
    one.known.visit([("p0", 8, 4), ("p1", 100, 100)], 0.0)
    asked = Counter(prompt.uid for batch in one for _, prompt in batch)
    assert asked["p1"] == pytest.approx(800, abs=102)  # a quarter of p0's; four standard deviations
    never = loader(Learnability(comeback=0.0, most_groups=1), prompts=PROMPTS[:2], steps=50, prompts_per_step=1)
    never.known.visit([("p0", 8, 4), ("p1", 100, 100)], 0.0)
    assert {prompt.uid for batch in never for _, prompt in batch} == {"p0"}


def test_a_hard_problem_takes_slots_that_stand_together_and_the_step_has_as_many():
    one = loader(Learnability(most_groups=3, aim=0.9), prompts_per_step=6, prompts=PROMPTS[:4])
    one.known.visit([("p0", 8, 0), ("p1", 8, 4), ("p2", 8, 4), ("p3", 8, 0)], 0.2)
    for batch in one:
        assert [slot for slot, _ in batch] == list(range(6))
        assert sum(one.groups_each.values()) == 6
        for start, size in one.groups_each.items():
            assert len({prompt.uid for slot, prompt in batch if start <= slot < start + size}) == 1
            is_last = start + size == 6
            assert size <= 3 if is_last else size == {"p0": 3, "p1": 1, "p2": 1, "p3": 3}[dict(batch)[start].uid]
    assert 3 in one.groups_each.values() or 2 in one.groups_each.values()


@pytest.mark.parametrize("world_size", [2, 4])
def test_ranks_share_whole_problems_and_know_the_same(world_size):
    curriculum = Learnability(most_groups=3)
    together = loader(curriculum, prompts_per_step=12, steps=12)
    ranks = [loader(curriculum, prompts_per_step=12, steps=12, rank=rank, world_size=world_size) for rank in range(world_size)]
    rate = lambda uid: 0.0 if uid < "p6" else 0.5  # noqa: E731
    sizes = set()
    for whole, *parts in zip(together, *ranks, strict=True):
        assert [entry for part in parts for entry in part] == whole
        assert all(parts)
        for start, size in together.groups_each.items():
            sizes.add(size)
            assert sum(any(start <= slot < start + size for slot, _ in part) for part in parts) == 1
        together.learn(answered(whole, rate), alone)
        everything = [tally(rollouts) for part in parts for rollouts in answered(part, rate)]
        for one in ranks:
            one.learn([], lambda mine: everything)  # noqa: B023 - called at once
            assert one.metrics() == together.metrics()
    assert {1, 3} <= sizes
    first, *others = [one.state_dict() for one in (together, *ranks)]
    for other in others:
        assert {name: other[name] for name in ("drawn", "served")} == {name: first[name] for name in ("drawn", "served")}
        assert all((other["known"][name] == first["known"][name]).all() for name in ("right", "wrong", "visits", "solved"))


@pytest.mark.parametrize("stop", [1, 2, 4])
def test_a_loader_goes_on_where_another_stopped(stop):
    curriculum = Learnability(most_groups=2)
    whole = run(loader(curriculum))
    first = loader(curriculum)
    run(first, steps=stop)
    second = loader(curriculum)
    second.load_state_dict(first.state_dict())
    assert run(second) == whole[stop:]


def test_a_step_that_is_taken_back_is_served_again_and_unlearned():
    one = loader(Learnability(most_groups=2))
    batches = iter(one)
    one.learn(answered(next(batches), lambda uid: 0.5), alone)
    before = one.state_dict()
    again = next(batches)
    one.learn(answered(again, lambda uid: 0.0), alone)
    one.rewind()
    assert one.state_dict()["known"]["wrong"].tolist() == before["known"]["wrong"].tolist()
    assert next(iter(one)) == again


def test_a_checkpoint_without_a_curriculum_is_gone_on_with_and_nothing_known():
    first = plain()
    next(iter(first))
    one = loader()
    one.load_state_dict(first.state_dict())
    assert (one.drawn, one.known.visits_U.sum()) == (4, 0)
    other = plain()
    other.load_state_dict(one.state_dict())
    assert other.drawn == 4


def test_of_one_problem_that_is_solved_all_is_asked_as_without_a_curriculum():
    one = loader(Learnability(comeback=0.0, most_groups=1), prompts=PROMPTS[:1], prompts_per_step=4)
    assert run(one, lambda uid: 1.0) == [[(slot, "p0") for slot in range(4)]] * 5
    assert one.metrics()["curriculum/retired"] == 1


def test_fewer_problems_than_slots_are_asked_again_in_the_same_step():
    one = loader(prompts=PROMPTS[:3], prompts_per_step=8, steps=1)
    (batch,) = run(one)
    assert sorted(Counter(uid for _, uid in batch).values()) == [2, 3, 3]


def test_the_verdicts_in_use_count_and_undecided_ones_do_not():
    rollouts = [make_rollout(reward=reward) for reward in (1.0, 0.0, None, 1.0)]
    assert tally(rollouts) == ("p", 3, 2)


def test_metrics_say_what_is_known_of_all_problems():
    one = loader(Learnability(comeback=0.5, most_groups=2), prompts=PROMPTS[:4], prompts_per_step=4)
    one.learn(
        [
            [make_rollout(prompt=make_prompt(uid="p0"), reward=0.0)] * 8,
            [make_rollout(prompt=make_prompt(uid="p1"), reward=float(i < 4)) for i in range(8)],
            [make_rollout(prompt=make_prompt(uid="p2"), reward=1.0)] * 98,
        ],
        alone,
    )
    found = one.metrics()
    # Means 1/10, 1/2, 99/100, and 1/2 of p3, which was not asked; p2 rests. Chances 9/25, 1, 0.5, (1/6) / (25/110).
    assert found["curriculum/retired"] == 0.25
    assert found["curriculum/never_solved"] == 0.25
    assert found["curriculum/visited"] == 0.75
    assert found["curriculum/mean_success"] == pytest.approx((0.1 + 0.5 + 0.99 + 0.5) / 4)
    chances = [9 / 25, 1, 0.5, 110 / 150]
    expected = sum(chances) ** 2 / sum(c * c for c in chances)
    assert found["curriculum/effective_problems"] == pytest.approx(expected)
    next(iter(one))
    assert one.metrics()["curriculum/groups_per_problem"] == pytest.approx(4 / len(one.groups_each))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"curriculum": Learnability(most_groups=4), "world_size": 2},
            r"most_groups is 4 .* 4 on 2 processes.*allowed: 1 to 2",
        ),
        ({"curriculum": Learnability(most_groups=8)}, r"most_groups is 8 .* on 1 process.*allowed: 1 to 4"),
        ({"responses": 2}, "retire_at is 0.95"),
        ({"past": {"elsewhere": [(8, 8)]}}, "none of them is among the 10"),
        ({"prompts": []}, "no training prompts"),
        ({"prompts": [make_prompt((1,), uid="x"), make_prompt((2,), uid="x")]}, "are called 'x'"),
    ],
)
def test_what_cannot_be_drawn_from_is_refused_before_the_first_batch(changes, words):
    with pytest.raises(InputError, match=words):
        loader(**changes)


def test_a_curriculum_without_any_gain_is_refused_before_the_first_batch():
    class Nothing(Uniform):
        def gain(self, right_U, wrong_U):
            return 0 * right_U

    with pytest.raises(InputError, match="Nothing gives all 10 problems a gain of 0"):
        loader(Nothing())


def test_a_run_may_start_from_what_others_found_out():
    one = loader(past={"p3": [(8, 0), (8, 8)]})
    assert float(one.known.right_U[3]) == 8
    assert float(one.known.wrong_U[3]) == pytest.approx(6.4)  # 0.8 x 8
