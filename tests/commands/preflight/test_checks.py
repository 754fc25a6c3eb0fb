"""Each check finds what it is there for."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from rich.console import Console

from asym_lit.cli import main, preflight
from asym_lit.commands.preflight.checks import gold_check
from asym_lit.policy.loading import load_tokenizer
from asym_lit.types import Prompt
from asym_lit.verifiers import BBHRule
from policies import save_tiny
from runs import ROOT

Look = Callable[..., tuple[bool, str]]


@pytest.fixture
def look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Look:
    """A preflight of a recipe: whether it passed, and what it printed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["train.py"])

    def run(*more: str, recipe: str = "simko", **tokenizer: str) -> tuple[bool, str]:
        if tokenizer:
            policy = save_tiny(tmp_path / "tiny")
            changed = load_tokenizer(policy)
            for name, value in tokenizer.items():
                setattr(changed, name, value)
            changed.save_pretrained(policy)
            more = (*more, "--model.policy", policy)
        console = Console(record=True, width=400, file=(tmp_path / "printed").open("w"))
        passed = preflight(["--config", str(ROOT / f"configs/{recipe}.yaml"), *SMALL, *more], console)
        return passed, console.export_text()

    return run


SMALL = ["--data.task.train_size", "64", "--data.task.val_size", "8", "--data.task.test_size", "8"]


def problems(folder: Path, golds: list[str]) -> list[str]:
    """Options for problems with these gold answers, judged by Math-Verify."""
    rows = [json.dumps({"question": f"Problem {i}?", "answer": gold}) for i, gold in enumerate(golds)]
    (folder / "train.jsonl").write_text("\n".join(rows))
    overlay = f"""
trainer:
  callbacks:
    - class_path: asym_lit.lit.callbacks.VerifierReward
      init_args:
        verifier: {{class_path: asym_lit.verifiers.maths.symbolic.Symbolic, init_args: {{workers: 1}}}}
data:
  init_args:
    task:
      class_path: asym_lit.tasks.Problems
      init_args: {{path: {folder / "train.jsonl"}, val: train, test: train, held_out: 0.2}}
"""
    (folder / "overlay.yaml").write_text(overlay)
    return ["--config", str(folder / "overlay.yaml")]


def without_small(look: Look, monkeypatch: pytest.MonkeyPatch, *more: str) -> tuple[bool, str]:
    monkeypatch.setattr(f"{__name__}.SMALL", [])
    return look(*more)


def test_the_bundled_recipe_is_ready(look: Look) -> None:
    passed, text = look()
    assert passed
    assert "Ready to start" in text
    assert "64 prompts; tokens: median" in text


def test_a_run_too_large_for_its_gpu_fails(look: Look) -> None:
    passed, text = look("--preflight.gpu_memory_gib", "0.05")
    assert not passed
    assert "Failed: memory" in text
    assert "of the GPU's 0.05" in text


def test_the_exit_code_of_a_failed_preflight_is_one(look: Look) -> None:
    recipe = str(ROOT / "configs/simko.yaml")
    with pytest.raises(SystemExit, match="1"):
        main(["preflight", "--config", recipe, "--preflight.gpu_memory_gib", "0.05", *SMALL])


def test_tokens_beyond_the_embedding_fail(look: Look, tmp_path: Path) -> None:
    policy = save_tiny(tmp_path / "few", vocabulary=60)
    passed, text = look("--model.policy", policy)
    assert not passed
    assert "the tokenizer has 99 tokens" in text
    assert "the policy 60" in text


def test_a_prompt_that_ends_with_the_end_token_fails(look: Look) -> None:
    passed, text = look("--data.prompt_format.template", "{prompt}?", eos_token="?")
    assert not passed
    assert "ends with a token that ends responses" in text


def test_a_chat_whose_turns_end_with_another_token_is_noted(look: Look) -> None:
    template = "{% for m in messages %}{{ m['content'] }}|{% endfor %}"
    passed, text = look("--data.prompt_format.chat", "true", chat_template=template)
    assert passed
    assert "turns end with '|', but responses end with '<eos>' only" in text


def test_a_turn_that_ends_as_the_generation_configuration_says_is_right(look: Look, tmp_path: Path) -> None:
    policy = save_tiny(tmp_path / "chat", context=256)
    tokenizer = load_tokenizer(policy)
    tokenizer.chat_template = "{% for m in messages %}{{ m['content'] }}|{% endfor %}{% if add_generation_prompt %}>{% endif %}"
    tokenizer.save_pretrained(policy)
    chat = ("--model.policy", policy, "--data.prompt_format.chat", "true")
    passed, text = look(*chat)
    assert passed and "turns end with '|', but responses end with '<eos>' only" in text
    said = {"eos_token_id": [1, tokenizer.convert_tokens_to_ids("|")]}
    (tmp_path / "chat" / "generation_config.json").write_text(json.dumps(said), encoding="utf-8")
    passed, text = look(*chat)
    assert passed and "a chat; '<eos>', '|' ends a response" in text


def test_prompts_that_leave_no_room_fail_and_those_left_out_are_counted(look: Look) -> None:
    passed, text = look("--data.sampling.max_tokens", "250")
    assert not passed
    assert "do not fit: max_tokens 250, context 256" in text
    passed, text = look("--data.max_prompt_tokens", "13")
    assert passed
    assert "above max_prompt_tokens 13 are left out" in text


def test_gold_answers_that_the_verifier_rejects_are_listed_and_too_many_fail(
    look: Look, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    golds = [str(i) for i in range(30)]
    passed, text = without_small(look, monkeypatch, *problems(tmp_path, golds))
    assert passed
    assert "symbolic rejects 0 of" in text
    golds[5], golds[6], golds[7] = "$$", "\\text{}", "{"
    passed, text = without_small(look, monkeypatch, *problems(tmp_path, golds))
    assert not passed
    assert "row 5: '$$'" in text


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--data.sampling.top_p", "0.9"], "the gradient is biased"),
        (["--model.mini_batches", "1"], "clips have no effect"),
        (["--model.compute_dtype", "bfloat16"], "only fsdp2"),
        (["--model.warmup_steps", "320"], "warmup_steps 320 is all of the 320 updates"),
        (["--model.max_micro_batch_tokens", "30"], "less than one row"),
        (["--data.prompts_per_step", "100"], "some are asked twice"),
        (["--trainer.devices", "3", "--trainer.strategy", "ddp"], "over 3 processes"),
        (["--trainer.val_check_interval", "500"], "beyond the 160 rollout steps"),
        (["--data.rollout_steps", "20"], "only the last step gets a checkpoint"),
        (["--data.curriculum", "Learnability", "--data.rollout_steps", "2"], "learns nothing: 64 problems, 64 asked"),
        (["--config", str(ROOT / "configs/overlays/lag.yaml")], "by weights 2 optimizer steps behind"),
    ],
)
def test_settings_without_effect_are_noted(look: Look, more: list[str], words: str) -> None:
    passed, text = look(*more)
    assert passed
    assert words in text


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--model.mini_batches", "40"], "some would be empty"),
        (["--data.sampling.n", "1"], "compares rollouts within a group"),
        (["--data.curriculum", "Learnability", "--data.curriculum.most_groups", "64"], "most_groups is 64"),
        (["--trainer.callbacks+", "PassAtK", "--trainer.callbacks.ks", "[128]"], "wants 128 responses, 64 are drawn"),
        (["--data.lag", "1"], "HFEngine cannot write while the policy is updated"),
    ],
)
def test_settings_that_the_run_would_refuse_fail(look: Look, more: list[str], words: str) -> None:
    passed, text = look(*more)
    assert not passed
    assert words in text


def test_what_is_no_run_on_rollouts_is_refused(look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{__name__}.SMALL", [])
    with pytest.raises(ValueError, match="SupervisedModule"):
        look(recipe="pretrain")


VLLM = ["--data.engine", "asym_lit.rollout.vllm_engine.VLLMEngine"]


def test_what_vllm_would_need_is_said(look: Look) -> None:
    passed, text = look(*VLLM)
    assert passed
    longest = re.search(r"sequences of up to (\d+) tokens, of which one takes \S+ GiB of the engine's cache; it has 0.25", text)
    assert longest and 24 < int(longest[1]) < 64  # prompt and response, not the context of 256
    assert "sequences of up to" not in look()[1]  # HFEngine has no cache of a fixed size


def test_a_cache_that_holds_no_sequence_fails_with_one_that_would(look: Look) -> None:
    passed, text = look(*VLLM, "--data.engine.init_args.kv_cache_gib", "0.00001")
    assert not passed
    assert re.search(r"one takes \S+ GiB of the engine's cache, which has 1e-05: --data.engine.kv_cache_gib 0.25", text)


def test_a_sequence_of_vllm_that_is_too_short_fails(look: Look) -> None:
    passed, text = look(*VLLM, "--data.engine.init_args.max_model_len", "20")
    assert not passed
    assert "max_model_len is 20, but the longest prompt" in text


@pytest.mark.parametrize(
    ("verifier", "status"),
    [
        (BBHRule(), "ok"),
        (BBHRule("tolerant"), "ok"),
        (BBHRule("tolerant", format=r"<think>.*</think>\s*<answer>.*</answer>"), "ok"),
        (BBHRule("tolerant", format=r"\(Z\)"), "fail"),
    ],
)
def test_a_gold_answer_may_be_read_in_a_box_bare_in_tags_or_in_a_sentence(verifier, status):
    prompts = [Prompt(str(n), "", {"answer": gold, "question": ""}, "bbh") for n, gold in enumerate(("(A)", "True", " ", ""))]
    plan = SimpleNamespace(verifier=verifier, settings=SimpleNamespace(rows=0, max_unparsed=0.1))
    found = gold_check(plan, SimpleNamespace(name="bbh (val)", prompts=prompts))
    assert (found.status, found.finding[:18]) == (
        status,
        f"bbh rejects {2 if status == 'fail' else 0} of 2",
    )  # blank ones are none
