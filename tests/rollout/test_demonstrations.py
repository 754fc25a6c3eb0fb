from __future__ import annotations

from itertools import pairwise

import pytest
import torch

from asym_lit.policy.characters import character_tokenizer
from asym_lit.rollout.demonstrations import IGNORED, POOL, DemonstrationBatches, DemonstrationRow, padded_rows
from asym_lit.rollout.rendering import PromptFormat
from asym_lit.tasks import Countdown, CountdownVerifier, WordProblems
from asym_lit.tasks.countdown import countdown_prompt
from asym_lit.types import InputError
from policies import CHAT

TOKENIZER = character_tokenizer(64)


def test_only_responses_are_learned_and_they_are_right():
    batches = DemonstrationBatches(Countdown(), TOKENIZER, steps=1, batch_size=5, seed=1)
    ((ids_BS, targets_BS),) = batches
    for ids, targets in zip(ids_BS, targets_BS, strict=True):
        learned = targets != IGNORED
        assert torch.equal(ids[learned], targets[learned])
        assert targets[learned][-1] == TOKENIZER.eos_token_id
        prompt = TOKENIZER.decode(ids[: int(learned.nonzero()[0])])
        response = TOKENIZER.decode(targets[learned], skip_special_tokens=True)
        numbers, target = prompt.removesuffix(":").split("=")
        problem = countdown_prompt([int(n) for n in numbers.split(",")], int(target), "countdown")
        assert problem.text == prompt
        assert CountdownVerifier().verify(problem, response).outcome == "correct"


def test_padding_is_neither_read_nor_learned():
    ids, targets = padded_rows([DemonstrationRow([5], [6, 7]), DemonstrationRow([5, 5, 5], [8])], pad=0)
    assert ids.tolist() == [[5, 6, 7, 0], [5, 5, 5, 8]]
    assert targets.tolist() == [[IGNORED, 6, 7, IGNORED], [IGNORED, IGNORED, IGNORED, 8]]


def test_batches_hold_every_demonstration_once_and_alike_ones_together():
    task = Countdown(numbers=[2, 3, 4, 5])
    made = DemonstrationBatches(task, TOKENIZER, steps=POOL + 3, batch_size=4, seed=2)
    batches = list(made)
    assert len(batches) == len(made) == POOL + 3
    assert all(torch.equal(a, b) for x, y in zip(batches, made, strict=True) for a, b in zip(x, y, strict=True))
    read = [text for ids_BS, _ in batches for text in TOKENIZER.batch_decode(ids_BS, skip_special_tokens=True)]
    shown = [task.demonstration(2, i) for i in range((POOL + 3) * 4)]
    assert sorted(read[: POOL * 4]) == sorted(prompt.text + response for prompt, response in shown[: POOL * 4])
    assert sorted(read) == sorted(prompt.text + response for prompt, response in shown)
    lengths = [(ids_BS != TOKENIZER.pad_token_id).sum(-1).tolist() for ids_BS, _ in batches[:POOL]]
    assert lengths != sorted(lengths), "the order of lengths would be the order of training"
    ranges = sorted((min(of_batch), max(of_batch)) for of_batch in lengths)
    assert all(shorter[1] <= longer[0] for shorter, longer in pairwise(ranges))


def decoded(batches):
    """What is read and what is learned, of each row."""
    found = []
    for ids_BS, targets_BS in batches:
        for ids, targets in zip(ids_BS, targets_BS, strict=True):
            start = int((targets != IGNORED).nonzero()[0])
            found.append((TOKENIZER.decode(ids[:start]), TOKENIZER.decode(targets[targets != IGNORED])))
    return found


def test_a_question_is_put_as_reinforcement_learning_puts_it_and_the_lead_is_learned():
    task = WordProblems()
    form = PromptFormat(template="Q: {prompt}\nAnswer:")
    ((read, learned),) = decoded(DemonstrationBatches(task, TOKENIZER, 1, 1, 3, form, lead=" "))
    prompt, response = task.demonstration(3, 0)
    assert read == f"Q: {prompt.text}\nAnswer:"
    assert learned == f" {response}<eos>"


def test_a_chat_is_put_by_the_chat_template():
    tokenizer = character_tokenizer(64)
    tokenizer.chat_template = CHAT
    form = PromptFormat(chat=True, system="Be short.")
    ((read, learned),) = decoded(DemonstrationBatches(WordProblems(), tokenizer, 1, 1, 3, form))
    prompt, response = WordProblems().demonstration(3, 0)
    assert read == f"system:Be short.\nuser:{prompt.text}\nassistant:"
    assert learned == f"{response}<eos>"


def test_longer_demonstrations_are_left_out_and_others_take_their_place():
    task = Countdown(numbers=[2, 5])
    shown = [task.demonstration(2, i) for i in range(60)]
    short = [prompt.text + response for prompt, response in shown if len(prompt.text + response) + 1 <= 14]
    assert 8 <= len(short) < 50
    batches = DemonstrationBatches(task, TOKENIZER, steps=2, batch_size=4, seed=2, max_tokens=14)
    assert sorted(read + learned.removesuffix("<eos>") for read, learned in decoded(batches)) == sorted(short[:8])


def test_a_length_that_nothing_has_is_refused_with_what_to_write():
    batches = DemonstrationBatches(Countdown(), TOKENIZER, steps=1, batch_size=4, seed=2, max_tokens=5)
    with pytest.raises(InputError, match=r"1000 demonstrations of countdown in a row are longer than data.max_tokens 5"):
        list(batches)


def test_a_row_beyond_the_context_is_refused_with_what_to_write():
    batches = DemonstrationBatches(Countdown(), TOKENIZER, steps=1, batch_size=4, seed=2, context=10)
    with pytest.raises(InputError, match=r"has \d+ tokens, the policy's context 10; write --data.max_tokens 10"):
        list(batches)
