#!/usr/bin/env bash
# Makes .venv and installs asym_lit in it. Without an NVIDIA GPU, torch is a CPU build: the default build on Linux brings
# several gigabytes of CUDA libraries along.
set -euo pipefail
cd "$(dirname "$0")/.."
torch="2.13.0"

[ -x .venv/bin/python ] || "${PYTHON:-python3}" -m venv .venv
pip=".venv/bin/python -m pip install --quiet --disable-pip-version-check"

if [ "$(uname -s)" = Linux ] && ! nvidia-smi >/dev/null 2>&1; then
    # A CPU build that pip already knows of (a local wheel folder, a mirror), else the one that the makers of torch offer.
    $pip "torch==$torch+cpu" 2>/dev/null ||
        $pip "torch==$torch" --index-url https://download.pytorch.org/whl/cpu
fi
$pip --editable ".[dev]"
