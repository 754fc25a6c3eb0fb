import pytest

from asym_lit.policy.characters import CHARACTERS, character_tokenizer

TOKENIZER = character_tokenizer(context=64)


@pytest.mark.parametrize("text", ["3,7,12,20=45:", "(3 + 7)*12 - 20\n", CHARACTERS, "  two  blanks ", ""])
def test_a_text_is_one_token_per_character_and_comes_back_as_it_was(text):
    ids = TOKENIZER(text).input_ids
    assert len(ids) == len(text)
    assert TOKENIZER.decode(ids) == text


def test_there_are_96_characters_after_three_special_tokens():
    assert len(CHARACTERS) == len(set(CHARACTERS)) == 96  # 95 printable ones and the newline
    assert len(TOKENIZER) == 99
    assert TOKENIZER.convert_tokens_to_ids(["<pad>", "<eos>", "<unk>", "0"]) == [0, 1, 2, 3]
    assert (TOKENIZER.pad_token_id, TOKENIZER.eos_token_id, TOKENIZER.unk_token_id) == (0, 1, 2)


def test_anything_else_is_unknown_one_token_each():
    assert TOKENIZER("1é\t2").input_ids == [*TOKENIZER("1").input_ids, 2, 2, *TOKENIZER("2").input_ids]


def test_special_tokens_are_left_out_of_the_text_on_request():
    ids = [*TOKENIZER("7*6").input_ids, TOKENIZER.eos_token_id, TOKENIZER.pad_token_id]
    assert TOKENIZER.decode(ids, skip_special_tokens=True) == "7*6"


def test_prompts_are_padded_on_the_left_up_to_the_context():
    padded = TOKENIZER(["12", "1"], padding=True)
    assert padded.input_ids[1][0] == TOKENIZER.pad_token_id
    assert padded.attention_mask == [[1, 1], [0, 1]]
    assert TOKENIZER.model_max_length == 64
