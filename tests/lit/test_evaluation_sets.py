"""Several evaluation sets at once, prompts that are too long, problems that stand in two places: by small runs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from asym_lit.lit.prompt_sets import account, warn_of_overlap
from asym_lit.policy.loading import load_tokenizer
from asym_lit.rollout.prompt_sets import PromptSets
from asym_lit.rollout.rendering import PromptFormat
from asym_lit.tasks import Countdown
from asym_lit.tasks.evaluation_sets import EvaluationSet, evaluation_sets
from asym_lit.types import LeftOut, Prompt, Sampling

Fit = Callable[..., Path]
SETS = """{
  plain: {class_path: asym_lit.tasks.Countdown, init_args: {train_size: 1, val_size: 5, test_size: 1}},
  cool: {task: {class_path: asym_lit.tasks.Countdown, init_args: {train_size: 1, val_size: 3, test_size: 2, numbers: 3}},
         n: 6, temperature: 0.5, ks: [1, 3]}}"""


class Given:
    """A task of given prompts, which left one row out."""

    name = "given"

    def __init__(self, *texts: str) -> None:
        self.texts = texts

    def prompts(self, split):
        return [Prompt(text, text, {}, self.name, origin=f"here, row {i}") for i, text in enumerate(self.texts)]

    def left_out(self, split):
        return [LeftOut("here, row 9", "no answer: None")]


def test_what_a_set_does_not_say_is_as_in_evaluation() -> None:
    one = EvaluationSet(Countdown(), n=32, top_p=0.7)
    assert one.sampling(Sampling(n=64, temperature=0.6, max_tokens=9)) == Sampling(32, 0.6, 0.7, 0, 9)


def test_without_sets_the_training_task_s_own_split_is_one() -> None:
    task = Countdown()
    assert evaluation_sets(None, task) == {"countdown": EvaluationSet(task)}


def test_a_name_that_cannot_be_a_file_is_refused() -> None:
    with pytest.raises(ValueError, match="'a/b'; allowed in a name"):
        evaluation_sets({"a/b": Countdown()}, Countdown())


def test_each_set_has_its_own_sampling_and_budgets_and_its_samples_are_written(fit: Fit, capsys) -> None:
    run = fit("grpo", "--data.evaluation_tasks", SETS, command="validate")
    curves = json.loads((run / "pass_at_k.json").read_text())["validation"]
    assert (curves["plain"]["problems"], curves["plain"]["samples"], curves["plain"]["ks"]) == (5, 4, [1, 2, 4])
    assert (curves["cool"]["problems"], curves["cool"]["samples"], curves["cool"]["ks"]) == (3, 6, [1, 3])
    rows = [json.loads(line) for line in (run / "rollouts/val_000000_cool.jsonl").read_text().splitlines()]
    assert len(rows) == 18
    assert {row["temperature"] for row in rows} == {0.5}
    assert len((run / "rollouts/val_000000_plain.jsonl").read_text().splitlines()) == 20
    shown = capsys.readouterr().out
    assert "plain, validation" in shown and "3 problems x 6" in shown


def test_a_budget_above_a_set_s_own_n_is_refused(fit: Fit) -> None:
    with pytest.raises(SystemExit, match=r"cool: pass@8 is asked for with evaluation_tasks.cool.n 6"):
        fit("grpo", "--data.evaluation_tasks", SETS.replace("[1, 3]", "[8]"), command="validate")


def test_over_long_prompts_are_left_out_counted_and_listed(tmp_path: Path) -> None:
    sets = PromptSets(load_tokenizer("bundled"), PromptFormat(), Given(), max_prompt_tokens=6)
    prompts = sets.get("given", "train", Given("1,2=3:", "10,2=12:", "1,1=2:"), Sampling(), 256)
    assert [p.text for p in prompts] == ["1,2=3:", "1,1=2:"]
    with pytest.warns(UserWarning, match=r"given, train: 2 prompts; 2 rows are left out .*1: above data.max_prompt_tokens 6"):
        account(sets, tmp_path)
    rows = [json.loads(line) for line in (tmp_path / "left_out.jsonl").read_text().splitlines()]
    assert rows == [
        {"set": "given", "split": "train", "origin": "here, row 9", "uid": "", "reason": "no answer: None"},
        {
            "set": "given",
            "split": "train",
            "origin": "here, row 1",
            "uid": "10,2=12:",
            "reason": "above data.max_prompt_tokens 6: 8",
        },
    ]


def test_a_limit_that_leaves_nothing_is_refused() -> None:
    sets = PromptSets(load_tokenizer("bundled"), PromptFormat(), Given(), max_prompt_tokens=3)
    with pytest.raises(ValueError, match=r"all 1 train prompts are longer than .* 3; the shortest has 6"):
        sets.get("given", "train", Given("1,2=3:"), Sampling(), 256)


def test_a_task_whose_problems_may_never_end_is_refused_before_one_is_read() -> None:
    class Endless(Given):
        def prompts(self, split):
            while True:
                raise AssertionError("a problem was read")
                yield

    sets = PromptSets(load_tokenizer("bundled"), PromptFormat(), Given())
    with pytest.raises(ValueError, match=r"prompts\('train'\) of Endless gives a generator, which may never end"):
        sets.get("given", "train", Endless(), Sampling(), 256)


def test_problems_that_are_trained_on_and_evaluated_on_are_warned_of() -> None:
    sets = PromptSets(load_tokenizer("bundled"), PromptFormat(), Given())
    sets.get("train", "train", Given("1,2=3:", "2,2=4:"), Sampling(), 256)
    sets.get("held_out", "val", Given("2,2=4:", "3,2=5:"), Sampling(), 256)
    with pytest.warns(UserWarning, match=r"1 of the 2 problems of the evaluation set held_out are trained on"):
        warn_of_overlap(sets)


def test_a_chat_is_refused_before_anything_starts_where_the_tokenizer_has_no_template(fit: Fit) -> None:
    with pytest.raises(SystemExit, match="has no chat template"):
        fit("grpo", "--data.prompt_format.chat", "true")


def test_the_evaluation_sets_of_mathematics_run_on_local_files(fit: Fit, tmp_path: Path) -> None:
    """Rows made up here; the policy knows no mathematics, so what is shown is that every stage is passed."""
    words = ["--config", "configs/overlays/data/evaluation_maths.yaml", "--data.evaluation.max_tokens", "8"]
    for name in ("aime24", "aime25", "amc23", "math500", "minerva", "olympiadbench", "gsm8k"):
        rows = [{"question": f"{n}+1?", "problem": f"{n}+1?", "answer": f"#### {n + 1}"} for n in range(3)]
        path = tmp_path / name / "test.jsonl"
        path.parent.mkdir()
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        words += [f"--data.evaluation_tasks.{name}.task.path", str(path.parent), f"--data.evaluation_tasks.{name}.n", "2"]
    run = fit("grpo", *words, command="validate")
    curves = json.loads((run / "pass_at_k.json").read_text())["validation"]
    assert {name: (curve["problems"], curve["samples"]) for name, curve in curves.items()} == dict.fromkeys(curves, (3, 2))
    assert len(curves) == len(list((run / "rollouts").glob("val_000000_*.jsonl"))) == 7
    row = json.loads((run / "rollouts/val_000000_gsm8k.jsonl").read_text().splitlines()[0])
    assert row["answer"] == {"answer": "1", "question": "0+1?"}
    assert row["prompt"] == "0+1?\nPlease reason step by step, and put your final answer within \\boxed{}."
    assert row["by"] == "rule"  # no answer in it: the ladder need not ask further
