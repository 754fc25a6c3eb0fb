"""The shell finishes commands, recipes and options; asked of a real bash."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from asym_lit.commands import SUMMARIES
from asym_lit.commands.completion.command import script

BASH = shutil.which("bash")


def completed(folder: Path, *words: str) -> set[str]:
    """What bash offers for the last of some words."""
    line = " ".join(f"'{word}'" for word in words)
    asked = f"COMP_WORDS=({line}); COMP_CWORD={len(words) - 1}; _asym_lit; printf '%s\\n' \"${{COMPREPLY[@]}}\""
    done = subprocess.run([BASH or "", "-c", f"{script()}\n{asked}"], cwd=folder, capture_output=True, text=True, check=True)
    assert not done.stderr
    return set(done.stdout.split())


@pytest.mark.skipif(BASH is None, reason="there is no bash here")
@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["asym-lit", ""], set(SUMMARIES)),
        (["asym-lit", "pr"], {"predict", "preflight", "probe"}),
        (["asym-lit", "fit", "--config", "sim"], {"simko", "similar.yaml"}),
        (["asym-lit", "fit", "--config", "simko", "--config", "overlays/sm"], {"overlays/smoke"}),
        (["asym-lit", "study", "studies/ti"], {"studies/tinyv"}),
        (["asym-lit", "init", "mine", "--recipe", "da"], {"dapo"}),
        (["asym-lit", "fit", "--model.objective.al"], {"--model.objective.alpha"}),
        (["asym-lit", "preflight", "--data.sampling."], {f"--data.sampling.{k}" for k in ("n", "temperature", "max_tokens")}),
        (["asym-lit", "compare", "--al"], set()),
    ],
)
def test_a_word_is_completed(tmp_path, words, offered):
    (tmp_path / "similar.yaml").touch()
    assert completed(tmp_path, *words) == offered


def test_options_are_written_as_on_the_command_line():
    assert "init_args" not in script() and "class_path" not in script()
