import json

import pytest

from asym_lit.gguf_models.conversion import convert
from asym_lit.gguf_models.reading import GGUFFile
from asym_lit.gguf_models.tokenizer import CUTS, build_tokenizer
from asym_lit.policy.characters import character_tokenizer
from asym_lit.types import InputError
from gguf_files import CONTEXT, random_llama, write_gguf

TEXT = "the  1234's\n\n x"
PIECES = {
    # digits alone; of two spaces before one, both stay together
    "smollm": ["the", "  ", "1", "2", "3", "4", "'s", "\n\n", " x"],
    # of two spaces the second goes with the number
    "gpt-2": ["the", " ", " 1234", "'s", "\n\n", " x"],
    # up to three digits, no space with them; line breaks together
    "llama-bpe": ["the", " ", " ", "123", "4", "'s", "\n\n", " x"],
    "qwen2": ["the", " ", " ", "1", "2", "3", "4", "'s", "\n\n", " x"],
}


def tokenizer_of(tmp_path, pre="smollm", **more):
    return build_tokenizer(GGUFFile(write_gguf(tmp_path / "tiny.gguf", random_llama(), pre=pre, **more)))


@pytest.mark.parametrize("pre", PIECES)
def test_text_is_cut_as_the_file_says(tmp_path, pre):
    tokenizer = tokenizer_of(tmp_path, pre)
    pieces = [TEXT[a:b] for _, (a, b) in tokenizer.backend_tokenizer.pre_tokenizer.pre_tokenize_str(TEXT)]
    assert pieces == PIECES[pre]
    assert tokenizer.decode(tokenizer.encode(TEXT, add_special_tokens=False)) == TEXT


def test_every_known_rule_is_tried():
    assert {CUTS[pre] for pre in PIECES} == set(CUTS.values())


def test_two_spaces_before_a_number_are_one_token_to_smollm(tmp_path):
    assert tokenizer_of(tmp_path, "smollm").tokenize("answ:  42") == ["answ", ":", "ĠĠ", "4", "2"]  # 5, as the original
    assert tokenizer_of(tmp_path, "gpt-2").tokenize("answ:  42") == ["answ", ":", "Ġ", "Ġ", "4", "2"]


def test_special_tokens_are_one_token_and_left_out_of_words(tmp_path):
    tokenizer = tokenizer_of(tmp_path)
    assert tokenizer("<|im_start|>a<|im_end|>").input_ids == [1, tokenizer.convert_tokens_to_ids("a"), 2]
    assert tokenizer.decode([1, 5, 2], skip_special_tokens=True) == tokenizer.decode([5])
    assert tokenizer.model_max_length == CONTEXT


def test_a_beginning_is_put_before_text_where_the_file_says_so(tmp_path):
    assert tokenizer_of(tmp_path)("a").input_ids[0] != 1
    keys = {"tokenizer.ggml.add_eos_token": 1}
    assert tokenizer_of(tmp_path, keys=keys)("a").input_ids[1:] == [2]


def test_a_rule_that_is_not_known_is_refused_with_the_way_out(tmp_path):
    with pytest.raises(InputError, match=r"cuts text by the rule 'tekken'.*Known: smollm, gpt-2, .*tokenizer_config.json into"):
        tokenizer_of(tmp_path, "tekken")


def test_the_original_tokenizer_beside_the_file_is_taken(tmp_path):
    original = character_tokenizer(64)
    original.save_pretrained(tmp_path)
    path = write_gguf(tmp_path / "tiny.gguf", random_llama(), pre="tekken")
    folder = tmp_path / "out"
    folder.mkdir()
    assert convert(path, folder)["tokenizer"] == ["tokenizer.json", "tokenizer_config.json"]
    assert (folder / "tokenizer.json").read_bytes() == (tmp_path / "tokenizer.json").read_bytes()
    assert json.loads((folder / "config.json").read_text())["eos_token_id"] == 2


def test_a_tokenizer_that_does_not_give_text_back_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("gguf_files.vocabulary", lambda: [*"<>", "<|im_end|>", *"abc", "ab"])  # no digits, no space
    monkeypatch.setattr("gguf_files.MERGES", (("a", "b"),))
    with pytest.raises(InputError, match="gives 'Answer:  42' back as"):
        tokenizer_of(tmp_path)


def test_a_file_without_merges_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("gguf_files.MERGES", ())  # an empty list is not written at all
    with pytest.raises(InputError, match=r"tiny.gguf lacks tokenizer.ggml.merges"):
        tokenizer_of(tmp_path)
