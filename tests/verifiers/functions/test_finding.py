from __future__ import annotations

import sys

import pytest

from asym_lit.types import Outcome, Prompt
from asym_lit.verifiers import Function

PROMPT = Prompt("p", "1+1?", {"answer": "2"}, "sums")
MINE = """
import dataclasses
from math import sqrt
from beside import HALF

@dataclasses.dataclass
class Scale:
    by: float

    def reward(self, response):
        return self.by * len(response)

def short(response):
    return Scale(HALF).reward(response)

scale = Scale(2.0)
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "mine.py").write_text(MINE)
    (tmp_path / "beside.py").write_text("HALF = 0.5\n")
    (tmp_path / "json.py").write_text("def short(response):\n    return 7\n")
    package = tmp_path / "parcel"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "inner.py").write_text("def reward(response):\n    return 3\n")
    (package / "broken.py").write_text("import nowhere_to_be_found\n")
    (tmp_path / "fails.py").write_text("x = 1\nx.y\n")
    (tmp_path / "wrong.py").write_text("def f(:\n")
    yield tmp_path
    for name in ("beside", "parcel", "parcel.inner", "mine"):
        sys.modules.pop(name, None)


@pytest.mark.parametrize(
    ("place", "score"),
    [
        ("mine.py:short", 1.0),  # 0.5 * 2
        ("./mine.py:scale.reward", 4.0),
        ("parcel/inner.py:reward", 3.0),
        ("parcel.inner.reward", 3.0),
        ("parcel.inner:reward", 3.0),
        ("mine.scale.reward", 4.0),
        ("json.py:short", 7.0),  # of this folder, not the library's
    ],
)
def test_a_function_is_found_in_a_file_or_by_import_path_from_the_current_folder(folder, place, score):
    assert Function(place).verify(PROMPT, "xx").score == score


def test_a_file_of_an_absolute_path_finds_what_lies_beside_it(folder, monkeypatch, tmp_path_factory):
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    assert Function(f"{folder}/mine.py:short").verify(PROMPT, "xx").outcome == Outcome.CORRECT


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("mine.py:shrt", r"There is no 'shrt' in mine.py. Nearest: short. There: short\.$"),
        ("mine.py:zzz", r"There is no 'zzz' in mine.py. There: short\.$"),
        ("mine.py:scale.rewrd", r"There is no 'rewrd' in mine.py.scale\.$"),
        ("mine.py:", "'mine.py:' names a file but no function of it; write mine.py:function. There: short"),
        ("mne.py:short", r"There is no file mne.py \('mne.py:short' is looked for in /.*\). Nearest: mine.py"),
        ("nowhere/mine.py:short", "There is no file nowhere/mine.py"),
        ("mine.py", "'mine.py' names a file but no function of it; write mine.py:function. There: short"),
        ("mine.py:HALF", "mine.py:HALF is 0.5, which cannot be called; name a function"),
        ("mine.py:Scale", "mine.py:Scale is the class Scale; name a function, .* Or mine.Scale, if it is a verifier"),
        ("parcel.inner.rewrd", "There is no 'rewrd' in parcel.inner. Nearest: reward. There: reward"),
        ("parcell.inner.reward", "There is no module 'parcell' here or among the installed ones"),
        (
            "parcel.broken.reward",
            "parcel.broken cannot be imported: ModuleNotFoundError: No module named 'nowhere_to_be_found'",
        ),
        ("fails.py:f", "fails.py cannot be imported, line 2: AttributeError: 'int' object has no attribute 'y'"),
        ("wrong.py:f", "wrong.py cannot be imported, line 1: SyntaxError"),
        ("short", "'short' is no place of a function; write file.py:function"),
        ("not a name.f", "is no place of a function"),
    ],
)
def test_what_cannot_be_found_is_said_with_what_is_nearest(folder, place, words):
    with pytest.raises(ValueError, match=words):
        Function(place)
