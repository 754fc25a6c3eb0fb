#!/usr/bin/env bash
# The tests that need real vLLM, in its own environment, with one thread. One after another: each builds engines.
set -euo pipefail
cd "$(dirname "$0")/.."
export OMP_NUM_THREADS=1 TOKENIZERS_PARALLELISM=false HF_HUB_OFFLINE=1 VLLM_NO_USAGE_STATS=1
.venv-vllm/bin/python -m pytest -m vllm --durations=5 "$@"
