"""What all parsers of the command line have in common: a mistake is told in one to three lines, and ends the program with 2."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from jsonargparse import ArgumentParser
from typing_extensions import override

from asym_lit.command_line.mistakes import plain_words
from asym_lit.command_line.program import is_installed_command
from asym_lit.command_line.recipes import with_recipes
from asym_lit.command_line.verifier_option import with_function
from asym_lit.verifiers.functions.finding import for_imports

LONGEST_LINE = 600


class PlainErrors(ArgumentParser):
    """A parser that tells mistakes shortly; `--help` shows what there is."""

    words: Sequence[str] = ()
    """Of the command line."""
    short_usage: str = ""
    """One line that precedes an error, behind the program's name; empty for all options, which `--help` shows."""

    @override
    def parse_args(self, args: Sequence[str] | None = None, *rest: Any, **options: Any) -> Any:  # type: ignore[override]
        """Parse, and remember what; classes of the current folder may be named.

        jsonargparse 4.53 reads `--data.task.messages null`, and hands `--messages=None` to the parser of the task,
        where None is a text.
        """
        if is_installed_command():  # beside train.py they are found by Python itself
            for_imports(Path.cwd())
        if args is not None and "namespace" in options:  # jsonargparse's own call, for an option within a class
            args = [f"{word.removesuffix('None')}null" if word.endswith("=None") else word for word in args]
        self.words = with_recipes(sys.argv[1:] if args is None else args)
        return super().parse_args(with_function(self.words), *rest, **options)

    @override
    def error(self, message: str, ex: Exception | None = None) -> NoReturn:
        """Print what is wrong, and end with 2; the parsers within this one pass it on."""
        if not self.exit_on_error:
            super().error(message, ex)
        parser: ArgumentParser = getattr(ex, "subcommand_parser", None) or self
        lines = [line[:LONGEST_LINE] for line in plain_words(message, parser, self.words).splitlines() if line.strip()]
        sys.stderr.write("error: " + "\n".join(lines[:3]) + "\n")
        if "required" in message:
            parser.print_usage(sys.stderr)
        sys.exit(2)

    @override
    def print_usage(self, file: Any = None) -> None:
        """The short line, if there is one."""
        if self.short_usage:
            print(f"usage: {self.prog} {self.short_usage}", file=file)
        else:
            super().print_usage(file)
