"""Puzzles of reasoning-gym (Apache-2.0) and their scoring, made by the package itself."""

from __future__ import annotations

import json
from fractions import Fraction

import pytest

from asym_lit.tasks import ReasoningGym
from asym_lit.tasks.reasoning_gym_generator import packed, unpacked
from asym_lit.types import Outcome, Prompt, SubmittingVerifier, Verifier
from asym_lit.verifiers import ReasoningGymScore
from asym_lit.verifiers.reasoning_gym_worker import unpacked as unpacked_by_the_scorer

UNFIT = ("coin_flip", "game_of_life_halting", "puzzle24")


@pytest.fixture(scope="module")
def verifier():
    pytest.importorskip("reasoning_gym", reason="reasoning-gym is not installed: pip install 'asym_lit[logic]'")
    found = ReasoningGymScore(workers=1, seconds=1.0)
    yield found
    found.close()


@pytest.fixture
def few(verifier):
    return lambda dataset="knights_knaves", train=6, **settings: ReasoningGym(dataset, settings, train, 3, 2)


def test_splits_are_seeded_and_share_no_problem(few):
    task = few()
    uids = {split: [p.uid for p in task.prompts(split)] for split in ("train", "val", "test")}
    assert {split: len(found) for split, found in uids.items()} == {"train": 6, "val": 3, "test": 2}
    assert len({uid for found in uids.values() for uid in found}) == 11
    assert [p.uid for p in few(train=9).prompts("val")] == uids["val"]
    assert [p.uid for p in few(train=9).prompts("train")][:6] == uids["train"]


def test_prompts_are_plain_and_a_setting_reaches_the_generator(few):
    prompt = few("chain_sum", min_terms=2, max_terms=2, min_digits=1, max_digits=1).prompts("train")[0]
    assert json.loads(json.dumps(dict(prompt.answer))) == prompt.answer
    assert prompt.answer["metadata"]["num_terms"] == 2
    assert prompt.task == "chain_sum"


@pytest.mark.parametrize("dataset", ["knights_knaves", "mini_sudoku", "countdown"])
def test_its_own_scoring_decides(verifier, few, dataset):
    assert isinstance(verifier, Verifier) and isinstance(verifier, SubmittingVerifier)
    prompt = few(dataset).prompts("train")[0]
    right = f"so <answer>0</answer>, no: <answer>{prompt.answer['solution']}</answer>"
    assert verifier.verify(prompt, right).outcome == Outcome.CORRECT
    assert verifier.verify(prompt, "<answer>no idea</answer>").outcome == Outcome.INCORRECT
    assert verifier.verify(prompt, prompt.answer["solution"]).reason == "no <answer> ... </answer>"


def test_an_answer_that_does_not_end_is_undecided_and_the_next_is_judged(verifier, few):
    prompt = few("countdown").prompts("train")[0]
    assert verifier.verify(prompt, "<answer>9**9**9**9</answer>").outcome == Outcome.UNDECIDED
    assert verifier.verify(prompt, f"<answer>{prompt.answer['solution']}</answer>").outcome == Outcome.CORRECT


def test_an_answer_cannot_write_a_file(verifier, few, tmp_path):
    prompt = few("countdown").prompts("train")[0]
    verifier.verify(prompt, f"<answer>open('{tmp_path}/written', 'w').write('x')</answer>")
    written = tmp_path / "written"
    assert not written.exists() or written.read_text() == ""


@pytest.mark.parametrize(
    ("dataset", "settings", "words"),
    [
        ("nope", {}, "has no generator 'nope'; it has .*knights_knaves"),
        ("countdown", {"colour": 3}, "countdown cannot be made with .*colour"),
        *((name, {}, f"scoring of reasoning-gym's {name} calls wrong answers right") for name in UNFIT),
    ],
)
def test_what_cannot_be_made_or_scored_is_refused(few, dataset, settings, words):
    with pytest.raises(ValueError, match=words):
        few(dataset, **settings).prompts("train")


def test_prompts_of_another_task_and_settings_out_of_bounds_are_refused(verifier):
    with pytest.raises(ValueError, match="is no problem of the task ReasoningGym"):
        verifier.submit(Prompt("u", "1+1", {"answer": "2"}, "sums"), "2")
    with pytest.raises(ValueError, match="least of ReasoningGymScore is 0"):
        ReasoningGymScore(least=0)
    with pytest.raises(ValueError, match="train_size is 0"):
        ReasoningGym("countdown", train_size=0)


def test_problems_do_not_hang_on_the_hash_seed_of_a_process(few, monkeypatch):
    for name in ("ransom_note", "isomorphic_strings"):
        found = []
        for seed in ("1", "2"):
            monkeypatch.setenv("PYTHONHASHSEED", seed)
            found.append([prompt.uid for prompt in few(name).prompts("train")])
        assert found[0] == found[1]


def test_sizes_change_no_problem_that_comes_before(few):
    assert few("acre", train=9).prompts("train")[:6] == few("acre").prompts("train")


def test_a_grid_survives_json_and_an_answer_that_its_scoring_cannot_read_is_wrong(verifier, few):
    grid = few("rearc").prompts("train")[0]
    assert verifier.verify(grid, f"<answer>{grid.answer['solution']}</answer>").outcome == Outcome.CORRECT
    number = few("prime_factorization").prompts("train")[0]  # raises a ValueError
    verdict = verifier.verify(number, "<answer>no idea</answer>")
    assert (verdict.outcome, verdict.reason) == (Outcome.INCORRECT, "its scoring cannot read the answer")


def test_types_that_json_has_none_of_come_back():
    value = {"a": ((1, 2), [3]), "b": {(0, 1): {1}}, "c": Fraction(1, 3), "d": None}
    assert unpacked(json.loads(json.dumps(packed(value)))) == value
    assert unpacked_by_the_scorer(json.loads(json.dumps(packed(value)))) == value
