"""docs/python.md and docs/notebooks: what they show runs."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest

from runs import ROOT, alone

PAGE = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
NUMBER = re.compile(r"\d\.\d+")
NOTEBOOKS = sorted((ROOT / "docs" / "notebooks").glob("*.ipynb"))


def test_every_block_of_the_page_runs_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {"__name__": "page"}
    blocks = re.findall(r"```python\n(.*?)```\n(?:\n```\n(.*?)```)?", PAGE, re.DOTALL)
    assert len(blocks) == PAGE.count("```python") >= 8
    for code, printed in blocks:
        capsys.readouterr()
        exec(compile(code, "docs/python.md", "exec"), names)
        if printed:
            said = capsys.readouterr().out
            assert NUMBER.sub("#", printed) in NUMBER.sub("#", said)
            shown, found = (list(map(float, NUMBER.findall(text))) for text in (printed, said))
            assert found == pytest.approx(shown, abs=0.05)  # another processor rounds otherwise, and may draw another token
    assert (tmp_path / "base.jsonl").is_file()


def test_training_takes_ten_lines_and_evaluation_three() -> None:
    evaluating, training = (
        next(b for b in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL) if w in b) for w in ("n=16", "fit(")
    )
    assert len([line for line in training.splitlines() if line]) <= 10
    assert len([line for line in evaluating.splitlines() if line]) <= 3


def test_both_notebooks_are_there_with_outputs_of_a_whole_run() -> None:
    nbformat = pytest.importorskip("nbformat", reason="nbformat is not installed: pip install 'asym_lit[dev]'")
    assert [path.stem for path in NOTEBOOKS] == ["own_task", "phenomenon"]
    for path in NOTEBOOKS:
        cells = nbformat.read(path, 4).cells
        shown = [output for cell in cells if cell.cell_type == "code" for output in cell.outputs]
        assert all(output.output_type != "error" for output in shown)
        told = "".join(str(output.get("text", "")) for output in shown)
        assert "pass@1 " in told and "pass@16" in told, f"{path.name} was run small; run it whole"
        assert "/root" not in path.read_text() and "/tmp" not in path.read_text()


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reason = "{} is not installed: pip install 'asym_lit[dev]'"
    nbformat = pytest.importorskip("nbformat", reason=reason.format("nbformat"))
    nbclient = pytest.importorskip("nbclient", reason=reason.format("nbclient"))
    pytest.importorskip("ipykernel", reason=reason.format("ipykernel"))
    for name, value in alone().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT / "src"), *sys.path]))
    monkeypatch.setenv("ASYM_LIT_SMALL", "1")  # two steps instead of some dozens
    notebook = nbformat.read(path, 4)
    nbclient.NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}}).execute()
    last = [cell for cell in notebook.cells if cell.cell_type == "code"][-1].outputs[-1]
    assert last.output_type in ("stream", "execute_result")
