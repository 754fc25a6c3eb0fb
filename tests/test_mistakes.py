"""Ten mistakes in options, and more of their kind: each in at most three lines, with what is allowed and what is nearest."""

from __future__ import annotations

import re
import warnings
from pathlib import Path

import pytest

from asym_lit.cli import main, make_cli
from asym_lit.commands import COMMANDS, SUMMARIES
from asym_lit.objectives import presets

ROOT = Path(__file__).parents[1]
GRPO = ["fit", "--config", str(ROOT / "configs" / "grpo.yaml")]
PARTS = (
    "{class_path: with_parts, init_args: {base: {class_path: grpo}, "
    "token_loss: {class_path: DualClippedSurrogate, init_args: {cap: 2.0}}}}"
)

TEN = {
    "an unknown option of an objective": (
        [*GRPO, "--model.objective.clipp", "0.1"],
        "model.objective.clipp is not an option of grpo. Nearest: clip. Allowed: clip, kl",
    ),
    "an unknown preset": (
        [*GRPO, "--model.objective", "simpko"],
        "model.objective is 'simpko'; there is nothing of this name. Nearest: simko.",
    ),
    "an unknown class": ([*GRPO, "--data.engine", "VLLMEngin"], "data.engine is 'VLLMEngin'; .* Nearest: VLLMEngine."),
    "a word that is none of those allowed": (
        [*GRPO, "--model.dtype", "fp16"],
        "model.dtype is 'fp16'. Nearest: float16. Allowed: float32, bfloat16, float16.",
    ),
    "a number that is none": ([*GRPO, "--data.rollout_steps", "abc"], "data.rollout_steps is 'abc'; allowed: a whole number."),
    "a number out of range": ([*GRPO, "--model.optimizer.lr", "-1"], "model.optimizer.lr is -1.0; allowed: 0 or more."),
    "an option of Lightning's that cannot work": (
        [*GRPO, "--trainer.gradient_clip_val", "0.5"],
        "trainer.gradient_clip_val is 0.5; allowed: None. PolicyModule makes its own updates; write --model.max_grad_norm.",
    ),
    "an unknown group of options": ([*GRPO, "--modle.dtype", "x"], "There is no option --modle.dtype. Nearest: --model.dtype."),
    "an unknown command": (
        ["preflihgt"],
        "There is no command 'preflihgt'. Nearest: preflight. Allowed: fit, validate, .*study.",
    ),
    "a missing recipe": (
        ["fit", "--config", str(ROOT / "configs" / "grop.yaml")],
        r"There is no file .*grop.yaml. Nearest: .*grpo.yaml.",
    ),
}
MORE = {
    "a number or a word, and neither": ([*GRPO, "--threads", "many"], r"threads is 'many'\. Allowed: auto, a whole number\."),
    "an objective's option that is like no other": (
        [*GRPO, "--model.objective.alfa", "0.1"],
        "alfa is not an option of grpo. Allowed: ",
    ),
    "an option of another task": (
        [*GRPO, "--data.task.path", "rows.jsonl"],
        r"data.task.path is not an option of Countdown. .*Problems.* would take it\.$",
    ),
    "an option of several other objectives": (
        [*GRPO, "--model.objective.clip_low", "0.1"],
        r"clip_low is not an option of grpo. Nearest: clip. .*dapo.* would take it\.$",
    ),
    "a full path with a slip": (
        [*GRPO, "--model.objective", "asym_lit.objectives.simpko"],
        "is 'asym_lit.objectives.simpko'; .* Nearest: simko",
    ),
    "a class path with a slip": (
        ["replay", "--objectives.mine", "{class_path: asym_lit.objectives.simpko}"],
        "'asym_lit.objectives.simpko'; .* Nearest: simko",
    ),
    "a part of an objective by its name alone where it has options": (
        ["replay", "--objectives.mine", PARTS],
        r"is 'DualClippedSurrogate'; a part of an .*in full: asym_lit.objectives.token_losses.DualClippedSurrogate",
    ),
    "a part of an objective with a slip": (
        ["replay", "--objectives.mine", PARTS.replace("DualClippedSurrogate", "asym_lit.objectives.token_losses.DualClip")],
        r"is 'asym_lit.objectives.token_losses.DualClip'; .*in full: asym_lit.objectives.token_losses.DualClippedSurrogate",
    ),
    "a module with a slip": ([*GRPO, "--model.objective", "asym_lit.objectivs.simko"], "'asym_lit.objectivs.simko'; .*simko"),
    "an unknown task": ([*GRPO, "--data.task", "Countdwn"], "data.task is 'Countdwn'; .* Nearest: Countdown."),
    "an unknown callback": ([*GRPO, "--trainer.callbacks+=Dynamix"], "trainer.callbacks is 'Dynamix'.* Nearest: Dynamics."),
    "an unknown optimizer": ([*GRPO, "--model.optimizer", "Adamw"], "model.optimizer is 'Adamw'.* Nearest: AdamW."),
    "an unknown option of the trainer": (
        [*GRPO, "--trainer.max_epochz", "2"],
        "--trainer.max_epochz. Nearest: --trainer.max_epochs.",
    ),
    "a kind of two": ([*GRPO, "--seed_everything", "x"], "seed_everything is 'x'; allowed: true or false or a whole number."),
    "gradients accumulated twice": (
        [*GRPO, "--trainer.accumulate_grad_batches", "2"],
        "trainer.accumulate_grad_batches is 2; allowed: 1. .*write --model.max_micro_batch_tokens.",
    ),
    "an unknown strategy": ([*GRPO, "--trainer.strategy", "fsdp3"], "trainer: You selected an invalid strategy name: .*fsdp3"),
    "settings an optimizer refuses": (
        [*GRPO, "--model.optimizer.betas", "[2,3]"],
        "model.optimizer does not work: Invalid beta.*2.0",
    ),
    "an evaluation of nothing": ([*GRPO, "--data.evaluation.n", "0"], "data.evaluation.n is 0; allowed: at least 1."),
    "a group of nothing": ([*GRPO, "--data.sampling.n", "0"], "data.sampling.n is 0; allowed: at least 1."),
    "a policy that is nowhere": (
        [*GRPO, "--model.policy", "/no/where"],
        "No policy at '/no/where': there is no directory /no/where. Allowed: 'bundled', 'smollm2'",
    ),
    "no recipe": (["fit"], "fit.data, fit.model not given; write --config RECIPE, e.g. --config configs/grpo.yaml."),
    "one word where a list stands": (
        ["study", "studies/tinyv", "--only", "countdown/rule/seed_1"],
        r"only is 'countdown/rule/seed_1'; allowed: a list, written '\[countdown/rule/seed_1\]'\.",
    ),
    "no run to compare": (["compare"], "runs not given."),
    "an option of another command": (["probe", "--polcy", "x"], "There is no option --polcy. Nearest: --policy."),
    "a file that is a folder": (
        ["fit", "--config", "/no/where/x.yaml"],
        "There is no file /no/where/x.yaml, nor a folder /no/where.",
    ),
}


def told(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """What a person reads of a mistake."""
    capsys.readouterr()
    with warnings.catch_warnings(), pytest.raises(SystemExit) as stopped:
        main(words)
    code = stopped.value.code
    if isinstance(code, str):
        return code  # printed by Python as it is, with exit status 1
    assert code == 2
    return capsys.readouterr().err.strip()


@pytest.mark.parametrize("name", [*TEN, *MORE])
def test_a_mistake_is_told_in_three_lines_at_most(name, capsys, tmp_path):
    words, pattern = {**TEN, **MORE}[name]
    where = ["--trainer.logger.save_dir", str(tmp_path)] if words[: len(GRPO)] == GRPO else []
    message = told(capsys, *words, *where)
    assert message.startswith("error: ")
    assert len(message.splitlines()) <= 3, message
    assert re.search(pattern, message), f"{message}\n  does not hold\n{pattern}"
    if name in TEN:
        written = [path for path in tmp_path.rglob("*") if path.is_file() and path.name != ".lock"]
        assert written == [], "nothing is written before the mistake is found"


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        (
            "model: {init_args: {lora_rank: 3}}",
            r"model.lora_rank \(in .*old.yaml\) is not an option of PolicyModule. Nearest: lora.",
        ),
        ("trainr: {max_epochs: 3}", r"no option trainr.max_epochs \(in .*old.yaml\). Nearest: trainer.max_epochs."),
        ("model: {init_args: {dtype: fp16}}", r"model.dtype \(in .*old.yaml\) is 'fp16'. Nearest: float16."),
        ("model: {init_args: {objective: simpko}}", r"model.objective \(in .*old.yaml\) is 'simpko'; .* Nearest: simko."),
        ("trainer: [1\n  max_epochs: 3", r"old.yaml is not YAML: line 2"),
    ],
)
def test_a_mistake_in_a_file_names_the_file(capsys, tmp_path, text, pattern):
    (tmp_path / "old.yaml").write_text(text)
    message = told(capsys, *GRPO, "--config", str(tmp_path / "old.yaml"))
    assert len(message.splitlines()) == 1
    assert re.search(pattern, message), message


VERIFIERS = """
from __future__ import annotations

from asym_lit.types import Outcome, Prompt, Verdict


class Untested:
    name = "untested"

    def verify(self, prompt: Prompt, response: str) -> Verdict:
        return Verdict(Outcome.CORRECT, self.name, "so")


class Narrow(Untested):
    def verify(self, response: str) -> Verdict:
        return Verdict(Outcome.CORRECT, self.name, "so")


class Nameless:
    verify = Untested.verify

    def self_test(self) -> None: ...
"""


@pytest.mark.parametrize(
    ("kind", "lacks"),
    [
        ("Untested", r"verifier .* is own_verifiers\.Untested, which has no self_test\(\) -> None\."),
        (
            "Narrow",
            r"which has verify\(response: str\) -> Verdict, where verify\(prompt: Prompt, response: str\) -> Verdict is wanted"
            r" and has no self_test\(\) -> None\.",
        ),
        ("Nameless", r"verifier is a Nameless, which has no name: str; write it there\."),
    ],
)
def test_a_verifier_that_lacks_a_member_is_told_which_and_how_it_is_written(capsys, tmp_path, monkeypatch, kind, lacks):
    (tmp_path / "own_verifiers.py").write_text(VERIFIERS)
    monkeypatch.syspath_prepend(str(tmp_path))
    callbacks = f"[{{class_path: VerifierReward, init_args: {{verifier: {{class_path: own_verifiers.{kind}}}}}}}]"
    (tmp_path / "own.yaml").write_text(f"trainer: {{callbacks: {callbacks}}}")
    message = told(capsys, *GRPO, "--config", str(tmp_path / "own.yaml"), "--trainer.logger.save_dir", str(tmp_path / "runs"))
    assert len(message.splitlines()) == 1
    assert re.search(lacks, message), message


@pytest.mark.parametrize("where", ["words", "file", "class_path", "whole name"])
def test_a_bare_preset_name_is_the_preset(tmp_path, where):
    file = tmp_path / "objective.yaml"
    value = "{class_path: simko, init_args: {}}" if where == "class_path" else "simko"
    file.write_text(f"model: {{init_args: {{objective: {value}}}}}")
    words = {"words": ["simko"], "whole name": ["asym_lit.objectives.simko"]}.get(where)
    given = ["--model.objective", *words] if words else ["--config", str(file)]
    cli = make_cli([*GRPO[1:], *given], run=False)
    assert cli.config.model.init_args.objective.class_path == "asym_lit.objectives.simko"
    assert cli.model.objective == presets.simko()


@pytest.mark.parametrize("written", [["--data.task.messages", "null"], ["--data.task.messages=null"]])
def test_null_takes_back_what_a_recipe_says_of_an_option_within_a_class(tmp_path, written):
    task = "{class_path: Problems, init_args: {path: rows.jsonl, messages: prompt, keep: {level: [3]}}}"
    (tmp_path / "task.yaml").write_text(f"data: {{init_args: {{task: {task}}}}}")
    base = [*GRPO[1:], "--config", str(tmp_path / "task.yaml"), "--data.task.question", "None of it"]
    config = make_cli([*base, *written], run=False).config
    assert config.data.init_args.task.init_args.messages is None
    assert config.data.init_args.task.init_args.question == "None of it"


def test_a_task_is_known_by_its_name_alone():
    cli = make_cli([*GRPO[1:], "--data.task", "Countdown"], run=False)
    assert cli.config.data.init_args.task.class_path == "asym_lit.tasks.Countdown"


@pytest.mark.parametrize(("words", "status"), [(["--help"], 0), (["-h"], 0), ([], 2)])
def test_help_names_every_command_with_a_line(capsys, words, status):
    with pytest.raises(SystemExit) as stopped:
        main(words)
    assert stopped.value.code == status
    lines = capsys.readouterr().out.splitlines()
    assert set(COMMANDS) | {"fit", "validate", "test", "predict", "preflight"} == set(SUMMARIES)
    for name in SUMMARIES:
        assert [line for line in lines if re.match(rf"  {name} +\w.{{15}}", line)], name


def test_the_ten_mistakes_stand_in_the_readme():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    rows = [row.split(" | ") for row in readme.splitlines() if row.startswith("| `")]
    said = {row[0].strip("| `"): row[1].strip(" |") for row in rows if len(row) == 2}
    for words, pattern in TEN.values():
        given = " ".join(word.removeprefix(f"{ROOT}/") for word in words if word not in GRPO[:1] + GRPO[2:])
        given = given.removeprefix("--config ") if words[:3] == GRPO else given
        assert given in said, given
        first_sentence = pattern.split(".*")[0].split(" Allowed")[0]
        assert first_sentence.removeprefix("There is no file ") in said[given]
