#!/usr/bin/env bash
# transformers 5.19.0, Gemma2: the attention that from_pretrained takes by itself leaves out `attn_logit_softcapping`.
#
# It takes `sdpa`, which has no cap on the attention's scores, and no warning says so: the log-probs are those of a model without
# the cap, not those that `eager` gives. The wider the scores, the further off. 5.24.0 takes `eager` by itself and refuses
# `sdpa` when asked for it. What to do: name attn_implementation="eager" for a config with a cap, or ask for 5.24.0.
#
# Output seen, torch 2.13.0, Python 3.11 (the digits of the first line hang on the machine):
#   5.19.0  takes sdpa, log-probs differ from those of eager by 0.55; without a cap by less than 1e-4: True
#   5.24.0  takes eager, log-probs differ from those of eager by 0; without a cap by less than 1e-4: True
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
cat >"$folder/try.py" <<'PY'
import sys

import torch
import transformers

sizes = dict(vocab_size=32, hidden_size=32, intermediate_size=32, num_hidden_layers=2, num_attention_heads=4, head_dim=8)
sizes |= dict(num_key_value_heads=2, query_pre_attn_scalar=8, max_position_embeddings=32)
sizes |= dict(bos_token_id=None, eos_token_id=1, pad_token_id=0, initializer_range=1.0)
ids = torch.arange(2, 18).reshape(2, 8)
differ, taken = {}, None
for cap in (50.0, None):
    torch.manual_seed(0)
    config = transformers.Gemma2Config(**sizes, attn_logit_softcapping=cap)
    transformers.Gemma2ForCausalLM(config).save_pretrained(sys.argv[1])

    @torch.no_grad()
    def scores(**asked):
        model = transformers.Gemma2ForCausalLM.from_pretrained(sys.argv[1], **asked).eval()
        return model.config._attn_implementation, model(input_ids=ids).logits.log_softmax(-1)

    taken, by_itself = scores()
    differ[cap] = float((by_itself - scores(attn_implementation="eager")[1]).abs().max())
print(
    f"{transformers.__version__}  takes {taken}, log-probs differ from those of eager by {differ[50.0]:.2g};",
    f"without a cap by less than 1e-4: {differ[None] < 1e-4}",
)
assert differ[None] < 1e-4, differ
if transformers.__version__ == "5.19.0":
    assert taken == "sdpa" and differ[50.0] > 0.1, (taken, differ)
else:
    assert taken == "eager" and differ[50.0] < 1e-4, (taken, differ)
    try:
        scores(attn_implementation="sdpa")
    except ValueError:
        pass
    else:
        raise AssertionError("sdpa is not refused")
PY
for version in 5.19.0 5.24.0; do
    "$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check torch==2.13.0 "transformers==$version" 2>/dev/null
    "$folder/venv/bin/python" "$folder/try.py" "$folder/gemma2" 2>"$folder/words" || { cat "$folder/words" >&2; exit 1; }
    if grep -iE "softcap|sdpa|eager" "$folder/words"; then exit 1; fi
done
