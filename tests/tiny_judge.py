"""A judge that can be had in seconds: words are its tokens, and it gives trees a chance of 0.9 and other things one of 0.1."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import torch
from torch.nn.functional import cross_entropy

from asym_lit.types import Prompt
from asym_lit.verifiers.judge.canaries import TEXTS, Canaries
from asym_lit.verifiers.judge.reading import as_chat
from asym_lit.verifiers.judge.template import DEFAULT, JudgeTemplate

QUESTION, GOLD = "Name a tree.", "tree"
TREES = ("ash", "birch", "elm", "fir", "oak", "yew")
OTHERS = ("crow", "daisy", "granite", "rose", "snail", "tulip")
PROMPT = Prompt("tree", QUESTION, {"answer": GOLD, "question": QUESTION}, "trees")
CANARIES = Canaries(question=QUESTION, gold=GOLD, stop=True)
CONTEXT = 256
CHAT = "<s>{% for turn in messages %}{{ turn.content }}{% endfor %}{% if add_generation_prompt %} verdict{% endif %}"
"""It writes the token that a text begins with, as Llama's does; and the tokenizer adds that token too, unless told not to."""


def word_tokenizer() -> Any:
    """One token for every word and sign of the default template, of the question and its answers, and for both verdicts."""
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    special = {"pad_token": "<pad>", "eos_token": "<eos>", "unk_token": "<unk>", "bos_token": "<s>"}
    words = re.findall(r"\w+|[^\w\s]", " ".join([DEFAULT, QUESTION, GOLD, *TREES, *OTHERS, "verdict"]))
    vocabulary = {word: i for i, word in enumerate(dict.fromkeys([*special.values(), *words]))}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(  # type: ignore[assignment]
        [pre_tokenizers.Split(Regex(r"\s+"), "removed"), pre_tokenizers.Split(Regex(r"\w+|[^\w\s]"), "isolated")]
    )
    begins = processors.TemplateProcessing("<s> $A", special_tokens=[("<s>", vocabulary["<s>"])])
    tokenizer.post_processor = begins  # type: ignore[assignment]
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=CONTEXT, chat_template=CHAT, **special)


def tiny_judge(folder: Path) -> str:
    """Train it on trees, on other things and on canaries for three seconds, and save it."""
    # Granite: of a Qwen2 directory, AutoTokenizer and vLLM replace the way the tokenizer splits words by Qwen2's own.
    from transformers import GraniteConfig, GraniteForCausalLM

    tokenizer = word_tokenizer()
    sizes = {"hidden_size": 64, "intermediate_size": 64, "num_hidden_layers": 1, "max_position_embeddings": CONTEXT}
    heads = {"num_attention_heads": 2, "num_key_value_heads": 1, "attention_multiplier": 32**-0.5, "initializer_range": 0.1}
    ids = {f"{name}_token_id": getattr(tokenizer, f"{name}_token_id") for name in ("pad", "eos", "bos")}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = GraniteForCausalLM(GraniteConfig(vocab_size=len(tokenizer), **sizes, **heads, **ids))
    chances = dict.fromkeys([*OTHERS, *TEXTS], 0.1) | dict.fromkeys(TREES, 0.9)
    asked = [as_chat(tokenizer, JudgeTemplate().fill(QUESTION, GOLD, word)) for word in chances]
    texts = [f"{text} {chance > 0.5}<eos>" for text, chance in zip(asked, chances.values(), strict=True)]
    inputs = tokenizer(texts, return_tensors="pt", padding=True, padding_side="left", add_special_tokens=False)
    targets_BV = torch.zeros(len(texts), len(tokenizer))
    targets_BV[:, tokenizer.convert_tokens_to_ids(["True", "False"])] = torch.tensor([[p, 1 - p] for p in chances.values()])
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for _ in range(60):
        logits_B3V = model(**inputs, logits_to_keep=3).logits
        loss = cross_entropy(logits_B3V[:, 0], targets_BV) + cross_entropy(logits_B3V[:, 1], inputs["input_ids"][:, -1])
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)
