"""Tokenizers whose tokens are parts of characters, or eat spaces: what stop strings and token pages must bear."""

from __future__ import annotations

from typing import Any

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

TEXT = "Frage: 3 Äpfel und 4 Äpfel\nAntwort: 7 Äpfel\n\n数 数字 ✓ stop here. the end of it ..."


def byte_level() -> Any:
    """A byte-level BPE as GPT-2's, with few merges: rare characters are two to four tokens, and some words are one."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)  # type: ignore[assignment]
    tokenizer.decoder = decoders.ByteLevel()  # type: ignore[assignment]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=290, initial_alphabet=alphabet, special_tokens=["<pad>", "<eos>"], show_progress=False
    )
    tokenizer.train_from_iterator([TEXT] * 20, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="<pad>", eos_token="<eos>")


def space_eating() -> Any:
    """Spaces before words as sentencepiece has them, and bytes for what has no token of its own, as in Llama 2."""
    words = ["<pad>", "<eos>", "<unk>", *(f"<0x{byte:02X}>" for byte in range(256)), "\u2581", "\u2581stop", "\u2581the"]
    words += [*"abcdefghijklmnopqrstuvwxyz.:", "ab", "cd"]
    vocabulary = {word: number for number, word in enumerate(words)}
    merges = [("a", "b"), ("c", "d")]
    tokenizer = Tokenizer(models.BPE(vocabulary, merges, unk_token="<unk>", byte_fallback=True, fuse_unk=True))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()  # type: ignore[assignment]
    pieces = [decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    tokenizer.decoder = decoders.Sequence(pieces)  # type: ignore[assignment]
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="<pad>", eos_token="<eos>", unk_token="<unk>")
