#!/usr/bin/env bash
# SimKO and GRPO on GSM8K from the warm start, on one GPU: 200 steps of each with the embedded engine, meant for 12 minutes of an H100.
# It has not been run on one yet; `--small` runs two steps of each anywhere.
#   make setup-lm && bash benchmarks/gpu/language_model.sh FOLDER_WITH_GSM8K_JSONL [--small] [--seed N] [further options of fit]
# The folder holds train.jsonl and test.jsonl with `question` and `answer` (docs/data.md). Runs go to runs/gpu_grpo and runs/gpu_simko; both
# evaluate 128 problems x 64 responses before and after, and the last lines compare the two.
set -euo pipefail
cd "$(dirname "$0")/../.."
folder=${1:?"write the folder that holds train.jsonl and test.jsonl of GSM8K"}
shift
for split in train test; do
  [ -f "$folder/$split.jsonl" ] || { echo "error: $folder/$split.jsonl is not there" >&2; exit 2; }
done
python=${PYTHON:-.venv/bin/python}
seed=1
size=(--data.rollout_steps 200 --data.prompts_per_step 32 --data.sampling.n 16 --data.evaluation.n 64 --data.task.init_args.val_size 128
  --data.evaluation_prompts_per_batch 64 --trainer.val_check_interval 200 --model.max_micro_batch_tokens 32768
  --data.engine.init_args.max_batch_tokens 524288)
rest=()
while [ $# -gt 0 ]; do
  case $1 in
    --small)
      size=(--data.rollout_steps 2 --data.prompts_per_step 2 --data.sampling.n 4 --data.evaluation.n 4 --data.task.init_args.val_size 2
        --trainer.val_check_interval 2)
      shift ;;
    --seed) seed=$2; shift 2 ;;
    *) rest+=("$1"); shift ;;
  esac
done
for arm in grpo simko; do
  "$python" train.py fit --config "configs/$arm.yaml" --config configs/overlays/data/gsm8k.yaml \
    --config configs/overlays/prompts/short_chain.yaml --config configs/overlays/models/smollm2-135m.yaml --seed_everything "$seed" \
    --data.task.init_args.path "$folder" --data.task.init_args.config null \
    --data.sampling.max_tokens 160 \
    --data.evaluation.max_tokens 160 "${size[@]}" --trainer.logger.name "gpu_$arm" --trainer.logger.version "seed_$seed" "${rest[@]}"
done
"$python" train.py compare "grpo=runs/gpu_grpo/seed_$seed" "simko=runs/gpu_simko/seed_$seed" --out "runs/gpu_seed_$seed"
