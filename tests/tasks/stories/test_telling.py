"""Every wording of every step, told many times: grammar, pronouns, nothing left open."""

from __future__ import annotations

import random
import re
from collections import Counter

import pytest

from asym_lit.tasks.stories.steps import Step
from asym_lit.tasks.stories.telling import STEPS, Ranges, told_story
from asym_lit.tasks.stories.words import PEOPLE

RANGES = Ranges(low=1, high=12, factor_high=6, largest=300, operations="+-*/")
WOMEN = {person.name for person in PEOPLE if person.he == "she"}
MEN = {person.name for person in PEOPLE if person.he == "he"}


@pytest.fixture(scope="module")
def stories():
    made = (told_story(random.Random(i), RANGES, 1 + i % 4, i % 3 == 0) for i in range(6000))
    return [story for story in made if story is not None]


def test_there_are_at_least_twelve_kinds_of_steps_with_three_wordings_each():
    assert len(STEPS) >= 12
    assert all(isinstance(step, Step) and len(set(step.wordings)) >= 3 for step in STEPS)
    assert {step.operator for step in STEPS} == set("+-*/")


def test_every_wording_is_told(stories):
    text = "\n".join(story.text for story in stories)
    for step in STEPS:
        for wording in (*step.wordings, *step.questions):
            parts = [re.escape(part) for part in re.split(r"\{\w+\}", wording)]
            assert re.search(r"[^.?\n]*?".join(parts), text, re.IGNORECASE), wording


def test_nouns_agree_with_their_numbers_and_no_field_is_left_open(stories):
    for story in stories:
        assert "{" not in story.text and "  " not in story.text
        for number, noun in re.findall(r"\b(\d+) (?:more |fewer )?([a-z]+)", story.text):
            if noun not in ("each", "times", "is", "in", "and", "of", "equal", "days", "pieces", "weeks"):
                assert noun.endswith(("s", "children", "people")) == (number != "1"), story.text


def test_a_story_is_sentences_with_capitals_and_one_question(stories):
    for story in stories:
        sentences = re.split(r"(?<=[.?]) ", story.text)
        assert all(sentence[0].isupper() or sentence[0].isdigit() for sentence in sentences), story.text
        assert sentences[-1].endswith("?") or sentences[-1].startswith("Find "), story.text
        assert not any(sentence.endswith("?") for sentence in sentences[:-1])


def test_a_pronoun_never_means_two(stories):
    """Where a sentence begins to speak of `she`, at most one woman was met before, or it names her first."""
    for story in stories:
        met: set[str] = set()
        for sentence in re.split(r"(?<=[.?]) ", story.text):
            for kind, pronouns in ((WOMEN, r"\b([Ss]he|[Hh]er)\b"), (MEN, r"\b([Hh]e|[Hh]im|[Hh]is)\b")):
                if found := re.search(pronouns, sentence):
                    named = [word for word in re.findall(r"[A-Z][a-z]+", sentence[: found.start()]) if word in kind & met]
                    assert named or len(met & kind) == 1, story.text
            met |= set(re.findall(r"[A-Z][a-z]+", sentence)) & (WOMEN | MEN)


def test_what_is_asked_for_is_the_last_holders(stories):
    """The question names whom the last step was about, or what was made of it."""
    for story in stories:
        asked = re.split(r"(?<=[.?]) ", story.text)[-1]
        people = [name for name in re.findall(r"[A-Z][a-z]+", asked) if name in WOMEN | MEN]
        if people:
            assert len(people) == 1 and people[0] in story.text.removesuffix(asked), story.text


def test_all_kinds_of_amounts_are_told(stories):
    begun = Counter(re.search(r"dollars|minutes|metres| of ", story.text.split(".")[0]) is None for story in stories)
    assert min(begun.values()) > 500


def test_numbers_are_the_seeds_alone():
    assert told_story(random.Random(5), RANGES, 2, False) == told_story(random.Random(5), RANGES, 2, False)
