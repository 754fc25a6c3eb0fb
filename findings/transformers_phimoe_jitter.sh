#!/usr/bin/env bash
# transformers 5.24.0, Phimoe: `router_jitter_noise` is read in eval mode too, so setting it to 0 changes the policy.
#
# In Mixtral the number of that kind is noise of train mode, and 0 switches it off. In Phimoe it is also the threshold by which
# experts are left out: with 0 only the likeliest expert is left. Whoever sets all jitter to 0 before training, so that a
# policy scores alike in both modes, trains another policy. What to do: compare scores in eval mode before and after.
#
# Output seen, transformers 5.24.0, torch 2.13.0, Python 3.11 (the digits of the first line hang on the machine):
#   Phimoe   jitter 0.5 -> 0: log-probs in eval mode move by 5
#   Mixtral  jitter 0.5 -> 0: log-probs in eval mode move by 0
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check torch==2.13.0 transformers==5.24.0 2>/dev/null
cat >"$folder/try.py" <<'PY'
import torch
import transformers

sizes = dict(vocab_size=32, hidden_size=32, intermediate_size=32, num_hidden_layers=2, num_attention_heads=4)
sizes |= dict(num_key_value_heads=2, max_position_embeddings=64, bos_token_id=None, eos_token_id=1, pad_token_id=0)
ids = torch.arange(2, 18).reshape(2, 8)
found = {}
for name in ("Phimoe", "Mixtral"):
    torch.manual_seed(0)
    config = getattr(transformers, f"{name}Config")(**sizes, num_local_experts=4, router_jitter_noise=0.5)
    config.initializer_range = 0.3
    model = getattr(transformers, f"{name}ForCausalLM")(config).eval()

    @torch.no_grad()
    def scores():
        return model(input_ids=ids).logits.log_softmax(-1)

    before = scores()
    for module in [model, *model.modules()]:
        if isinstance(getattr(module, "router_jitter_noise", None), float):
            module.router_jitter_noise = 0.0
        if hasattr(getattr(module, "config", None), "router_jitter_noise"):
            module.config.router_jitter_noise = 0.0
    found[name] = float((scores() - before).abs().max())
    print(f"{name:8} jitter 0.5 -> 0: log-probs in eval mode move by {found[name]:.1g}")
assert found["Phimoe"] > 1e-3 and found["Mixtral"] == 0, found
PY
"$folder/venv/bin/python" "$folder/try.py"
