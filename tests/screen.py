"""A terminal for the tests: a command runs on a pseudo-terminal, and what is left on its screen is read.

It knows what rich and Lightning write: text, colours, the cursor's ways, erased lines. What scrolls off stays above.
"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
from pathlib import Path

CODE = re.compile(r"\x1b\[([?\d;]*)([A-Za-z])|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[=>()][0B]?|[\r\n\b]|[^\x1b\r\n\b]")


class Screen:
    """Lines of a terminal after what was written to it."""

    def __init__(self, columns: int) -> None:
        self.columns, self.row, self.column = columns, 0, 0
        self.lines: list[list[str]] = [[]]

    def write(self, text: str) -> None:
        """Move the cursor and put characters as a terminal does."""
        for found in CODE.finditer(text):
            if found[2]:
                self._control(found[1], found[2])
            elif found[0] == "\r":
                self.column = 0
            elif found[0] == "\n":
                self._down(1)
            elif found[0] == "\b":
                self.column = max(0, self.column - 1)
            elif not found[0].startswith("\x1b"):
                self._put(found[0])

    def _control(self, numbers: str, what: str) -> None:
        first = int(numbers.split(";")[0] or 0) if not numbers.startswith("?") else 0
        if what == "A":
            self.row = max(0, self.row - (first or 1))
        elif what == "B":
            self._down(first or 1)
        elif what == "K":
            line = self.lines[self.row]
            self.lines[self.row] = [] if first == 2 else line[: self.column] if first == 0 else line
        elif what not in "mhl":
            raise AssertionError(f"this terminal does not know ESC[{numbers}{what}")

    def _down(self, lines: int) -> None:
        self.row += lines
        while len(self.lines) <= self.row:
            self.lines.append([])

    def _put(self, character: str) -> None:
        if self.column == self.columns:
            self.column = 0
            self._down(1)
        line = self.lines[self.row]
        line += " " * (self.column + 1 - len(line))
        line[self.column] = character
        self.column += 1

    def text(self) -> list[str]:
        """The lines, without blanks at their ends."""
        return ["".join(line).rstrip() for line in self.lines]


def run_on_terminal(command: list[str], columns: int, environment: dict[str, str], folder: Path, rows: int = 50) -> list[str]:
    """What is on the screen once a command has ended.

    Args:
        command: With its words.
        columns: Of the terminal.
        environment: Of the process.
        folder: Where it runs.
        rows: Of the terminal.
    """
    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    for name in ("COLUMNS", "LINES", "NO_COLOR"):
        environment.pop(name, None)
    running = subprocess.Popen(
        command, stdin=its, stdout=its, stderr=its, env={**environment, "TERM": "xterm-256color"}, cwd=folder, close_fds=True
    )
    os.close(its)
    written = b""
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:  # Linux says so at the end
            break
        if not part:
            break
        written += part
    os.close(ours)
    assert running.wait(timeout=60) == 0, written[-3000:].decode(errors="replace")
    screen = Screen(columns)
    screen.write(written.decode(errors="replace"))
    return screen.text()
