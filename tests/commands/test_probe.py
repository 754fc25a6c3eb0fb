from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from asym_lit.cli import main
from asym_lit.policy.loading import load_tokenizer, locate

SMALL = ["--prompts", "12", "--n", "8", "--thresholds.k", "4"]


def probed(folder: Path, *words: str) -> list[dict]:
    main(["probe", *SMALL, "--output", str(folder), *words])
    return json.loads((folder / "probe.json").read_text())


def test_both_bundled_tasks_are_probed_by_one_command_and_the_weak_one_is_weaker(tmp_path, capsys):
    countdown, operation = probed(tmp_path)
    assert (countdown["task"], operation["task"]) == ("countdown", "operation")
    assert countdown["at_k"]["mean"] > operation["at_k"]["mean"] + 0.2
    assert [one["share"] for one in countdown["continuations"]] == [0.4, 0.6, 0.8]
    assert sum(countdown["histogram"]) == 12
    assert operation["expected"]["true reward"]
    out = capsys.readouterr().out
    assert "alignment. pass@4 of the untrained policy" in " ".join(out.split())
    assert "Alignment probe" in (tmp_path / "probe.html").read_text()
    assert "What the paper found" in (tmp_path / "probe.md").read_text()


def test_the_bundled_policy_is_strong_on_the_one_task_and_weak_on_the_other(tmp_path):
    countdown, operation = probed(tmp_path, *("--prompts", "32", "--n", "16", "--thresholds.k", "16", "--truncations", "[]"))
    assert (countdown["label"], countdown["sure"]) == ("strong", True)
    assert (operation["label"], operation["sure"]) == ("weak", True)


def countdown_put(**form: object) -> list[str]:
    """Countdown, put to the policy in a form."""
    task, verifier = ({"class_path": f"asym_lit.tasks.{name}"} for name in ("Countdown", "CountdownVerifier"))
    return ["--tasks", json.dumps({"countdown": {"task": task, "verifier": verifier, "prompt_format": form}})]


def test_questions_are_put_as_training_will_put_them_and_cut_off_as_they_are(tmp_path):
    shutil.copytree(locate("bundled"), tmp_path / "chatty")
    tokenizer = load_tokenizer("bundled")
    tokenizer.chat_template = "{% for m in messages %}{{ m.content | reverse }}{% endfor %}"  # which it was not taught
    tokenizer.save_pretrained(tmp_path / "chatty")
    policy = ["--policy", str(tmp_path / "chatty")]
    (plain,) = probed(tmp_path / "plain", *policy, *countdown_put())
    (chat,) = probed(tmp_path / "chat", *policy, *countdown_put(chat=True))
    assert plain["at_k"]["mean"] > 0.5
    assert chat["at_k"]["mean"] == 0
    assert chat["continuations"] == plain["continuations"]
    assert "countdown is put as" in (tmp_path / "chat" / "probe.md").read_text()
    assert "is put as" not in (tmp_path / "plain" / "probe.md").read_text()


def test_a_nucleus_of_one_token_gives_a_problem_the_same_response_each_time(tmp_path):
    (found,) = probed(tmp_path, *countdown_put(), "--top_p", "0.0001", "--truncations", "[]")
    never, *between, always = found["histogram"]
    assert (sum(between), never + always) == (0, 12)


def test_a_task_of_ones_own_is_named_with_its_verifier(tmp_path):
    task = "{class_path: asym_lit.tasks.Countdown, init_args: {numbers: 3, train_size: 16, val_size: 8, test_size: 8}}"
    verifier = "{class_path: asym_lit.tasks.CountdownVerifier}"
    words = ["--tasks", f"{{sums: {{task: {task}, verifier: {verifier}, max_tokens: 16}}}}"]
    (sums,) = probed(tmp_path, *words, "--truncations", "[]", "--split", "train")
    assert sums["task"] == "sums"
    assert (sums["continuations"], sums["contaminated"]) == ([], None)


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["--n", "2"], "n is 2 and thresholds.k 4; allowed: at least as many responses"),
        (["--prompts", "1"], "prompts is 1; allowed: 2 or more"),
        (["--prompts", "100000"], "prompts is 100000, but countdown has 256 val problems; write --prompts 256"),
        (["--truncations", "[1.5]"], "allowed: shares between 0 and 1"),
        (["--thresholds.weak", "0.9"], "0 <= weak < strong <= 1"),
        (countdown_put(chat=True), "prompt_format.chat is true, but the tokenizer of .* has no chat template"),
        (["--top_p", "0"], r"top_p is 0.0; allowed: in \(0, 1\]"),
    ],
)
def test_settings_that_do_not_fit_are_refused(tmp_path, words, error):
    with pytest.raises(SystemExit, match=error):
        probed(tmp_path, *words)
