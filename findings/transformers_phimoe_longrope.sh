#!/usr/bin/env bash
# transformers 5.24.0, Phimoe with longrope: `long_factor` is never used, however long a row is.
#
# Phi3 takes its long factors once a row passes original_max_position_embeddings. Phimoe computes its frequencies once, without a
# length, and its rotary embedding scales by `long_mscale` and `short_mscale` alone: factors of 1 and of 8 give the same cosines
# for 8 and for 40 positions. A checkpoint that was trained with its long factors is read with other ones.
#
# Output seen, transformers 5.24.0, torch 2.13.0, Python 3.11:
#   Phi3    short and long rows share the cosines of their first positions: False
#   Phimoe  short and long rows share the cosines of their first positions: True
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check torch==2.13.0 transformers==5.24.0 2>/dev/null
cat >"$folder/try.py" <<'PY'
import torch
import transformers
from transformers.models.phi3.modeling_phi3 import Phi3RotaryEmbedding
from transformers.models.phimoe.modeling_phimoe import PhimoeRotaryEmbedding

sizes = dict(vocab_size=32, hidden_size=32, intermediate_size=32, num_hidden_layers=1, num_attention_heads=4)
sizes |= dict(num_key_value_heads=2, max_position_embeddings=64, original_max_position_embeddings=16, pad_token_id=0, bos_token_id=None, eos_token_id=1)
found = {}
for name, kind in (("Phi3", Phi3RotaryEmbedding), ("Phimoe", PhimoeRotaryEmbedding)):
    scaling = dict(rope_type="longrope", rope_theta=10000.0, short_factor=[1.0] * 4, long_factor=[8.0] * 4)
    scaling |= dict(original_max_position_embeddings=16)
    if name == "Phimoe":
        scaling |= dict(short_mscale=1.0, long_mscale=1.0)
    config = getattr(transformers, f"{name}Config")(**sizes, rope_parameters=scaling)
    with torch.no_grad():
        short, long = (kind(config)(torch.zeros(1, n, 32), torch.arange(n)[None])[0][:, :8] for n in (8, 40))
    found[name] = torch.equal(short, long)
    print(f"{name:7} short and long rows share the cosines of their first positions: {found[name]}")
assert found == {"Phi3": False, "Phimoe": True}, found
PY
"$folder/venv/bin/python" "$folder/try.py"
