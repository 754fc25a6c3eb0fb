"""Problems from data sets.

`GSM8K` holds two rows of GSM8K (github.com/openai/grade-school-math, MIT), `MATH` two rows of MATH
(github.com/hendrycks/math, MIT), one of them without its answer; other rows are made up here.
"""

from __future__ import annotations

import csv
import json

import pytest

from asym_lit.tasks import Problems
from asym_lit.types import InputError

GSM8K = [
    {
        "question": "A robe takes 2 bolts of blue fiber and half that much white fiber.  How many bolts in total does it take?",
        "answer": "It takes 2/2=<<2/2=1>>1 bolt of white fiber\n"
        "So the total amount of fabric is 2+1=<<2+1=3>>3 bolts of fabric\n#### 3",
    },
    {
        "question": "Josh decides to try flipping a house.  He buys a house for $80,000 and then puts in $50,000 in repairs.  "
        "This increased the value of the house by 150%.  How much profit did he make?",
        "answer": "The cost of the house and repairs came out to 80,000+50,000=$<<80000+50000=130000>>130,000\n"
        "He increased the value of the house by 80,000*1.5=<<80000*1.5=120000>>120,000\n"
        "So the new value of the house is 120,000+80,000=$<<120000+80000=200000>>200,000\n"
        "So he made a profit of 200,000-130,000=$<<200000-130000=70000>>70,000\n#### 70,000",
    },
]
MATH = [
    {
        "problem": r"How many vertical asymptotes does the graph of $y=\frac{2}{x^2+x-6}$ have?",
        "level": "Level 3",
        "solution": r"The denominator of the rational function factors into $x^2+x-6=(x-2)(x+3)$. Since the numerator "
        r"is always nonzero, there is a vertical asymptote whenever the denominator is $0$, which occurs for $x = 2$ "
        r"and $x = -3$. Therefore, the graph has $\boxed{2}$ vertical asymptotes.",
    },
    {
        "problem": "For any integer $n>1$, the number of prime numbers greater than $n!+1$ and less than $n!+n$ is:",
        "level": "Level 5",
        "solution": r"Therefore there are $\boxed{}$ primes in that range.",
    },
]
MANY = [{"question": f"What is {n} + 1?", "answer": n + 1, "level": n % 5} for n in range(400)]


@pytest.fixture
def written(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HOME", str(tmp_path / "cache"))

    def write(name, rows):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        if name.endswith(".parquet"):
            import pyarrow
            import pyarrow.parquet

            pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), path)
        elif name.endswith(".csv"):
            with path.open("w", newline="") as file:
                table = csv.DictWriter(file, list(rows[0]))
                table.writeheader()
                table.writerows(rows)
        elif name.endswith(".json"):
            path.write_text(json.dumps(rows))
        else:
            path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        return str(path)

    return write


def training_only(path, **settings):
    return Problems(path, val=None, test=None, **settings)


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.parquet", "rows.json", "rows.csv"])
def test_rows_become_prompts_from_any_kind_of_file(written, name):
    path = written(name, GSM8K)
    first, second = training_only(path, answer_form="after_hashes", name="gsm8k").prompts("train")
    assert first.text == GSM8K[0]["question"]
    assert first.answer == {"answer": "3", "question": GSM8K[0]["question"]}
    assert second.answer["answer"] == "70000"
    assert (first.task, first.origin) == ("gsm8k", f"{path}, row 0")


def test_a_problem_has_the_same_uid_in_every_file_and_order(written):
    forward = {p.text: p.uid for p in training_only(written("a.jsonl", GSM8K)).prompts("train")}
    spaced = [{**row, "question": row["question"].replace("  ", " ")} for row in reversed(GSM8K)]
    backward = [p.uid for p in training_only(written("b.parquet", spaced)).prompts("train")]
    assert sorted(forward.values()) == sorted(backward)
    assert len(set(backward)) == 2


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.json"])
def test_answers_are_text_as_they_were_written_whatever_else_is_in_the_column(written, name):
    values = ["025", 5, "1.50", 27.0, 0.5, ["1", 2], True]
    rows = [{"question": str(i), "answer": value} for i, value in enumerate(values)]
    found = [p.answer["answer"] for p in training_only(written(name, rows)).prompts("train")]
    assert found == ["025", "5", "1.50", "27", "0.5", "1, 2", "True"]


def test_numbers_in_a_csv_file_and_integers_in_parquet_are_text(written):
    rows = [{"question": "a", "answer": "025"}, {"question": "b", "answer": "NA"}]
    assert [p.answer["answer"] for p in training_only(written("rows.csv", rows)).prompts("train")] == ["025", "NA"]
    whole = training_only(written("rows.parquet", MANY)).prompts("train")
    assert [p.answer["answer"] for p in whole[:2]] == ["1", "2"]


def test_fields_may_lie_inside_others_and_be_one_of_several(written):
    rows = [{"prompt": [{"role": "user", "content": "1+1?"}], "reward_model": {"ground_truth": "2", "style": "rule"}}]
    path = written("rows.parquet", rows)
    (prompt,) = training_only(
        path, question=["problem", "prompt.0.content"], answer=["answer", "reward_model.ground_truth"]
    ).prompts("train")
    assert prompt.answer == {"answer": "2", "question": "1+1?"}
    (chat,) = training_only(path, question="prompt.0.content", answer="reward_model.ground_truth", messages="prompt").prompts(
        "train"
    )
    assert chat.messages == ({"role": "user", "content": "1+1?"},)


def test_a_template_takes_fields_of_the_row_and_leaves_other_braces(written):
    task = training_only(written("rows.jsonl", MANY[:1]), template=r"[{level}] {question} \boxed{}")
    assert task.prompts("train")[0].text == r"[0] What is 0 + 1? \boxed{}"


def test_one_file_is_divided_by_a_hash_of_the_problem_whatever_rows_come_or_go(written):
    def parts(rows, name):
        task = Problems(written(name, rows), test="train", held_out=0.2)
        return {split: {p.uid for p in task.prompts(split)} for split in ("train", "val", "test")}

    whole, half = parts(MANY, "whole.jsonl"), parts(MANY[:200], "half.jsonl")
    assert sum(map(len, whole.values())) == 400
    assert len(set.union(*whole.values())) == 400
    assert 50 < len(whole["val"]) < 110 and 50 < len(whole["test"]) < 110
    assert all(half[split] <= whole[split] for split in whole)


def test_a_folder_has_a_file_per_split_and_what_is_tested_leaves_training(written):
    written("data/train-00000-of-00002.parquet", MANY[:100])
    written("data/train-00001-of-00002.parquet", MANY[100:200])
    path = written("data/test.parquet", MANY[190:250]).rpartition("/")[0]
    task = Problems(path)
    uids = {split: {p.uid for p in task.prompts(split)} for split in ("train", "val", "test")}
    assert len(uids["test"]) == 60
    assert len(uids["train"] | uids["val"]) == 190
    assert not uids["test"] & (uids["train"] | uids["val"]) and not uids["train"] & uids["val"]
    gone = [row for split in ("train", "val") for row in task.left_out(split)]
    assert [row.reason for row in gone] == ["also in the test split"] * 10


def test_an_evaluation_set_is_whole_in_validation_and_in_test(written):
    task = Problems(written("test.jsonl", MANY[:30]), train=None, val="test")
    assert len(task.prompts("val")) == len(task.prompts("test")) == 30
    with pytest.raises(ValueError, match="has no train problems: its 'train' is null"):
        task.prompts("train")


def test_a_smaller_size_is_a_seeded_draw_out_of_the_larger_one(written):
    path = written("rows.jsonl", MANY)

    def drawn(size, seed=0):
        return [p.answer["answer"] for p in training_only(path, train_size=size, seed=seed).prompts("train")]

    assert len(drawn(10)) == 10
    assert set(drawn(10)) < set(drawn(50))
    assert drawn(50) == sorted(drawn(50), key=int)
    assert drawn(50) != drawn(50, seed=1)


def test_rows_are_kept_by_value_and_by_bounds(written):
    path = written("rows.jsonl", MANY)
    assert len(training_only(path, keep={"level": [1, "2"]}).prompts("train")) == 160
    assert [p.answer["answer"] for p in training_only(path, between={"answer": [7, 9]}).prompts("train")] == ["7", "8", "9"]
    with pytest.raises(ValueError, match="none of 400 rows passes keep"):
        training_only(path, keep={"level": [9]}).prompts("train")


def test_missing_gold_answers_are_left_out_by_row_up_to_a_share(written):
    path = written("rows.jsonl", MATH)
    settings = {"question": "problem", "answer": "solution", "answer_form": "last_boxed"}
    with pytest.raises(ValueError, match=r"1 of 2 rows have no gold answer .*share of 0.02 .*Rows \(from 0\): 1\."):
        training_only(path, **settings).prompts("train")
    task = training_only(path, **settings, max_unanswered=0.5)
    assert [p.answer["answer"] for p in task.prompts("train")] == ["2"]
    (left,) = task.left_out("train")
    assert left.origin == f"{path}, row 1"
    assert left.reason.startswith("no gold answer: ")


def test_repeated_problems_are_taken_once_and_contradictions_named(written):
    rows = [{"question": "a", "answer": 1}, {"question": " a ", "answer": "1"}, {"question": "a", "answer": 2}]
    task = training_only(written("rows.jsonl", rows))
    assert len(task.prompts("train")) == 1
    assert [row.reason.partition(":")[0] for row in task.left_out("train")] == ["repeated", "repeated with another answer"]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"question": "prompt"}, r"question names 'prompt', which no row of .* has; its columns: question, answer, level"),
        ({"answer": ["gold", "label"]}, r"answer names 'gold', 'label'.*its columns: question, answer"),
        ({"template": "{question} {hint}"}, r"template names 'hint'.*its columns: question, answer"),
        ({"keep": {"source": ["x"]}}, r"keep names 'source'"),
        ({"messages": "chat"}, r"messages names 'chat'"),
    ],
)
def test_an_unknown_column_is_named_with_those_there_are(written, settings, words):
    with pytest.raises(ValueError, match=words):
        training_only(written("rows.jsonl", MANY[:3]), **settings).prompts("train")


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"template": "no field"}, "shows nothing of a row"),
        ({"held_out": 0.5}, "held_out is 0.5; allowed"),
        ({"between": {"a": [1.0]}}, "between.a is .*a smallest and a largest"),
        ({"max_unanswered": 2}, "max_unanswered is 2; allowed: 0 to 1"),
    ],
)
def test_settings_that_cannot_work_are_refused_at_once(settings, words):
    with pytest.raises(ValueError, match=words):
        Problems("rows.jsonl", **settings)


def test_worked_solutions_of_gsm8k_are_carried_and_demonstrated(written):
    path = written("gsm8k.jsonl", GSM8K)
    task = Problems(path, answer_form="after_hashes", solution="answer", val=None, test=None)
    first = task.prompts("train")[0]
    assert first.solution == (
        "It takes 2/2=1 bolt of white fiber. So the total amount of fabric is 2+1=3 bolts of fabric. The answer is 3."
    )
    assert first.answer["answer"] == "3"
    shown = [task.demonstration(0, index) for index in range(4)]
    assert all(response == prompt.solution for prompt, response in shown)
    assert (
        {prompt.uid for prompt, _ in shown[:2]}
        == {prompt.uid for prompt, _ in shown[2:]}
        == {p.uid for p in task.prompts("train")}
    )
    assert task.demonstration(0, 3) == shown[3]
    orders = {tuple(task.demonstration(seed, index)[0].uid for index in range(2)) for seed in range(8)}
    assert len(orders) == 2


def test_problems_without_a_named_solution_carry_none_and_demonstrate_nothing(written):
    task = Problems(written("plain.jsonl", MANY[:2]), val=None, test=None)
    assert [prompt.solution for prompt in task.prompts("train")] == [None, None]
    with pytest.raises(InputError, match="problems has no worked solutions to show; name their field in `solution`"):
        task.demonstration(0, 0)


def test_a_solution_field_that_no_row_has_is_refused(written):
    with pytest.raises(InputError, match="solution names 'working', which no row of"):
        Problems(written("gsm8k.jsonl", GSM8K), answer_form="after_hashes", solution="working", val=None).prompts("train")


def test_a_worked_solution_is_where_the_answer_is_found_in_or_in_a_field_of_its_own(written):
    path = written("rows.jsonl", [{**GSM8K[0], "chain": "half of 2 is 1, and 2+1=3"}])
    found = training_only(path, answer_form="after_hashes").prompts("train")[0]
    assert found.solution == (
        "It takes 2/2=1 bolt of white fiber. So the total amount of fabric is 2+1=3 bolts of fabric. The answer is 3."
    )
    own = training_only(path, answer_form="after_hashes", solution="chain").prompts("train")[0]
    assert own.solution == "half of 2 is 1, and 2+1=3."
    assert (own.uid, own.answer) == (found.uid, found.answer)
    assert training_only(written("plain.jsonl", MANY[:1])).prompts("train")[0].solution is None  # an answer is no solution
    with pytest.raises(ValueError, match=r"solution names 'chains', which no row .* its columns: question, answer, chain"):
        training_only(path, answer_form="after_hashes", solution="chains").prompts("train")
