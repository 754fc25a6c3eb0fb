from __future__ import annotations

import random

import pytest
import torch

from asym_lit.policy.loading import SmallArchitecture, new_policy
from asym_lit.verifiers.judge.decoding import Decoding
from asym_lit.verifiers.judge.reading import BatchReader

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
        if token == of.tokenizer.eos_token_id:
            break
        ids = [*ids, token]
    return str(of.tokenizer.decode(ids[start:], skip_special_tokens=True))


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
