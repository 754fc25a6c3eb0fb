#!/usr/bin/env bash
# transformers 5.24.0: `logits_scaling` of a config divides the logits in one class and multiplies them in another.
#
# GraniteForCausalLM answers with lm_head(h) / config.logits_scaling, HyperCLOVAXForCausalLM with lm_head(h) *
# config.logits_scaling. Whoever computes log-probs from hidden states and the head, and takes the number by its name,
# is off by its square for one of them. What to do: measure, on a few tokens, what a model makes of its head's answers.
#
# Output seen, transformers 5.24.0, torch 2.13.0, Python 3.11:
#   Granite      logits_scaling 4.0: logits are 0.250 of the head's
#   HyperCLOVAX  logits_scaling 4.0: logits are 4.000 of the head's
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check torch==2.13.0 transformers==5.24.0 2>/dev/null
cat >"$folder/try.py" <<'PY'
import torch
import transformers

sizes = dict(vocab_size=32, hidden_size=16, intermediate_size=24, num_hidden_layers=1, num_attention_heads=2)
sizes |= dict(num_key_value_heads=1, max_position_embeddings=32, bos_token_id=None, eos_token_id=1, pad_token_id=0)
ids = torch.arange(2, 10)[None]
found = {}
for name in ("Granite", "HyperCLOVAX"):
    torch.manual_seed(0)
    config = getattr(transformers, f"{name}Config")(**sizes, logits_scaling=4.0)
    model = getattr(transformers, f"{name}ForCausalLM")(config).eval()
    with torch.no_grad():
        hidden = model.model(input_ids=ids).last_hidden_state
        logits, heads_own = model(input_ids=ids).logits, model.lm_head(hidden)
    found[name] = float((logits * heads_own).sum() / (heads_own * heads_own).sum())
    print(f"{name:12} logits_scaling 4.0: logits are {found[name]:.3f} of the head's")
assert abs(found["Granite"] - 0.25) < 1e-5 and abs(found["HyperCLOVAX"] - 4.0) < 1e-4, found
PY
"$folder/venv/bin/python" "$folder/try.py"
