"""Small puzzles: their answers are what the words say, and their demonstrations are right."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from asym_lit.tasks import SmallPuzzles
from asym_lit.tasks.small_puzzles import WORDS
from asym_lit.types import DemonstratedTask, InputError
from asym_lit.verifiers import SynLogicRules

SIZES = {"train_size": 80, "val_size": 20, "test_size": 20}
SPLITS = ("train", "val", "test")


def honest_by_words(text: str) -> dict[str, bool]:
    """Who tells the truth, from the clues alone: every way is tried, and one holds."""
    said = [(a, b, verb == "lies") for a, b, verb in re.findall(r"(\w+) says that (\w+) (lies|tells the truth)\.", text)]
    known = {name: verb != "lies" for name, verb in re.findall(r"(?:^|\. )(\w+) (lies|tells the truth)\.", text)}
    names = sorted({name for a, b, _ in said for name in (a, b)} | set(known))
    holding = []
    for bits in range(2 ** len(names)):
        world = {name: bool(bits >> i & 1) for i, name in enumerate(names)}
        if all(world[n] == k for n, k in known.items()) and all((world[b] != lies) == world[a] for a, b, lies in said):
            holding.append(world)
    (only,) = holding
    return only


@pytest.mark.parametrize("shuffled", [False, True])
def test_who_lies_follows_from_the_clues_alone(shuffled):
    task = SmallPuzzles(kinds=["web_of_lies"], people=[3, 4], asked=2, shuffled=shuffled, **SIZES)
    for prompt in task.prompts("train"):
        world = honest_by_words(prompt.text)
        asked = re.findall(r"Does (\w+) tell the truth\?", prompt.text)
        assert len(asked) == 2
        assert prompt.answer["answer"] == ", ".join("yes" if world[name] else "no" for name in asked), prompt.text
    assert set(Counter(p.answer["answer"] for p in task.prompts("train"))) == {"yes, yes", "yes, no", "no, yes", "no, no"}


def test_demonstrations_are_right_by_the_rules_and_end_with_the_answer():
    task, verifier = SmallPuzzles(people=4, words=5, front=3, **SIZES), SynLogicRules()
    assert isinstance(task, DemonstratedTask)
    kinds = Counter(prompt.answer["kind"] for prompt in task.prompts("train"))
    assert set(kinds) == {"web_of_lies", "word_sorting"} and min(kinds.values()) > 20
    for index in range(60):
        prompt, shown = task.demonstration(1, index)
        assert verifier.verify(prompt, shown).outcome == "correct", (prompt.text, shown)
        assert shown.endswith(f"The answer is {prompt.answer['answer']}.") and "\n" not in shown


def test_splits_share_no_problem_and_are_the_same_in_every_process():
    task = SmallPuzzles(**SIZES)
    uids = [p.uid for split in SPLITS for p in task.prompts(split)]
    assert len(uids) == len(set(uids)) == 120
    assert [p.text for p in SmallPuzzles(train_size=5, val_size=20, test_size=1).prompts("val")] == [
        p.text for p in task.prompts("val")
    ]
    assert [p.text for p in SmallPuzzles(seed=1, **SIZES).prompts("val")] != [p.text for p in task.prompts("val")]


def test_difficulty_is_in_the_settings():
    plain = SmallPuzzles(kinds=["word_sorting"], words=2, front=0, **SIZES).prompts("train")[0]
    words = plain.answer["metadata"]["words"]
    assert plain.answer["answer"] == ", ".join(sorted(words)) and "alphabet" not in plain.text
    changed = SmallPuzzles(kinds=["word_sorting"], words=4, front=3, **SIZES).prompts("train")
    assert sum(p.answer["answer"] != ", ".join(sorted(p.answer["metadata"]["words"])) for p in changed) > 60
    many = SmallPuzzles(kinds=["web_of_lies"], people=7, asked=5, **SIZES).prompts("train")[0]
    assert many.text.count(" says that ") == 6 and many.text.count("?") == 5
    assert len(WORDS) == len(set(WORDS)) > 120 and all(word.isalpha() and word.islower() for word in WORDS)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"kinds": ["web_of_lie"]}, r"names 'web_of_lie'.*Did you mean 'web_of_lies'\?"),
        ({"kinds": []}, "is empty; allowed: web_of_lies, word_sorting"),
        ({"people": 1}, "people is 1; allowed: 2 to 12"),
        ({"people": [3, 4], "asked": 3}, r"asked is 3 and people \[3, 4\]; allowed: 1 to one less"),
        ({"words": 13}, "words is 13; allowed: 2 to 12"),
        ({"front": 9}, "front is 9; allowed: 0 to 8"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings, words):
    with pytest.raises(InputError, match=words):
        SmallPuzzles(**settings)
