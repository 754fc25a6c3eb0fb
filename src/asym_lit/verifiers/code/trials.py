"""Programs with known verdicts, right and wrong and misbehaving, harmless to whom they run at: what `self_test` runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from asym_lit.types import Outcome

_SUM: Mapping[str, Any] = {"inputs": ["2 3\n"], "outputs": ["5\n"]}
_CALL: Mapping[str, Any] = {"inputs": ["2\n3"], "outputs": ["5"], "fn_name": "add"}
_ASSERT: Mapping[str, Any] = {"test_list": ["assert add(2, 3) == 5", "assert add(0, 0) == 0"]}
_READ = "a, b = map(int, input().split())\n"
_PROCESSES = "import os, time\nfor _ in range(50):\n    if os.fork() == 0:\n        time.sleep(60)\n        os._exit(0)\n"
TRIAL_SECONDS = 0.5
"""Processor time of each."""


@dataclass(frozen=True)
class Trial:
    """A program and its verdict."""

    name: str
    program: str
    tests: Mapping[str, Any]
    outcome: Outcome
    says: str = ""
    """What the reason holds."""
    confined: bool = False
    """It comes out so only where programs are shut in by us: a service would send the whole flood."""

    def program_for(self, memory_mb: int) -> str:
        """The program, MEMORY being more MiB than it may have."""
        return self.program.replace("MEMORY", str(2 * memory_mb))


def _wrong(name: str, program: str, tests: Mapping[str, Any], says: str, confined: bool = False) -> Trial:
    return Trial(name, program, tests, Outcome.INCORRECT, says, confined)


TRIALS = (
    Trial("right", f"{_READ}print(a + b)", _SUM, Outcome.CORRECT),
    Trial(
        "right, by bytes", "import sys\nprint(sum(map(int, sys.stdin.buffer.read().split())))\nexit()", _SUM, Outcome.CORRECT
    ),
    Trial("right function", "def add(a, b):\n    return a + b", _CALL, Outcome.CORRECT),
    Trial("right under asserts", "add = lambda a, b: a + b", _ASSERT, Outcome.CORRECT),
    _wrong("wrong", f"{_READ}print(a - b)", _SUM, "another output"),
    _wrong("wrong function", "def add(a, b):\n    return a - b", _CALL, "another result"),
    _wrong("wrong under asserts", "def add(a, b):\n    return a * b", _ASSERT, "AssertionError"),
    _wrong("no Python", "add two numbers, please", _ASSERT, "SyntaxError"),
    _wrong("endless loop", "while True:\n    pass", _SUM, "time limit"),
    _wrong("memory", "found = bytearray(MEMORY << 20)", _SUM, "MemoryError"),
    _wrong("flood of output", "while True:\n    print('x' * 4096)", _SUM, "flood", confined=True),
    _wrong("many processes", _PROCESSES, _SUM, "PermissionError", confined=True),
    _wrong("network", "import socket\nsocket.create_connection(('127.0.0.1', 9), 1)", _SUM, "PermissionError", confined=True),
    _wrong("a file of the system", "print(len(open('/etc/passwd').read()))", _SUM, "Error", confined=True),
    _wrong("writing beside its folder", "open('/usr/lib/found', 'w')", _SUM, "Error", confined=True),
    _wrong("early exit", "import sys\nsys.exit(0)", _ASSERT, "ended by itself"),
    _wrong("early exit without a word", "import os\nos._exit(0)", _ASSERT, "ended by itself"),
    Trial(
        "a thread left behind",
        "import threading, time\nthreading.Thread(target=time.sleep, args=(600,)).start()\ndef add(a, b):\n    return a + b",
        _CALL,
        Outcome.CORRECT,
    ),
)
