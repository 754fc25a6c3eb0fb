"""What a person can ask for, and where the sub-commands with parsers of their own are.

What they compute is in the rooms below. `fit`, `validate`, `test` and `predict` are
Lightning's; `preflight` takes what `fit` does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module

from asym_lit.command_line.names import nearest
from asym_lit.command_line.program import program, typed, typed_recipe
from asym_lit.types import InputError

COMMANDS = {
    "audit": "asym_lit.commands.audit",
    "compare": "asym_lit.commands.compare",
    "completion": "asym_lit.commands.completion",
    "init": "asym_lit.commands.init",
    "judge-data": "asym_lit.commands.judge_data",
    "ledger": "asym_lit.commands.ledger",
    "power": "asym_lit.commands.power",
    "probe": "asym_lit.commands.probe",
    "replay": "asym_lit.commands.replay",
    "serve": "asym_lit.commands.serve",
    "study": "asym_lit.commands.study",
    "translate": "asym_lit.commands.translate",
}
"""Where each is; imported only when it is called."""

SUMMARIES = {
    "fit": "train a policy by a recipe, or go on with a run (--ckpt_path RUN_FOLDER)",
    "validate": "measure a policy, or a run's checkpoint, on the validation prompts",
    "test": "measure it on the test prompts",
    "predict": "write its responses to the test prompts",
    "preflight": "estimate memory and check everything of a run before it starts; takes what fit takes",
    "audit": "what a verifier gets wrong, on rows with known labels",
    "compare": "finished runs against their base policies and each other",
    "init": "a recipe to edit, copied from one that ships",
    "judge-data": "training answers for a judge, from transcripts",
    "ledger": "what a training history shows learned, lost and swinging; which problem to train on alone",
    "power": "how many problems, responses and seeds show a difference of pass@k",
    "probe": "whether a policy can learn a task at all, before training",
    "replay": "what objectives do to the tokens of the same rollouts, side by side",
    "serve": "vLLM servers for a trainer, on this machine or on those of a SLURM or torchrun job",
    "study": "arms x seeds x tasks: run, resume and compare them all",
    "completion": "a script for bash and zsh that completes command lines",
    "translate": "a configuration of TRL's GRPO or of verl as a recipe",
}
"""Every command, with what it is for."""


def overview() -> str:
    """What `--help` says before a command is chosen."""
    lines = [f"  {name:11} {summary}" for name, summary in SUMMARIES.items()]
    return "\n".join(
        [
            f"usage: {program()} COMMAND [--config RECIPE ...] [--KEY VALUE ...]",
            "",
            *lines,
            "",
            f"Options of a command: {program()} COMMAND --help. First steps: {typed()} fit --config {typed_recipe('grpo')}",
            "",
        ]
    )


def check_command(words: Sequence[str]) -> None:
    """Refuse a first word that is no command; options may precede one of Lightning's.

    Raises:
        InputError: With the nearest command, and all of them.
    """
    if words and not words[0].startswith("-") and words[0] not in SUMMARIES:
        close = nearest(words[0], list(SUMMARIES))
        like = f" Nearest: {close}." if close else ""
        raise InputError(f"There is no command {words[0]!r}.{like} Allowed: {', '.join(SUMMARIES)}.")


def own_command(words: Sequence[str]) -> Callable[[Sequence[str]], None] | None:
    """What runs a command line, if its first word is one of these.

    Args:
        words: After the program's name.
    """
    name = words[0] if words else ""
    if name not in COMMANDS:
        return None
    command: Callable[[Sequence[str]], None] = getattr(import_module(COMMANDS[name]), f"{name.replace('-', '_')}_command")
    return command
