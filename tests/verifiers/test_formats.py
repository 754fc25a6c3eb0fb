"""Formats of whole responses: what matches, and that texts with gaps are matched in linear time."""

from __future__ import annotations

import random
import re

import pytest

from asym_lit.types import InputError
from asym_lit.verifiers import formats
from asym_lit.verifiers.formats import THINK_ANSWER, Format

OPEN_R1 = r"^<think>\n.*?\n</think>\n<answer>\n.*?\n</answer>$"


@pytest.mark.parametrize(
    ("response", "holds"),
    [
        ("<think>a</think><answer>b</answer>", True),
        (" \n<think>a</think> \n\t<answer></answer>\n", True),
        ("<think></think>x</think><answer>b</answer> <answer>c</answer>", True),
        ("<think>a</think>b<answer>c</answer>", False),
        ("so <think>a</think><answer>b</answer>", False),
        ("<think>a</think><answer>b</answer> so", False),
        ("<think>a<answer>b</answer>", False),
        ("<think>a</think><answer>b", False),
        ("<think></think><answer></answer", False),
        ("", False),
    ],
)
def test_thoughts_and_answer_in_tags_and_nothing_else_have_the_format(response, holds):
    assert Format(THINK_ANSWER).holds(response) == holds


def test_texts_may_not_overlap_and_a_gap_of_one_or_more_wants_one():
    assert not Format("ab.*ba").holds("aba") and Format("ab.*ba").holds("abba")
    assert not Format("<a>.+</a>").holds("<a></a>") and Format("<a>.+</a>").holds("<a>x</a>")
    assert not Format("a.+b.+c").holds("abbc") and Format("a.+b.+c").holds("axbxc")


@pytest.mark.parametrize(
    "pattern",
    [
        THINK_ANSWER,
        OPEN_R1,
        "a.*b",
        "(.*)a[\\s\\S]*?",
        r"a(?:.+?)b\s*a.*",
        r"\s*a\s*.*\s*\s*b",
        "a.*b.*a.*b",
        r".+a\s*b.+",
        r"a\.b.*",
    ],
)
def test_the_linear_way_finds_what_re_finds(pattern):
    format_ = Format(pattern)
    assert format_.stretches is not None
    pieces = ["a", "b", " ", "\n", ".", "a b", *re.findall(r"</?\w+>", pattern)]
    drawn = random.Random(pattern)
    counted = {True: 0, False: 0}
    for _ in range(2000):
        text = "".join(drawn.choices(pieces, k=drawn.randrange(9)))
        expected = re.fullmatch(pattern, text.strip(), re.DOTALL) is not None
        assert format_.holds(text) == expected, text
        counted[expected] += 1
    whole = "<think>\nx\n</think>\n<answer>\ny\n</answer>"
    assert format_.holds(whole) == (re.fullmatch(pattern, whole, re.DOTALL) is not None)
    assert counted[False] and (counted[True] or pattern in (THINK_ANSWER, OPEN_R1))


@pytest.mark.parametrize(
    "pattern", ["a|b.*", "a*.*", r"\d+.*", "[ab].*", r"(a).*\1", "a{2}.*", "(?i)a.*", "ab", r"a.*\s*\nb\s*c"]
)
def test_any_other_shape_is_left_to_re(pattern):
    format_ = Format(pattern)
    assert format_.stretches is None
    for text in ("a", "aab", "ab", "b", "12", "a\nb c", "aXXa"):
        assert format_.holds(text) == (re.fullmatch(pattern, text, re.DOTALL) is not None)


class Counted(str):
    """A text that counts the characters that are looked at."""

    seen = 0

    def strip(self, *_):
        return self

    def find(self, part, start=0, *_):
        found = super().find(part, start)
        Counted.seen += (len(self) if found < 0 else found) - start + len(part)
        return found

    def startswith(self, part, *where):
        Counted.seen += len(part)
        return super().startswith(part, *where)


@pytest.mark.parametrize(
    "text",
    [
        "<think>" + "</think><answer>" * 500,
        "<think>" + "</think>" * 500 + "<answer></answer",
        "<think></think>" * 500,
        "<think>" + "</think>   " * 500,
        "<think>" + "</think>" + " " * 5000,
        "<think>" * 500,
    ],
)
def test_repeated_tags_without_an_end_are_looked_at_a_few_times_each(monkeypatch, text):
    behind = formats._behind_blanks

    def counted(inside, at):
        end = behind(inside, at)
        Counted.seen += end - at + 1
        return end

    monkeypatch.setattr(formats, "_behind_blanks", counted)
    works = []
    for times in (1, 8):
        Counted.seen = 0
        assert not Format(THINK_ANSWER).holds(Counted("<think>" + text[7:] * times))
        works.append(Counted.seen)
    assert 0 < works[1] <= 4 * 8 * len(text) and works[1] < 9 * works[0]  # re: 64 times as many


def test_what_is_no_regular_expression_is_refused():
    with pytest.raises(InputError, match=r"format is '\(', which is no regular expression"):
        Format("(")
