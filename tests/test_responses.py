from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from transformers import GenerationConfig, Qwen2Config

from asym_lit.policy.characters import character_tokenizer
from asym_lit.responses import end_tokens, padding_token, response_text

TOKENIZER = character_tokenizer(64)
EOS, PAD = TOKENIZER.eos_token_id, TOKENIZER.pad_token_id


def special(word: str) -> Any:
    """A tokenizer that has the word as one special token."""
    tokenizer = character_tokenizer(64)
    tokenizer.add_special_tokens({"additional_special_tokens": [word]})
    return tokenizer


def test_all_that_name_an_end_token_are_heard() -> None:
    tokenizer = SimpleNamespace(eos_token_id=1)
    config, generation = Qwen2Config(eos_token_id=2), GenerationConfig(eos_token_id=[1, 3])
    assert end_tokens(tokenizer, config, generation) == {1, 2, 3}
    assert end_tokens(tokenizer, config) == {1, 2}
    assert end_tokens(tokenizer, Qwen2Config(eos_token_id=[4, 5]), None) == {1, 4, 5}


def test_nobody_needs_to_name_one_but_the_tokenizer() -> None:
    config, generation = Qwen2Config(eos_token_id=None), GenerationConfig(eos_token_id=None)
    assert end_tokens(SimpleNamespace(eos_token_id=7), config, generation) == {7}
    assert end_tokens(SimpleNamespace(eos_token_id=7), object()) == {7}


def test_the_text_part_of_a_composite_configuration_is_heard() -> None:
    from transformers import Gemma3Config

    config = Gemma3Config(text_config={"eos_token_id": 106, "pad_token_id": 0}, eos_token_id=[1])
    assert end_tokens(SimpleNamespace(eos_token_id=2), config) == {1, 2, 106}


def test_padding_is_the_tokenizers_or_else_an_end_token() -> None:
    assert padding_token(SimpleNamespace(pad_token_id=0), frozenset({4, 5})) == 0
    assert padding_token(SimpleNamespace(pad_token_id=None), frozenset({5, 4})) == 4


def test_a_response_reads_as_it_was_written_without_the_token_that_ended_it() -> None:
    ids = [*TOKENIZER("6/2").input_ids, EOS]
    assert response_text(TOKENIZER, ids, stopped=True) == "6/2"
    assert response_text(TOKENIZER, ids[:-1], stopped=False) == "6/2"
    assert response_text(TOKENIZER, [EOS], stopped=True) == ""


def test_padding_inside_of_a_response_is_seen() -> None:
    ids = [*TOKENIZER("6/2").input_ids, PAD, *TOKENIZER("*3").input_ids, EOS]
    assert response_text(TOKENIZER, ids, stopped=True) == "6/2<pad>*3"  # not 6/2*3, which is worth 9


@pytest.mark.parametrize("word", ["<answer>", "<think>", "<|im_end|>"])
def test_a_tag_that_is_a_special_token_is_seen(word: str) -> None:
    tokenizer = special(word)
    ids = tokenizer(f"1{word}2").input_ids
    assert len(ids) == 3
    assert response_text(tokenizer, [*ids, EOS], stopped=True) == f"1{word}2"


def test_only_the_last_token_is_left_out_and_only_if_it_ended_the_response() -> None:
    tokenizer = special("<|im_end|>")
    end = tokenizer.convert_tokens_to_ids("<|im_end|>")
    one = tokenizer("1").input_ids
    assert response_text(tokenizer, [*one, end, end], stopped=True) == "1<|im_end|>"
    assert response_text(tokenizer, [*one, end], stopped=False) == "1<|im_end|>"


def test_blanks_stay_as_they_were_written() -> None:
    from tokenizers import Tokenizer, models
    from transformers import PreTrainedTokenizerFast

    words = {"<eos>": 0, "3 ": 1, " ,": 2, " n't": 3}
    made = Tokenizer(models.WordLevel(words, unk_token="<eos>"))
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=made, eos_token="<eos>", clean_up_tokenization_spaces=True)
    assert response_text(tokenizer, [1, 2, 3, 0], stopped=True) == "3   ,  n't"  # cleaned up: "3  , n't"
