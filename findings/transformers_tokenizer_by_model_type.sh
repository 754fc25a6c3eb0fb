#!/usr/bin/env bash
# transformers 5.24.0: a tokenizer saved as PreTrainedTokenizerFast reads text by other rules once a config.json of Qwen2 lies beside it.
#
# AutoTokenizer looks at the model's type. Where it is qwen2 it takes Qwen2Tokenizer, which keeps vocabulary and merges of tokenizer.json and
# puts Qwen2's own pre-tokenizer in place of the one that is written there. A small model with an architecture of Qwen2 and a tokenizer of
# its own (characters, say) then reads other tokens than it was trained on: here newlines disappear. What to do: load such a
# tokenizer with PreTrainedTokenizerFast.from_pretrained, or compare ids before and after saving.
#
# Output seen, transformers 5.24.0, tokenizers of that release, Python 3.11:
#   alone: ids [1, 4, 4, 2], pre-tokenizer Split
#   beside Qwen2's configuration: Qwen2Tokenizer, ids [1, 2], pre-tokenizer Sequence
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check torch==2.13.0 transformers==5.24.0 2>/dev/null
cat >"$folder/try.py" <<'PY'
import json
import sys

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers
from transformers import AutoTokenizer, PreTrainedTokenizerFast, Qwen2Config

words = {"<pad>": 0, "a": 1, "b": 2, "c": 3, "\n": 4}
table = Tokenizer(models.BPE(vocab=words, merges=[]))
table.pre_tokenizer = pre_tokenizers.Split(Regex("."), "isolated")
table.decoder = decoders.Fuse()
PreTrainedTokenizerFast(tokenizer_object=table, pad_token="<pad>").save_pretrained(sys.argv[1])


def read():
    tokenizer = AutoTokenizer.from_pretrained(sys.argv[1])
    rule = json.loads(tokenizer.backend_tokenizer.to_str())["pre_tokenizer"]["type"]
    return type(tokenizer).__name__, tokenizer("a\n\nb").input_ids, rule


_, alone, rule = read()
print(f"alone: ids {alone}, pre-tokenizer {rule}")
Qwen2Config(vocab_size=5).save_pretrained(sys.argv[1])
kind, beside, other = read()
print(f"beside Qwen2's configuration: {kind}, ids {beside}, pre-tokenizer {other}")
assert alone == [1, 4, 4, 2] and rule == "Split"
assert beside != alone and other == "Sequence", (beside, other)
PY
HF_HUB_OFFLINE=1 "$folder/venv/bin/python" "$folder/try.py" "$folder" 2>/dev/null
