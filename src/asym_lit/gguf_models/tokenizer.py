"""The tokenizer of a GGUF file, for byte-level BPE whose way of cutting text is known.

A file names that way (`tokenizer.ggml.pre`) and does not describe it. transformers 5.24 takes GPT-2's for every name that it
does not know, `smollm` among them, without a word: `Answer:  42` is 6 tokens to it and 5 to SmolLM2's own tokenizer, which cuts
digits off first. What is not known here is refused, not guessed.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from asym_lit.gguf_models.reading import GGUFFile
from asym_lit.types import InputError

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from transformers import PreTrainedTokenizerBase

BESIDE = ("tokenizer.json", "tokenizer_config.json")
"""Of the original model; laid beside the file, they are taken as they are."""
CONTROL, USER_DEFINED, UNUSED = 3, 4, 5
"""Types of tokens in `tokenizer.ggml.token_type`."""
PROBES = ("Answer:  42", "12+3=15\n\n  x = 7.5;", "The cat's 2 eyes, don't THEY'LL see?\t1,000")
"""Texts that must come back as they were."""
ENDINGS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
REST = r"[^\r\n\p{L}\p{N}]?\p{L}+|%s| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
"""Of Llama 3 and Qwen 2, but for the digits that stand together."""


def _gpt2(tokenizer: Tokenizer) -> None:
    """GPT-2's own rule, which `ByteLevel` has built in."""
    from tokenizers.pre_tokenizers import ByteLevel

    tokenizer.pre_tokenizer = ByteLevel(add_prefix_space=False)  # type: ignore[assignment]


def _smollm(tokenizer: Tokenizer) -> None:
    """Each digit is a piece of its own before GPT-2's rule sees the rest."""
    from tokenizers.pre_tokenizers import ByteLevel, Digits, Sequence

    tokenizer.pre_tokenizer = Sequence([Digits(individual_digits=True), ByteLevel(add_prefix_space=False)])  # type: ignore


def _llama3(tokenizer: Tokenizer) -> None:
    """Up to three digits stand together; a piece that is a token is not merged anew."""
    _cut(tokenizer, r"\p{N}{1,3}")
    tokenizer.model.ignore_merges = True


def _qwen2(tokenizer: Tokenizer) -> None:
    """Each digit alone; text is normalised (NFC) first."""
    from tokenizers.normalizers import NFC

    tokenizer.normalizer = NFC()  # type: ignore[assignment]
    _cut(tokenizer, r"\p{N}")


def _cut(tokenizer: Tokenizer, digits: str) -> None:
    from tokenizers import Regex
    from tokenizers.pre_tokenizers import ByteLevel, Sequence, Split

    cut = Split(Regex(f"{ENDINGS}|{REST % digits}"), behavior="isolated")
    tokenizer.pre_tokenizer = Sequence([cut, ByteLevel(add_prefix_space=False, use_regex=False)])  # type: ignore[assignment]


CUTS: dict[str, Callable[[Tokenizer], None]] = {
    "smollm": _smollm,
    "gpt-2": _gpt2,
    "llama-bpe": _llama3,
    "llama3": _llama3,
    "llama-v3": _llama3,
    "qwen2": _qwen2,
}
"""By the name in `tokenizer.ggml.pre`, as llama.cpp has them."""


def end_tokens(file: GGUFFile) -> list[int]:
    """Ids that end a response: of the sequence, of a turn, of a message; each once."""
    names = ("eos_token_id", "eot_token_id", "eom_token_id")
    return list(dict.fromkeys(one for name in names if (one := token_id(file, name)) is not None))


def token_id(file: GGUFFile, name: str) -> int | None:
    """The id of a token with a role, such as `bos_token_id`; None if the file names none."""
    found = file.metadata.get(f"tokenizer.ggml.{name}")
    return None if found is None else int(found)


def tokenizer_beside(path: Path) -> list[Path]:
    """The original model's tokenizer in the directory of a GGUF file; empty if it is not there."""
    files = [path.parent / name for name in BESIDE]
    more = [path.parent / "chat_template.jinja"]
    return [*files, *(file for file in more if file.is_file())] if all(file.is_file() for file in files) else []


def build_tokenizer(file: GGUFFile) -> PreTrainedTokenizerBase:
    """The tokenizer that a file describes.

    Raises:
        InputError: If it is no byte-level BPE, if its way of cutting text is not known, or if texts do not come back from it.
    """
    from transformers import PreTrainedTokenizerFast

    meta = file.metadata
    kind, pre = meta.get("tokenizer.ggml.model"), meta.get("tokenizer.ggml.pre", "default")
    if kind != "gpt2" or pre not in CUTS:
        what = f"cuts text by the rule {pre!r}" if kind == "gpt2" else f"is of the kind {kind!r}, not byte-level BPE ('gpt2')"
        raise InputError(
            f"The tokenizer of {file.path} {what}, which a GGUF file names and does not describe; a guess would give other "
            f"tokens than the model was trained on. Known: {', '.join(CUTS)}. Put the original model's {' and '.join(BESIDE)} "
            f"into {file.path.parent}, and they are taken."
        )
    roles = {"bos": "bos", "eos": "eos", "unk": "unknown", "pad": "padding"}
    tokens = file.need("tokenizer.ggml.tokens")
    ids = {f"{short}_token": token_id(file, f"{name}_token_id") for short, name in roles.items()}
    named = {role: tokens[i] for role, i in ids.items() if i is not None}
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=_backend(file, pre),
        model_max_length=int(file.need(f"{file.architecture}.context_length")),
        clean_up_tokenization_spaces=False,
        chat_template=meta.get("tokenizer.chat_template"),
        **named,
    )
    _check(file, tokenizer)
    return tokenizer


def _backend(file: GGUFFile, pre: str) -> Tokenizer:
    from tokenizers import AddedToken, Tokenizer, decoders
    from tokenizers.models import BPE

    tokens = file.need("tokenizer.ggml.tokens")
    kinds = file.metadata.get("tokenizer.ggml.token_type") or [1] * len(tokens)
    vocabulary = {token: i for i, (token, kind) in enumerate(zip(tokens, kinds, strict=True)) if kind != UNUSED}
    merges = [tuple(merge.split(" ", 1)) for merge in file.need("tokenizer.ggml.merges")]
    tokenizer = Tokenizer(BPE(vocabulary, merges))
    CUTS[pre](tokenizer)
    tokenizer.decoder = decoders.ByteLevel()  # type: ignore[assignment]
    for token, kind in zip(tokens, kinds, strict=True):
        if kind in (CONTROL, USER_DEFINED):
            tokenizer.add_tokens([AddedToken(token, normalized=False, special=kind == CONTROL)])
    _add_ends(tokenizer, file, tokens, pre)
    return tokenizer


def _add_ends(tokenizer: Tokenizer, file: GGUFFile, tokens: list[str], pre: str) -> None:
    """Tokens that stand around every text; Llama 3 begins with one unless the file says otherwise."""
    from tokenizers.processors import TemplateProcessing

    bos, eos = token_id(file, "bos_token_id"), token_id(file, "eos_token_id")
    begins = file.metadata.get("tokenizer.ggml.add_bos_token", CUTS[pre] is _llama3) and bos is not None
    ends = file.metadata.get("tokenizer.ggml.add_eos_token", False) and eos is not None
    around = [*([tokens[bos]] if begins else []), "$A", *([tokens[eos]] if ends else [])]  # type: ignore[index]
    if len(around) > 1:
        special: Any = [(tokens[one], one) for one in {bos, eos} if one is not None]
        tokenizer.post_processor = TemplateProcessing(single=around, pair=None, special_tokens=special)  # type: ignore


def _check(file: GGUFFile, tokenizer: PreTrainedTokenizerBase) -> None:
    """Ids are those of the file, and texts come back."""
    for number, token in enumerate(file.metadata["tokenizer.ggml.tokens"]):
        found = tokenizer.convert_ids_to_tokens(number)
        if found not in (token, None):
            raise InputError(f"The tokenizer of {file.path} calls id {number} {found!r}, and the file {token!r}.")
    for text in PROBES:
        ids = tokenizer.encode(text, add_special_tokens=False)
        if (back := tokenizer.decode(ids)) != text:
            raise InputError(
                f"The tokenizer of {file.path} gives {text!r} back as {back!r}. Put the original model's "
                f"{' and '.join(BESIDE)} into {file.path.parent}, and they are taken."
            )
