from __future__ import annotations

from pathlib import Path

import pytest
import torch

from asym_lit.cli import main
from asym_lit.lit.supervised import IGNORED, DemonstrationDataModule, _Batches
from asym_lit.policy.characters import character_tokenizer
from asym_lit.tasks import Countdown, CountdownVerifier
from asym_lit.tasks.countdown import countdown_prompt
from runs import ROOT, scalars


def test_only_responses_are_learned_and_they_are_right() -> None:
    data = DemonstrationDataModule(Countdown(), steps=1, batch_size=5)
    ids_BS, targets_BS = _Batches(data).batch(range(5))
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


def test_the_recipe_of_the_bundled_policy_learns_and_writes_a_policy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["train.py"])
    main(
        [
            *("fit", "--config", str(ROOT / "configs/pretrain_countdown.yaml"), "--data.steps", "30"),
            *("--data.batch_size", "16", "--model.architecture.hidden", "32", "--model.architecture.layers", "1"),
            *("--model.warmup_steps", "5", "--model.optimizer.lr", "0.02", "--trainer.accelerator", "cpu"),
            *("--trainer.logger.save_dir", str(tmp_path), "--trainer.enable_progress_bar", "false"),
        ]
    )
    run = tmp_path / "pretrain_countdown" / "version_0"
    loss = list(scalars(run, "loss/response").values())
    assert loss[-1] < loss[0] - 0.5
    from transformers import AutoModelForCausalLM, AutoTokenizer

    policy = AutoModelForCausalLM.from_pretrained(run / "huggingface")
    assert policy.config.vocab_size == len(AutoTokenizer.from_pretrained(run / "huggingface"))
    assert not policy.config.tie_word_embeddings
