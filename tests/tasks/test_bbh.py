"""BBH as a task: a file or a configuration for each subset."""

from __future__ import annotations

import json

import pytest

from asym_lit.tasks import BBH
from asym_lit.tasks.bbh import SUBSETS
from asym_lit.types import InputError, SelectiveTask, Task


@pytest.fixture
def folder(tmp_path):
    """Three questions a subset, in the form of the repository's files; the third repeats the first."""
    for subset in SUBSETS:
        rows = [{"input": f"{subset} {n % 2}?", "target": "(A)"} for n in range(3)]
        (tmp_path / f"{subset}.json").write_text(json.dumps({"canary": "no training", "examples": rows}))
    return tmp_path


def test_all_27_subsets_are_read_and_name_themselves(folder):
    task = BBH(str(folder))
    assert isinstance(task, Task) and isinstance(task, SelectiveTask)
    assert len(SUBSETS) == 27 and len(task.prompts("val")) == 54 and task.prompts("test") == task.prompts("val")
    first = task.prompts("val")[0]
    assert (first.text, dict(first.answer)) == (
        "boolean_expressions 0?",
        {"answer": "(A)", "question": "boolean_expressions 0?", "subset": "boolean_expressions"},
    )
    assert [left.reason for left in task.left_out("val")] == [f"repeated: first in {subset}, row 0" for subset in SUBSETS]


def test_some_subsets_are_chosen_also_of_plain_rows(folder):
    (folder / "snarks.json").unlink()
    (folder / "snarks.jsonl").write_text('{"input": "?", "target": "(B)"}\n{"input": "??"}\n')
    task = BBH(str(folder), subsets=["snarks", "navigate"])
    assert [prompt.answer["subset"] for prompt in task.prompts("val")] == ["snarks", "navigate", "navigate"]
    assert next(left.reason for left in task.left_out("val")) == "no gold answer"


def test_a_share_of_the_questions_may_be_trained_on(folder):
    task = BBH(str(folder), train="test", val="test", held_out=0.2)
    uids = [{p.uid for p in task.prompts(split)} for split in ("train", "val", "test")]
    assert sum(map(len, uids)) == 54 == len(set.union(*uids)) and len(uids[0]) > 20


def test_the_hub_is_asked_for_a_configuration_each(monkeypatch):
    asked = []

    def load_dataset(path, config, data_files, split, revision):
        asked.append((path, config, data_files, split, revision))
        return [{"input": f"{config}?", "target": "yes"}]

    monkeypatch.setattr("datasets.load_dataset", load_dataset)
    task = BBH(subsets=["snarks", "navigate"], revision="abc")
    assert [prompt.text for prompt in task.prompts("val")] == ["snarks?", "navigate?"]
    assert asked == [("SaylorTwift/bbh", name, None, "test", "abc") for name in ("snarks", "navigate")]


def test_mistakes_are_told_before_anything_is_read(folder, tmp_path):
    with pytest.raises(InputError, match=r"subsets of bbh names 'snark', which there is not\. Did you mean 'snarks'\?"):
        BBH(subsets=["snark"])
    with pytest.raises(InputError, match="There is no folder /nowhere"):
        BBH("/nowhere").prompts("val")
    (folder / "snarks.json").unlink()
    with pytest.raises(InputError, match=r"has no snarks\.json or the like; there is boolean_expressions\.json, "):
        BBH(str(folder)).prompts("val")
    (folder / "snarks.json").write_text('[{"question": "?"}]')
    with pytest.raises(InputError, match="holds no questions; expected rows with `input` and `target`"):
        BBH(str(folder), subsets=["snarks"]).prompts("val")
