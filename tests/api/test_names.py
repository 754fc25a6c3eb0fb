"""What `import asym_lit` offers: all of it there, none of it loaded before it is asked for."""

from __future__ import annotations

import subprocess
import sys

import pytest

import asym_lit
from runs import alone


@pytest.mark.parametrize("name", asym_lit.__all__)
def test_every_name_is_there_and_is_listed(name):
    assert getattr(asym_lit, name) is not None
    assert name in dir(asym_lit)


@pytest.mark.parametrize("room", ["evaluation", "objectives", "tasks", "types", "verifiers"])
def test_every_name_of_a_library_is_what_it_says(room):
    library = getattr(asym_lit, room)
    for name in library.__all__:
        found = getattr(library, name)
        assert callable(found) or name in ("FinishReason", "Split", "presets"), name
    assert list(library.__all__) == sorted(library.__all__) or room == "objectives"


def test_a_name_that_is_not_there_is_no_import():
    with pytest.raises(AttributeError, match="module 'asym_lit' has no attribute 'evalute'"):
        asym_lit.evalute  # noqa: B018


def test_the_import_takes_nothing_heavy():
    heavy = "('torch', 'numpy', 'lightning', 'transformers')"
    code = f"import sys, asym_lit; dir(asym_lit); print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], env=alone(), capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_pass_at_k_of_the_library_is_the_function_after_its_module_was_imported():
    """The module has the same name, and an import of it must not put it in the function's place."""
    code = "import asym_lit.evaluation.pass_at_k; from asym_lit.evaluation import pass_at_k; print(pass_at_k([4], [1], 2))"
    done = subprocess.run([sys.executable, "-c", code], env=alone(), capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[0.5]"  # 1 - C(3, 2) / C(4, 2) = 1 - 3/6
