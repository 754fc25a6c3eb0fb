"""The `completion` command: a script for bash and zsh that finishes commands, recipes and the options that recipes set.

Not jsonargparse's own: with shtab it knows four of the commands, no recipe, nothing below `--data`, in 1 MB; with argcomplete
every stroke of the tabulator imports torch.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import yaml

from asym_lit.command_line import PlainErrors
from asym_lit.command_line.program import INSTALLED, program
from asym_lit.command_line.recipes import complete_recipes, shipped
from asym_lit.commands import SUMMARIES

LIGHTNING = "fit validate test predict preflight"
"""Commands whose options are the keys of recipes."""
BESIDE = ("--config", "--ckpt_path", "--help", "--print_config", "--verifier")
SCRIPT = r"""# Completion of {name}: source this file, or keep it as ~/.local/share/bash-completion/completions/{name}
[ -n "$ZSH_VERSION" ] && autoload -U +X bashcompinit && bashcompinit
_asym_lit() {{
    local now="${{COMP_WORDS[COMP_CWORD]}}" before="${{COMP_WORDS[COMP_CWORD-1]}}" command="${{COMP_WORDS[1]}}" names=""
    if [ "$COMP_CWORD" -eq 1 ]; then
        names="{commands}"
    elif [ "$before" = --config ] || [ "$command" = study ]; then
        names="{recipes}"
    elif [ "$before" = --recipe ]; then
        names="{complete}"
    elif [[ " {lightning} " == *" $command "* && "$now" == -* ]]; then
        names="{options}"
    fi
    COMPREPLY=($(compgen -W "$names" -- "$now"))
    [ "$COMP_CWORD" -gt 1 ] && [[ "$now" != -* ]] && COMPREPLY+=($(compgen -f -- "$now"))
}}
complete -o filenames -F _asym_lit {name}
"""


def completion_command(args: Sequence[str]) -> None:
    """Run `completion`.

    Args:
        args: Words after `completion`.
    """
    parser = PlainErrors(prog=f"{program()} completion", description="Print a script that completes command lines.")
    parser.parse_args(list(args))
    sys.stdout.write(script())


def script() -> str:
    """The script."""
    keys = {key for path in complete_recipes().values() for key in _keys(yaml.safe_load(path.read_text(encoding="utf-8")))}
    return SCRIPT.format(
        name=INSTALLED,
        commands=" ".join(SUMMARIES),
        recipes=" ".join(shipped()),
        complete=" ".join(complete_recipes()),
        lightning=LIGHTNING,
        options=" ".join(sorted({*(f"--{key}" for key in keys), *BESIDE})),
    )


def _keys(settings: Mapping[str, Any], before: str = "") -> Iterator[str]:
    """Options as one writes them: `data.sampling.n`, without the `init_args` that stand in files."""
    for name, value in settings.items():
        if name == "init_args":
            yield from _keys(value, before)
        elif name != "class_path":
            yield f"{before}{name}"
            if isinstance(value, Mapping):
                yield from _keys(value, f"{before}{name}.")
