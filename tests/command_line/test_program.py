"""What one is told to type is typed as the program was called."""

from __future__ import annotations

import pytest

from asym_lit.cli import main
from asym_lit.command_line.program import program, typed, typed_recipe
from asym_lit.commands import COMMANDS


@pytest.mark.parametrize(
    ("called", "name", "words", "recipe"),
    [
        ("train.py", "train.py", "python train.py", "configs/grpo.yaml"),
        ("/repository/train.py", "train.py", "python train.py", "configs/grpo.yaml"),
        ("/env/bin/asym-lit", "asym-lit", "asym-lit", "grpo"),
        ("asym-lit.exe", "asym-lit", "asym-lit", "grpo"),
        ("/env/lib/asym_lit/cli.py", "asym-lit", "asym-lit", "grpo"),
    ],
)
def test_the_program_is_called_what_it_was_called(monkeypatch, capsys, called, name, words, recipe):
    monkeypatch.setattr("sys.argv", [called])
    assert (program(), typed(), typed_recipe("grpo")) == (name, words, recipe)
    with pytest.raises(SystemExit):
        main(["--help"])
    said = capsys.readouterr().out
    assert said.startswith(f"usage: {name} COMMAND") and f"First steps: {words} fit --config {recipe}\n" in said
    with pytest.raises(SystemExit):
        main(["fit"])
    assert f"write --config RECIPE, e.g. --config {recipe}." in capsys.readouterr().err


@pytest.mark.parametrize("command", COMMANDS)
def test_the_usage_of_every_command_begins_as_it_was_called(monkeypatch, capsys, command):
    monkeypatch.setattr("sys.argv", ["/env/bin/asym-lit"])
    with pytest.raises(SystemExit) as stopped:
        main([command, "--help"])
    assert stopped.value.code == 0
    said = capsys.readouterr().out
    assert f"asym-lit {command}" in said and "train.py" not in said
