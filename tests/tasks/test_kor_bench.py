"""KOR-Bench as a task: its rule stands before each question."""

from __future__ import annotations

import json

import pytest

from asym_lit.tasks import KorBench
from asym_lit.tasks.kor_bench import CATEGORIES
from asym_lit.types import InputError, SelectiveTask, Task


def fill(folder, pattern):
    for category in CATEGORIES:
        rules = [{"idx": "1", "rule_content": f"the {category} rule"}]
        rows = [
            {"idx": str(n), "question": f"{category} {n}?", "answer": f"[[{n}]]", "rule_id": "1", "real_life_answer": "[[0]]"}
            for n in (1, 2)
        ]
        for part, lines in (("rule", rules), ("sample", rows)):
            path = folder / pattern.format(category=category, part=part)
            path.parent.mkdir(exist_ok=True)
            path.write_text("".join(json.dumps(line) + "\n" for line in lines))


@pytest.mark.parametrize("pattern", ["{category}_{part}.jsonl", "{category}/{part}.jsonl"])
def test_the_prompt_tells_role_instructions_rule_and_question(tmp_path, pattern):
    fill(tmp_path, pattern)
    task = KorBench(str(tmp_path))
    assert isinstance(task, Task) and isinstance(task, SelectiveTask)
    prompts = task.prompts("val")
    assert len(prompts) == 10 and prompts == task.prompts("test")
    assert prompts[0].text.endswith(
        "\n3. Wrap the final answer in double square brackets, like this: [[your answer]].\n\n"
        "### Rule:\nthe operation rule\n\n### Question:\noperation 1?\n\n### Answer:\n"
    )
    assert prompts[0].text.startswith("You are an intelligent assistant") and prompts[0].text.count("\n1. ") == 1
    assert dict(prompts[0].answer) == {
        "answer": "[[1]]",
        "question": "operation 1?",
        "category": "operation",
        "rule_id": "1",
        "idx": "1",
        "real_life_answer": "[[0]]",
    }


def test_categories_are_chosen_and_a_question_without_its_rule_is_left_out(tmp_path):
    fill(tmp_path, "{category}_{part}.jsonl")
    with (tmp_path / "cipher_sample.jsonl").open("a") as file:
        file.write('{"idx": "3", "question": "which?", "answer": "[[A]]", "rule_id": "9"}\n{"idx": "4", "rule_id": "1"}\n')
    task = KorBench(str(tmp_path), categories=["cipher"])
    assert [prompt.answer["idx"] for prompt in task.prompts("val")] == ["1", "2"]
    assert [left.reason for left in task.left_out("val")] == ["no rule of its number", "no question"]


def test_the_hub_is_asked_for_the_repositorys_files(monkeypatch):
    asked = []

    def load_dataset(path, config, data_files, split, revision):
        asked.append((path, data_files, split))
        rule = {"idx": "1", "rule_content": "rule"}
        return [rule] if "rule" in data_files else [{"idx": "1", "question": "?", "answer": "[[1]]", "rule_id": "1"}]

    monkeypatch.setattr("datasets.load_dataset", load_dataset)
    assert len(KorBench(categories=["logic"]).prompts("val")) == 1
    assert asked == [("m-a-p/KOR-Bench", f"data/logic/{part}.jsonl", "train") for part in ("rule", "sample")]


def test_mistakes_are_told(tmp_path):
    with pytest.raises(InputError, match=r"categories of kor_bench names 'ciphers'.*Did you mean 'cipher'\?"):
        KorBench(categories=["ciphers"])
    fill(tmp_path, "{category}_{part}.jsonl")
    (tmp_path / "logic_rule.jsonl").unlink()
    with pytest.raises(InputError, match=r"has no logic/rule\.json or the like"):
        KorBench(str(tmp_path)).prompts("val")
