from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
import torch

from asym_lit.cli import main
from asym_lit.lit.demonstrations.judge_training import AnswerBatches, JudgeDataModule
from asym_lit.policy.characters import character_tokenizer
from asym_lit.rollout.demonstrations import IGNORED
from asym_lit.tasks import CountdownAnswers
from asym_lit.types import InputError, LabelledAnswer, Split
from asym_lit.verifiers.judge.settings import JudgeSettings
from asym_lit.verifiers.judge.template import JudgeTemplate
from runs import ROOT

TEMPLATE = JudgeTemplate("{question}{ground_truth};{answer};", ";")


class Few:
    name = "few"

    def answers(self, split: Split) -> Sequence[LabelledAnswer]:
        return [LabelledAnswer(f"{i}?", "g", "c" * i, i % 2 == 0, "", f"t{i}") for i in range(8)]


class Data(JudgeDataModule):
    tokenizer = character_tokenizer(64)  # type: ignore[assignment]


def batches(**settings: object) -> list[tuple[torch.Tensor, torch.Tensor]]:
    return list(AnswerBatches(Data(Few(), TEMPLATE, batch_size=4, **settings)))  # type: ignore[arg-type]


def test_only_thought_verdict_and_end_are_learned() -> None:
    learned = []
    for ids_BS, targets_BS in batches(thoughts=True):
        for ids, targets in zip(ids_BS, targets_BS, strict=True):
            assert torch.equal(ids[targets != IGNORED], targets[targets != IGNORED])
            learned.append(Data.tokenizer.decode(targets[targets != IGNORED]))
    assert sorted(learned) == sorted(f"t{i};{i % 2 == 0}<eos>" for i in range(8))


def test_without_thoughts_the_word_alone_is_learned_and_every_answer_comes_once_a_pass() -> None:
    made = batches(epochs=2)
    assert len(made) == 4
    words = [Data.tokenizer.decode(row[row != IGNORED]) for _, targets in made for row in targets]
    assert sorted(words) == ["False<eos>"] * 8 + ["True<eos>"] * 8


def test_what_cannot_be_trained_is_refused() -> None:
    with pytest.raises(InputError, match="thoughts is true and the template has no marker; write one"):
        JudgeDataModule(Few(), thoughts=True)
    with pytest.raises(InputError, match="few has 8 training answers; at least batch_size, 64"):
        AnswerBatches(Data(Few(), TEMPLATE))


def test_the_recipe_trains_measures_and_writes_a_judge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["train.py"])
    main(
        [
            *("fit", "--config", str(ROOT / "configs/tinyv_sft.yaml"), "--data.source.task.train_size", "8"),
            *("--data.source.synthetic", '{"train_size": 32, "val_size": 8, "test_size": 8}', "--data.batch_size", "16"),
            *("--data.source.task.val_size", "4", "--data.source.task.test_size", "4", "--trainer.accelerator", "cpu"),
            *(
                "--model.warmup_steps",
                "2",
                "--trainer.logger.save_dir",
                str(tmp_path),
                "--trainer.enable_progress_bar",
                "false",
            ),
        ]
    )
    run = tmp_path / "tinyv_sft" / "version_0"
    settings = JudgeSettings.beside(str(run / "huggingface"))
    assert settings is not None
    assert (settings.marker, settings.max_tokens, settings.weigh_thoughts) == (";", 56, True)
    assert (run / "judge_quality.md").read_text().splitlines()[2] == "| threshold | recall | false accepts |"
    assert (run / "huggingface" / "model.safetensors").exists()


def test_a_source_is_split_by_problem() -> None:
    source = CountdownAnswers(train_size=50, val_size=50, test_size=50)
    questions = [{a.question for a in source.answers(split)} for split in ("train", "val", "test")]
    assert not questions[0] & questions[1] and not questions[0] & questions[2] and not questions[1] & questions[2]
