from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest
import yaml

from asym_lit.cli import main, make_cli
from asym_lit.command_line.verifier_option import with_function
from asym_lit.lit.callbacks import VerifierReward
from asym_lit.tasks import CountdownVerifier, StrictCountdown
from asym_lit.types import RunStoppedError
from asym_lit.verifiers import Function
from runs import ROOT, run_alone, scalars, words

GRPO = str(ROOT / "configs" / "grpo.yaml")
ONE_LINE = {
    "plain": "def short(prompt, response, answer): return 1 - len(response) / 40",
    "trl": "def short(prompts, completions, **columns): return [1 - len(one) / 40 for one in completions]",
    "verl": "def short(data_source, solution_str, ground_truth, extra_info): return {'score': 1 - len(solution_str) / 40}",
    "later": "async def short(response): return 1 - len(response) / 40",
}


@pytest.fixture
def empty(tmp_path, monkeypatch):
    """An empty folder that one stands in."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield tmp_path
    sys.modules.pop("mine", None)


def built(*more: str) -> VerifierReward:
    cli = make_cli(["--config", GRPO, *more], run=False)
    assert cli.config.verifier is None  # it stands in the callback alone
    (callback,) = (one for one in cli.trainer.callbacks if isinstance(one, VerifierReward))
    return callback


@pytest.mark.parametrize("form", ONE_LINE)
def test_a_reward_of_one_line_trains_from_an_empty_folder(empty, form):
    (empty / "mine.py").write_text(ONE_LINE[form])
    every = ["--config", str(ROOT / "tests" / "lit" / "transcribed.yaml")]
    more = ["--verifier", "mine.py:short", "--verifier.correct_from", "0.7", "--model.warmup_steps", "0"]
    make_cli(words(empty, "grpo", *every, *more))
    run = empty / "run" / "version_0"
    rows = [json.loads(line) for path in sorted((run / "rollouts").glob("train_*.jsonl")) for line in path.open()]
    assert len(rows) == 64  # 4 steps of 4 prompts and 4 responses
    assert [row["reward"] for row in rows] == pytest.approx([1 - len(row["response"]) / 40 for row in rows])
    right = [len(row["response"]) <= 12 for row in rows]
    assert [row["outcome"] == "correct" for row in rows] == right and 0 < sum(right) < 64
    assert max(scalars(run, "update/grad_norm").values()) > 0
    saved = yaml.safe_load((run / "config.yaml").read_text())
    (callback,) = (one for one in saved["trainer"]["callbacks"] if one["class_path"].endswith("VerifierReward"))
    assert callback["init_args"]["verifier"]["init_args"]["function"] == "mine.py:short"


@pytest.mark.parametrize("command", ["validate", "test", "predict"])
def test_the_other_commands_take_it_too(empty, command):
    (empty / "mine.py").write_text("def always(response): return True")
    cli = make_cli(words(empty, "grpo", "--verifier", "mine.py:always", command=command))
    metrics = {name: float(value) for name, value in cli.trainer.callback_metrics.items() if name.endswith("/pass@1")}
    assert command == "predict" or set(metrics.values()) == {1.0}
    (callback,) = (one for one in cli.trainer.callbacks if isinstance(one, VerifierReward))
    assert isinstance(callback.verifier, Function)


@pytest.mark.parametrize("command", ["fit", "validate"])
def test_an_evaluation_in_which_nothing_is_decided_ends_with_function_and_response(empty, command):
    (empty / "mine.py").write_text("def breaks(response): return 1 / 0")
    with pytest.raises(
        RunStoppedError, match=r"none of 32 responses has a verdict.* raised ZeroDivisionError: mine.py:breaks on the resp"
    ):
        make_cli(words(empty, "grpo", "--verifier", "mine.py:breaks", command=command))


@pytest.mark.parametrize("undecided", ["mask", "wrong"])
def test_faults_of_a_function_follow_the_policy_for_undecided_verdicts(empty, undecided):
    (empty / "mine.py").write_text("def half(response): return 1 / 0 if len(response) % 2 else 1")
    policy = ["VerifierReward", "--trainer.callbacks.verifier=CountdownVerifier", f"--trainer.callbacks.undecided={undecided}"]
    words_of = [
        "--trainer.num_sanity_val_steps",
        "0",
        "--trainer.callbacks=[]",
        f"--trainer.callbacks+={policy[0]}",
        *policy[1:],
    ]
    with pytest.raises(
        RunStoppedError,
        match=r"step 0 are undecided; allowed: 10%.*raised ZeroDivisionError \(\d+ of 16, such as mine.py:half on ",
    ):
        make_cli(words(empty, "grpo", *words_of, "--verifier", "mine.py:half"))


def test_preflight_tries_a_function_before_a_run_does(empty, capsys):
    (empty / "mine.py").write_text(ONE_LINE["plain"] + "\ndef breaks(response): return 1 / 0")
    size = ["--data.task.train_size", "16", "--data.task.val_size", "8"]
    with pytest.raises(SystemExit):
        main(["preflight", "--config", GRPO, *size, "--verifier", "mine.py:breaks"])
    assert "raised" in capsys.readouterr().out
    main(["preflight", "--config", GRPO, *size, "--verifier", "mine.py:short"])
    assert "function rejects 16 of 16" in capsys.readouterr().out  # a note: its rewards are shares, none of them 1


@pytest.mark.parametrize("where", ["last", "alone"])
def test_the_option_finds_the_callback_wherever_it_stands(empty, where):
    (empty / "mine.py").write_text(ONE_LINE["plain"])
    ours = {"class_path": "asym_lit.lit.callbacks.VerifierReward", "init_args": {"verifier": "StrictCountdown", "correct": 2.0}}
    others = [] if where == "alone" else [{"class_path": "asym_lit.lit.callbacks.Dynamics"}]
    (empty / "mine.yaml").write_text(yaml.safe_dump({"trainer": {"callbacks": [*others, ours]}}))
    before = built("--config", "mine.yaml")
    assert isinstance(before.verifier, StrictCountdown)
    after = built("--config", "mine.yaml", "--verifier", "mine.py:short")
    assert isinstance(after.verifier, Function)
    assert after.rewards == before.rewards  # the callback's own settings stay


@pytest.mark.parametrize(
    ("text", "bound"),
    [
        ("verifier: mine.py:scaled", None),
        ("verifier: {class_path: Function, init_args: {function: mine.py:scaled, arguments: {by: 3}, correct_from: 0.5}}", 0.5),
        ("verifier: {class_path: asym_lit.verifiers.Function, init_args: {function: mine.scaled}}", 1.0),
    ],
)
def test_a_recipe_may_say_it_too(empty, text, bound):
    (empty / "mine.py").write_text("def scaled(response, by=2): return by * len(response)")
    (empty / "mine.yaml").write_text(text)
    verifier = built("--config", "mine.yaml").verifier
    assert isinstance(verifier, Function) and verifier.correct_from == (bound or 1.0)
    assert verifier.call.arguments == ({"by": 3} if bound == 0.5 else {})


def test_a_verifier_by_its_name_and_one_of_ones_own_are_taken_too(empty):
    (empty / "mine.py").write_text("from asym_lit.tasks import CountdownVerifier\nclass Own(CountdownVerifier): pass")
    assert isinstance(built("--verifier", "StrictCountdown").verifier, StrictCountdown)
    assert built("--verifier", "CountdownVerifier", "--verifier.with_target", "true").verifier.with_target
    assert type(built("--verifier", "mine.Own").verifier).__name__ == "Own"


def test_without_the_option_the_recipe_keeps_its_verifier():
    assert isinstance(built().verifier, CountdownVerifier)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["--verifier", "mine.py:f"], ["--verifier", "asym_lit.verifiers.Function", "--verifier.function", "mine.py:f"]),
        (
            ["--verifier=nowhere_at_all.f", "x"],
            ["--verifier", "asym_lit.verifiers.Function", "--verifier.function", "nowhere_at_all.f", "x"],
        ),
        (
            ["--verifier", "asym_lit.verifiers.rewards.repetition"],
            ["--verifier", "asym_lit.verifiers.Function", "--verifier.function", "asym_lit.verifiers.rewards.repetition"],
        ),
        (["--verifier", "Maths"], ["--verifier", "Maths"]),
        (["--verifier", "asym_lit.verifiers.Mahts"], ["--verifier", "asym_lit.verifiers.Mahts"]),
        (["--verifier", "some.yaml"], ["--verifier", "some.yaml"]),
        (["--verifier", "{class_path: mine.py}"], ["--verifier", "{class_path: mine.py}"]),
        (["--config", "mine.py:f", "--verifiers", "a.b"], ["--config", "mine.py:f", "--verifiers", "a.b"]),
    ],
)
def test_a_place_of_a_function_becomes_the_function_and_other_words_stay(given, told):
    assert with_function(given) == told


@pytest.mark.parametrize(
    ("more", "pattern"),
    [
        (["--verifier", "mine.py:shrt"], "There is no 'shrt' in mine.py. Nearest: short"),
        (
            ["--verifier", "mine.py:other"],
            "mine.py:other takes text; nobody can give it text. .*It must take prompt, response, answer",
        ),
        (["--verifier", "mine.short.x"], "There is no 'x' in mine"),
        (
            ["--verifier", "Mths"],
            "verifier is 'Mths'; there is no verifier of this name. Nearest: Maths. Allowed: .*CountdownVer",
        ),
        (["--verifier", "asym_lit.verifiers.Mahts"], "There is no 'Mahts' in asym_lit.verifiers. Nearest: Maths"),
        (
            ["--verifier", "mine.Bare"],
            r"verifier is mine.Bare, which has no verify\(prompt: Prompt, response: str\) -> Verdict",
        ),
        (
            ["--verifier", "mine.py:short", "--verifier.second", "1"],
            "verifier.second is not an option of Function. Nearest: seconds",
        ),
        (["--verifier", "mine.py:short", "--trainer.callbacks", "[]"], "trainer.callbacks has no VerifierReward to ask it"),
    ],
)
def test_a_mistake_is_told_in_a_line(empty, capsys, more, pattern):
    (empty / "mine.py").write_text(ONE_LINE["plain"] + "\ndef other(text): return 1\nclass Bare: pass\n")
    with pytest.raises(SystemExit) as stopped:
        main(["fit", "--config", GRPO, "--trainer.logger.save_dir", str(empty / "runs"), *more])
    message = stopped.value.code if isinstance(stopped.value.code, str) else capsys.readouterr().err
    assert re.search(pattern, message), message
    assert len(message.strip().splitlines()) == 1
    assert not [path for path in Path("runs").rglob("*") if path.is_file() and path.name != ".lock"]


def test_two_processes_and_a_run_that_goes_on_ask_the_same_function(empty):
    (empty / "mine.py").write_text(ONE_LINE["plain"])
    every = ["--config", str(ROOT / "tests" / "lit" / "transcribed.yaml"), "--verifier", f"{empty}/mine.py:short"]
    two = ["--config", str(ROOT / "configs" / "overlays" / "ddp.yaml"), *every, "--verifier.correct_from", "0.7"]
    two += ["--trainer.callbacks+=PassAtK", "--trainer.val_check_interval", "1"]
    given = words(empty, "grpo", *two, "--data.rollout_steps", "1")
    at = given.index("--trainer.logger.version")
    run_alone(*given[:at], *given[at + 2 :])
    run = empty / "run" / "version_0"
    run_alone(*words(empty, "grpo", *two, "--data.rollout_steps", "2", "--ckpt_path", str(run)))
    rows = [json.loads(line) for path in sorted((run / "rollouts").glob("train_*.jsonl")) for line in path.open()]
    assert len(rows) == 32 and {row["step"] for row in rows} == {0, 1}  # those of both processes
    assert [row["reward"] for row in rows] == pytest.approx([1 - len(row["response"]) / 40 for row in rows])
    rewards = scalars(run, "reward/mean")
    assert [rewards[step] for step in (0, 1)] == pytest.approx(
        [sum(row["reward"] for row in rows if row["step"] == step) / 16 for step in (0, 1)]
    )
    assert scalars(run, "val/countdown/reward").keys() == {0, 1, 2}  # before training, and after each
