#!/usr/bin/env bash
# All tests, two files at a time, with coverage of src/. One thread each: more are slower for tiny models. A file stays with one
# process, for its tests share runs; `tests/conftest.py` puts the long ones first.
set -euo pipefail
cd "$(dirname "$0")/.."
export OMP_NUM_THREADS=1 TOKENIZERS_PARALLELISM=false HF_HUB_OFFLINE=1
slipcover=".venv/bin/python -m slipcover"
$slipcover --json --out .coverage.json -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder "$@"
# Read anew, for SlipCover 1.1.0 with a limit of its own forgets what two processes have covered before it prints it.
$slipcover --merge .coverage.json --out .coverage.json --fail-under 90 || { echo "Less than 90 % is covered." && exit 1; }
