"""What a start does without: imports that cost memory and seconds, and that only some runs need."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

SOURCE = Path(__file__).parents[1] / "src"
LATE = ["pyarrow", "tensorboard", "datasets", "math_verify", "pint", "vllm", "openai", "peft"]
"""pyarrow takes 29 MiB, tensorboard's readers 5 MiB and 0.1 s; the others are of some tasks, engines and verifiers."""


def test_a_start_imports_nothing_that_only_some_runs_need():
    code = f"import sys, asym_lit.cli\nprint([name for name in {LATE} if name in sys.modules])"
    path = os.pathsep.join([str(SOURCE), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run([sys.executable, "-c", code], env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")
