#!/usr/bin/env bash
# transformers 5.24.0: a Llama in a GGUF file loses the stretching of its rotary positions, and nothing says so.
#
# llama.rope.scaling.type and .factor are settings that GGUF defines and llama.cpp obeys. from_pretrained(..., gguf_file=...) has no
# mapping for them: it skips them, reports no missing and no unexpected key, and the model reads positions four times too far apart. What
# to do: compare the settings of the file with those that were read, and refuse the file if one is left over.
#
# Output seen, transformers 5.24.0, gguf 0.19.0, torch 2.13.0, Python 3.11:
#   the file: rope scaling linear, factor 4.0
#   the configuration: {'rope_theta': 10000.0, 'rope_type': 'default'}
#   missing 0, unexpected 0
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check torch==2.13.0 transformers==5.24.0 gguf==0.19.0 accelerate==1.15.0 2>/dev/null
cat >"$folder/try.py" <<'PY'
import sys

import numpy as np
from gguf import GGUFReader, GGUFWriter, RopeScalingType
from transformers import AutoModelForCausalLM

path, words, wide, hidden = f"{sys.argv[1]}/tiny.gguf", 32, 16, 24
writer = GGUFWriter(path, "llama")
writer.add_context_length(64)
writer.add_embedding_length(wide)
writer.add_block_count(1)
writer.add_feed_forward_length(hidden)
writer.add_head_count(2)
writer.add_head_count_kv(2)
writer.add_layer_norm_rms_eps(1e-5)
writer.add_rope_freq_base(10000.0)
writer.add_rope_dimension_count(8)
writer.add_vocab_size(words)
writer.add_rope_scaling_type(RopeScalingType.LINEAR)
writer.add_rope_scaling_factor(4.0)
random = np.random.default_rng(0)
shapes = {"token_embd": (words, wide), "output": (words, wide)}
shapes |= {f"blk.0.attn_{part}": (wide, wide) for part in ("q", "k", "v", "output")}
shapes |= {"blk.0.ffn_gate": (hidden, wide), "blk.0.ffn_up": (hidden, wide), "blk.0.ffn_down": (wide, hidden)}
for name, shape in shapes.items():
    writer.add_tensor(f"{name}.weight", random.normal(size=shape).astype(np.float32))
for name in ("output_norm", "blk.0.attn_norm", "blk.0.ffn_norm"):
    writer.add_tensor(f"{name}.weight", np.ones(wide, np.float32))
writer.write_header_to_file()
writer.write_kv_data_to_file()
writer.write_tensors_to_file()
writer.close()

fields = GGUFReader(path).fields
kind, factor = (fields[f"llama.rope.scaling.{name}"].contents() for name in ("type", "factor"))
print(f"the file: rope scaling {kind}, factor {factor}")
model, told = AutoModelForCausalLM.from_pretrained(sys.argv[1], gguf_file="tiny.gguf", output_loading_info=True)
print(f"the configuration: {dict(sorted(model.config.rope_parameters.items()))}")
print(f"missing {len(told['missing_keys'])}, unexpected {len(told['unexpected_keys'])}")
assert (kind, factor) == ("linear", 4.0) and model.config.rope_parameters["rope_type"] == "default"
assert not told["missing_keys"] and not told["unexpected_keys"]
PY
HF_HUB_OFFLINE=1 "$folder/venv/bin/python" "$folder/try.py" "$folder" 2>/dev/null
