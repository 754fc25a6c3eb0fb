#!/usr/bin/env bash
# Every path that runs on a GPU once, each beside what it must equal; then seconds of a step by stage. About 8 minutes on one H100.
#   bash benchmarks/gpu/check.sh [--small] [--out FOLDER] [--only PART ...]
# It needs a Python with torch 2.11 or newer and transformers 5, and this repository; nothing is installed, nothing is downloaded. What is there
# beside is used: vLLM, peft, TRL, Lightning with the rest of asym_lit. Another Python: PYTHON=/path/to/python bash benchmarks/gpu/check.sh.
# Writes FOLDER/check.json and FOLDER/check.md ($OUT without --out, else runs/gpu_check here); the exit status is 1 if a part failed. `--small` runs
# the same on a CPU in half a minute, on tiny policies. It has not been run on a GPU yet.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)  # FOLDER and PYTHON are as they are seen from where it was called
python=${PYTHON:-}
if [ -z "$python" ]; then
  python=python3
  [ -x "$root/.venv/bin/python" ] && python=$root/.venv/bin/python
fi
export PYTHONPATH="$root/src:$root/benchmarks/gpu${PYTHONPATH:+:$PYTHONPATH}" HF_HUB_OFFLINE=1 TOKENIZERS_PARALLELISM=false
export PYTORCH_CUDA_ALLOC_CONF=${PYTORCH_CUDA_ALLOC_CONF:-expandable_segments:True}
exec "$python" "$root/benchmarks/gpu/check.py" "$@"
