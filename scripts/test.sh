#!/usr/bin/env bash
# All tests, two at a time where there are two cores, with coverage of src/. One thread each: more are slower for tiny models.
set -euo pipefail
cd "$(dirname "$0")/.."
export OMP_NUM_THREADS=1 TOKENIZERS_PARALLELISM=false HF_HUB_OFFLINE=1
.venv/bin/python -m pytest --numprocesses 2 --dist worksteal --cov --cov-report=term:skip-covered --cov-fail-under=90 "$@"
