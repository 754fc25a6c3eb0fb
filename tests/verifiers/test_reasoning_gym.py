"""Puzzles of reasoning-gym (Apache-2.0) and their scoring, made by the package itself."""

from __future__ import annotations

import json

import pytest

from asym_lit.tasks import ReasoningGym
from asym_lit.types import Outcome, Prompt, SubmittingVerifier, Verifier
from asym_lit.verifiers import ReasoningGymScore


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
        ("rearc", {}, "works on objects that no transcript can hold"),
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
