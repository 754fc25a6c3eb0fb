"""Tokens one by one: joined they say what the response says, and none is a replacement character."""

from __future__ import annotations

from typing import Any

import pytest

from asym_lit.policy.token_texts import token_texts
from odd_tokenizers import byte_level, space_eating

BYTES, SPACES = byte_level(), space_eating()


def texts(tokenizer: Any, written: str) -> list[str]:
    return token_texts(tokenizer, tokenizer("the").input_ids, tokenizer(written, add_special_tokens=False).input_ids)


def test_tokens_that_are_whole_characters_are_shown_as_they_are() -> None:
    assert texts(BYTES, "stop 3 the\n") == ["st", "op", " 3", " ", "the", "\n"]
    assert "".join(texts(BYTES, "stop 3 \u00c4pfel\n")) == "stop 3 \u00c4pfel\n"


@pytest.mark.parametrize("tokenizer", [BYTES, SPACES])
def test_parts_of_a_character_are_bytes_until_the_last_one_which_shows_it(tokenizer: Any) -> None:
    found = texts(tokenizer, "a\u65e5b")  # e6 97 a5, of which neither vocabulary has a token
    assert found[-4:] == [r"\xe6", r"\x97", "\u65e5", "b"]
    assert not any("\ufffd" in text for text in texts(tokenizer, "\u65e5\u672c\u8a9e \U0001f600 \u00fc"))


def test_a_character_that_is_never_finished_is_bytes() -> None:
    lone = BYTES("\u65e5").input_ids[:1]
    assert token_texts(BYTES, (), [*lone, *BYTES("b").input_ids, *lone, *lone]) == [r"\xe6", "b", r"\xe6", r"\xe6"]
    ends = BYTES("\u65e5").input_ids[-1:]
    assert token_texts(BYTES, (), ends) == [r"\xa5"]


def test_spaces_before_words_are_kept() -> None:
    assert "".join(texts(SPACES, "ab stop")).strip() == "ab stop"
    assert " stop" in "".join(texts(SPACES, "ab stop"))


def test_a_replacement_character_that_was_written_is_named() -> None:
    assert "".join(texts(BYTES, "a\ufffd")) == r"a\xef\xbf\ufffd"
