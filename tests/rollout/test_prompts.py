import pytest

from asym_lit.rollout.prompts import EvaluationLoader, PromptLoader
from asym_lit.types import InputError
from fakes import make_prompt

PROMPTS = [make_prompt(uid=f"p{i}") for i in range(10)]


def uids(batches):
    return [[(slot, prompt.uid) for slot, prompt in batch] for batch in batches]


def loader(**changes):
    return PromptLoader(**{"prompts": PROMPTS, "prompts_per_step": 4, "steps": 5, "seed": 0, **changes})


def test_a_pass_serves_every_prompt_once_in_an_order_of_its_own():
    served = [uid for batch in uids(loader()) for _, uid in batch]
    first, second = served[:10], served[10:]
    assert sorted(first) == sorted(second) == sorted(p.uid for p in PROMPTS)
    assert first != second
    assert first != [p.uid for p in PROMPTS]


def test_the_order_hangs_on_the_seed_alone():
    assert uids(loader()) == uids(loader())
    assert uids(loader()) != uids(loader(seed=1))


def test_slots_count_through_the_global_batch_of_each_step():
    assert [[slot for slot, _ in batch] for batch in uids(loader())] == [[0, 1, 2, 3]] * 5


def test_ranks_share_the_batches_of_a_single_process():
    alone = uids(loader())
    ranks = [uids(loader(rank=rank, world_size=2)) for rank in range(2)]
    assert [a + b for a, b in zip(*ranks, strict=True)] == alone


def test_the_length_is_the_number_of_steps_so_that_nothing_is_prefetched():
    assert len(loader()) == 5
    assert len(list(loader())) == 5


@pytest.mark.parametrize("stop", [1, 3, 4])
def test_a_loader_goes_on_where_another_stopped(stop):
    whole = uids(loader())
    first = loader()
    batches = iter(first)
    for _ in range(stop):
        next(batches)
    second = loader()
    second.load_state_dict(first.state_dict())
    assert uids(second) == whole[stop:]


def test_a_loader_goes_on_on_another_number_of_ranks():
    whole = uids(loader())
    first = loader(rank=1, world_size=2)
    next(iter(first))
    second = loader()
    second.load_state_dict(first.state_dict())
    assert uids(second) == whole[1:]


def test_replacement_draws_move_the_stream_on_and_are_part_of_the_state():
    first = loader()
    batches = iter(first)
    next(batches)
    drawn = [prompt.uid for prompt in first.draw(3)]
    stream = [uid for batch in uids(loader()) for _, uid in batch]
    assert drawn == stream[4:7]
    second = loader()
    second.load_state_dict(first.state_dict())
    assert uids(second)[0] == uids(batches)[0] == [(slot, stream[7 + slot]) for slot in range(4)]


def test_after_its_last_step_a_loader_starts_counting_anew_and_goes_on_with_the_stream():
    one = loader(steps=2)
    first, second = uids(one), uids(one)
    assert first + second == uids(loader(steps=4))


@pytest.mark.parametrize(
    ("change", "words"), [({"seed": 1}, "seed = 0, this run has 1"), ({"prompts": PROMPTS[:9]}, "prompts = 10, this run has 9")]
)
def test_the_state_of_another_stream_is_refused(change, words):
    with pytest.raises(InputError, match=words):
        loader(**change).load_state_dict(loader().state_dict())


def test_prompts_that_do_not_divide_over_the_ranks_are_refused_with_what_would():
    with pytest.raises(InputError, match=r"prompts_per_step is 4 on 3 processes; .*Write --data\.prompts_per_step 6"):
        loader(world_size=3)


def test_no_prompts_are_refused():
    with pytest.raises(InputError, match="no training prompts"):
        loader(prompts=[])


@pytest.mark.parametrize("world_size", [1, 2, 3])
@pytest.mark.parametrize("per_batch", [1, 4, 100])
def test_evaluation_serves_every_prompt_once_over_all_ranks_in_equally_many_batches(world_size, per_batch):
    loaders = [EvaluationLoader(PROMPTS, per_batch, rank, world_size) for rank in range(world_size)]
    batches = [uids(one) for one in loaders]
    assert sorted(pair for rank in batches for batch in rank for pair in batch) == [(i, f"p{i}") for i in range(10)]
    assert {len(rank) for rank in batches} == {len(loaders[0])}
    for together in zip(*batches, strict=True):
        shares = [len(batch) for batch in together]
        assert sum(shares) <= max(per_batch, world_size)
        assert max(shares) - min(shares) <= 1


def test_evaluation_of_a_single_process_keeps_the_order():
    assert uids(EvaluationLoader(PROMPTS, 4)) == [
        [(i, f"p{i}") for i in range(4)],
        [(i, f"p{i}") for i in range(4, 8)],
        [(8, "p8"), (9, "p9")],
    ]
