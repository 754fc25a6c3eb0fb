"""The code that a result comes from: versions of packages, and the state of the repository."""

from __future__ import annotations

import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from platform import python_version
from typing import Any

import torch

PACKAGES = ("asym_lit", "torch", "lightning", "transformers", "numpy", "vllm")


def versions() -> dict[str, str]:
    """Versions of what a result hangs on."""
    found = {"python": python_version(), "device": torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu"}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def git_state(folder: Path) -> dict[str, Any] | None:
    """Commit and whether files differ from it; None outside of a repository."""

    def git(*words: str) -> str | None:
        try:
            done = subprocess.run(["git", "-C", str(folder), *words], capture_output=True, text=True, timeout=20, check=False)  # noqa: S603, S607
        except (OSError, subprocess.TimeoutExpired):
            return None
        return done.stdout.strip() if done.returncode == 0 else None

    commit = git("rev-parse", "HEAD")
    return None if commit is None else {"commit": commit, "changed": bool(git("status", "--porcelain"))}
