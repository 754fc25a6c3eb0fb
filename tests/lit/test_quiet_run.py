"""What a run prints is about the run: no library complains of how it is used."""

from __future__ import annotations

import re
from pathlib import Path

from runs import run_cold, words

COMPLAINT = re.compile(r"warn|deprecat", re.IGNORECASE)


def complaints(printed: str) -> list[str]:
    """Lines with a word of complaint."""
    return [line for line in printed.splitlines() if COMPLAINT.search(line)]


def test_the_main_job_prints_no_warning_and_says_what_ends_a_response(tmp_path: Path) -> None:
    done = run_cold(*words(tmp_path, "simko"))
    assert complaints(done.stderr + done.stdout) == []
    assert "Responses end with '<eos>' (1).\n" in done.stderr


def test_a_complaint_would_be_seen() -> None:
    seen = "x.py:9: FutureWarning: `past_key_values` is deprecated and will be removed in version 5.40.0\n  return forward()"
    assert complaints(seen) == [seen.splitlines()[0]]
    assert complaints("[transformers] `past_key_values` are Deprecated.") != []
    assert complaints("Seed set to 1\nmodel/warmup_steps: 0")[:1] == []
