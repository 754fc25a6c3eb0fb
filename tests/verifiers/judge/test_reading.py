from __future__ import annotations

import random

import pytest
import torch

from asym_lit.policy.characters import character_tokenizer
from asym_lit.policy.loading import SmallArchitecture, new_policy
from asym_lit.types import InputError
from asym_lit.verifiers.judge.decoding import Decoding
from asym_lit.verifiers.judge.reading import BatchReader
from tiny_classes import tiny

TEXTS = ["1+1=2;2;", "a much longer text that shifts the others to the right;2;", "x", "4*4=16;(4+4)*2;"] * 2


def reader(max_tokens: int = 90, batch_size: int = 256) -> BatchReader:
    """One whose model ends some replies early: the end is among its likely tokens."""
    torch.manual_seed(3)
    model, tokenizer = new_policy(SmallArchitecture(hidden=32, layers=2, intermediate=32, context=256))
    model.lm_head.weight.data[tokenizer.eos_token_id] += 0.25 * model.lm_head.weight.data[20:40].mean(0)
    return BatchReader(model, tokenizer, max_tokens, "", batch_size)


def greedy(of: BatchReader, text: str) -> str:
    """The reply without cache, batch or padding."""
    ids = of.tokenizer(text)["input_ids"]
    start = len(ids)
    while len(ids) < start + of.max_tokens:
        token = int(of.model(input_ids=torch.tensor([ids])).logits[0, -1].argmax())
        if token in of.ends:
            break
        ids = [*ids, token]
    return str(of.tokenizer.decode(ids[start:]))


@torch.no_grad()
def test_replies_are_the_models_own_greedy_ones_past_the_room_of_the_cache() -> None:
    one = reader()
    texts = list(dict.fromkeys(TEXTS))
    assert [opinion.text for opinion in one.read(texts)] == [greedy(one, text) for text in texts]


def test_neither_order_nor_company_changes_an_opinion() -> None:
    one = reader()
    expected = dict(zip(TEXTS, one.read(TEXTS), strict=True))
    for size in (1, 3):
        shuffled = random.Random(size).sample(TEXTS, len(TEXTS))
        for text, opinion in zip(shuffled, reader(batch_size=size).read(shuffled), strict=True):
            assert opinion.text == expected[text].text
            assert opinion.certainty == pytest.approx(expected[text].certainty, abs=1e-4)


def test_equal_texts_are_read_once_and_those_of_like_length_together(monkeypatch: pytest.MonkeyPatch) -> None:
    one, seen = reader(max_tokens=2, batch_size=2), []
    plain = one._replies
    monkeypatch.setattr(one, "_replies", lambda prompts: seen.append([len(p) for p in prompts]) or plain(prompts))
    assert len(one.read(TEXTS)) == 8
    assert seen == [[1, 8], [15, 57]]


@torch.no_grad()
def test_finished_replies_leave_the_batch_and_the_others_go_on_as_before() -> None:
    one = reader()
    prompts = [one.tokenizer(text)["input_ids"] for text in dict.fromkeys(TEXTS)]
    whole, small = Decoding(one.model, prompts, 0), Decoding(one.model, prompts, 0)
    small.done |= {0, 2}
    for _ in range(70):
        whole.advance(whole.logits_BV.argmax(-1))
        small.advance(small.logits_BV.argmax(-1))
    assert (whole.rows, small.rows) == ([0, 1, 2, 3], [1, 3])
    torch.testing.assert_close(small.logits_BV, whole.logits_BV[[1, 3]], atol=1e-4, rtol=1e-4)


@torch.no_grad()
@pytest.mark.parametrize("kind", ["Qwen3_5Text", "Lfm2", "Qwen2"])
def test_a_judge_of_any_class_reads_texts_of_different_length_as_if_each_were_alone(kind: str) -> None:
    tokenizer = character_tokenizer(128)
    one = BatchReader(tiny(kind, vocabulary=len(tokenizer)), tokenizer, 16, "")
    texts = ["1+1=", "7*6=42;", "3,7,12=45:3*", "2+2=", "9"]
    assert [opinion.text for opinion in one.read(texts)] == [greedy(one, text) for text in texts]
    lengths = [[len(text) for text in batch] for batch in one._batches(sorted(texts, key=len), {t: list(t) for t in texts})]  # type: ignore[misc]
    assert lengths == ([[1, 4, 4, 7, 12]] if kind == "Qwen2" else [[1], [4, 4], [7], [12]])


def test_a_judge_of_a_class_without_a_known_cache_is_refused() -> None:
    with pytest.raises(InputError, match="The judge is a RwkvForCausalLM, which takes no cache that is known"):
        Decoding(tiny("Rwkv"), [[3, 4]], 0)


def test_a_judge_stops_where_its_generation_configuration_says() -> None:
    one = reader()
    one.model.generation_config.eos_token_id = [7, 8]  # type: ignore[union-attr]
    one.model.config.eos_token_id = 9
    assert BatchReader(one.model, one.tokenizer, 4, "").ends == {1, 7, 8, 9}


def test_the_verdict_is_found_after_a_marker_that_is_a_special_token_and_past_other_special_ones() -> None:
    one = reader()
    one.tokenizer.add_special_tokens({"additional_special_tokens": ["</think>", "<|sep|>"]})
    marked = BatchReader(one.model, one.tokenizer, 8, "</think>")
    ids = one.tokenizer("1+</think><|sep|> 2")["input_ids"]
    opinion = marked._opinion(ids, [[-float(at), -10.0 - at, 0.0] for at in range(len(ids))])
    assert (opinion.true_logprob, opinion.false_logprob) == (-5.0, -15.0)  # of the 2: after 1 + </think> <|sep|> and a blank
    assert opinion.text == "1+</think><|sep|> 2"
