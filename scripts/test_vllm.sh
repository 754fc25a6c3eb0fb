#!/usr/bin/env bash
# The tests that need real vLLM, in its own environment, with one thread; two files at a time, each with engines of its own.
set -euo pipefail
cd "$(dirname "$0")/.."
export OMP_NUM_THREADS=1 TOKENIZERS_PARALLELISM=false HF_HUB_OFFLINE=1 VLLM_NO_USAGE_STATS=1
export VLLM_CPU_OMP_THREADS_BIND=nobind # else each server binds itself to core 0
.venv-vllm/bin/python -m pytest -m vllm --numprocesses 2 --dist loadfile --durations=5 "$@"
