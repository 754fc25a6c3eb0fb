from __future__ import annotations

import math
from itertools import pairwise
from pathlib import Path

import pytest
import torch

from asym_lit.cli import main
from asym_lit.lit.demonstrations.supervised import IGNORED, POOL, DemonstrationDataModule, _Batches
from asym_lit.policy.characters import character_tokenizer
from asym_lit.tasks import Countdown, CountdownVerifier
from asym_lit.tasks.countdown import countdown_prompt
from runs import ROOT, scalars


def test_only_responses_are_learned_and_they_are_right() -> None:
    data = DemonstrationDataModule(Countdown(), steps=1, batch_size=5)
    ids_BS, targets_BS = _Batches(data).batch([data.task.demonstration(1, i) for i in range(5)])
    tokenizer = character_tokenizer(64)
    for ids, targets in zip(ids_BS, targets_BS, strict=True):
        learned = targets != IGNORED
        assert torch.equal(ids[learned], targets[learned])
        assert targets[learned][-1] == tokenizer.eos_token_id
        prompt = tokenizer.decode(ids[: int(learned.nonzero()[0])])
        response = tokenizer.decode(targets[learned], skip_special_tokens=True)
        numbers, target = prompt.removesuffix(":").split("=")
        problem = countdown_prompt([int(n) for n in numbers.split(",")], int(target), "countdown")
        assert problem.text == prompt
        assert CountdownVerifier().verify(problem, response).outcome == "correct"


def test_batches_hold_every_demonstration_once_and_alike_ones_together() -> None:
    task = Countdown(numbers=[2, 3, 4, 5])
    data = DemonstrationDataModule(task, steps=POOL + 3, batch_size=4, seed=2)
    batches = list(_Batches(data))
    assert len(batches) == len(_Batches(data)) == POOL + 3
    assert all(torch.equal(a, b) for x, y in zip(batches, _Batches(data), strict=True) for a, b in zip(x, y, strict=True))
    tokenizer = character_tokenizer(64)
    read = [text for ids_BS, _ in batches for text in tokenizer.batch_decode(ids_BS, skip_special_tokens=True)]
    shown = [task.demonstration(2, i) for i in range((POOL + 3) * 4)]
    assert sorted(read[: POOL * 4]) == sorted(prompt.text + response for prompt, response in shown[: POOL * 4])
    assert sorted(read) == sorted(prompt.text + response for prompt, response in shown)
    lengths = [(ids_BS != tokenizer.pad_token_id).sum(-1).tolist() for ids_BS, _ in batches[:POOL]]
    assert lengths != sorted(lengths), "the order of lengths would be the order of training"
    ranges = sorted((min(of_batch), max(of_batch)) for of_batch in lengths)
    assert all(shorter[1] <= longer[0] for shorter, longer in pairwise(ranges))


def test_the_recipe_of_the_bundled_policy_learns_and_writes_a_policy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["train.py"])
    main(
        [
            *("fit", "--config", str(ROOT / "configs/pretrain.yaml"), "--data.steps", "30"),
            *("--data.batch_size", "16", "--model.architecture.hidden", "32", "--model.architecture.layers", "1"),
            *("--model.warmup_steps", "5", "--model.optimizer.lr", "0.02", "--trainer.accelerator", "cpu"),
            *("--trainer.logger.save_dir", str(tmp_path), "--trainer.log_every_n_steps", "1"),
            *("--trainer.enable_progress_bar", "false"),
        ]
    )
    run = tmp_path / "pretrain" / "version_0"
    loss = list(scalars(run, "loss/response").values())
    assert loss[0] == pytest.approx(math.log(99), abs=0.2)  # knows nothing of 99 characters
    assert max(loss[-5:]) < loss[0] - 1
    from transformers import AutoModelForCausalLM, AutoTokenizer

    policy = AutoModelForCausalLM.from_pretrained(run / "huggingface")
    assert policy.config.vocab_size == len(AutoTokenizer.from_pretrained(run / "huggingface"))
    assert not policy.config.tie_word_embeddings
