#!/usr/bin/env bash
# verl 0.9.1: `algorithm.rollout_correction.bypass_mode=True` replaces `actor.policy_loss.loss_mode`, whatever it was.
#
# Bypass mode sounds like a choice of old log-probs alone: those of the engine in place of a pass of the trainer. But the same
# function writes "bypass_mode" over the loss that the configuration names, without a word: GSPO, GMPO or DPPO with it train
# PPO's clipped surrogate (or REINFORCE, by `loss_type`). DPPO is published with the engine's log-probs as its anchor, so this
# is how one would try to get there.
#
# Output seen, verl 0.9.1, torch 2.13.0, Python 3.11:
#   dppo_tv -> bypass_mode
#   gspo -> bypass_mode
#   geo_mean -> bypass_mode
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
pip="$folder/venv/bin/python -m pip install --quiet --disable-pip-version-check"
$pip torch==2.13.0 tensordict==0.15.3 ray==2.60.0 omegaconf==2.3.0 hydra-core==1.3.8 transformers==5.24.0 codetiming==1.4.0 \
    orjson "numpy<2.4" pandas datasets peft 2>/dev/null
$pip --no-deps verl==0.9.1 2>/dev/null
cat >"$folder/try.py" <<'PY'
from types import SimpleNamespace

import torch
from omegaconf import OmegaConf
from verl.trainer.ppo.rollout_corr_helper import apply_bypass_mode

found = []
for mode in ("dppo_tv", "gspo", "geo_mean"):
    loss = OmegaConf.create({"loss_mode": mode})
    batch = SimpleNamespace(batch={"rollout_log_probs": torch.zeros(1, 2), "old_log_probs": torch.ones(1, 2)})
    apply_bypass_mode(batch, OmegaConf.create({"bypass_mode": True}), loss)
    print(mode, "->", loss.loss_mode)
    found.append(loss.loss_mode)
assert found == ["bypass_mode"] * 3, found
PY
cd "$folder" && venv/bin/python try.py
