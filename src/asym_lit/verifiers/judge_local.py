"""A judge in this process: a Hugging Face causal language model, asked in batches by a thread of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from math import exp
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from asym_lit.types import InputError
from asym_lit.verifiers.judge_opinion import WORDS, Opinion, stands_for
from asym_lit.verifiers.judge_settings import JudgeSettings

if TYPE_CHECKING:
    from transformers import PreTrainedModel

Asked = tuple[str, "Future[Opinion]"]


class LocalModel:
    """A causal language model as the judge's mind; greedy.

    Args:
        model: A directory in Hugging Face format, or a hub id.
        max_tokens: Longest reply, thoughts included; None for what the judge was measured with, else 8.
        batch_size: Most texts read at once.
        device: Where it runs.
        dtype: Of the weights.
    """

    def __init__(
        self, model: str, max_tokens: int | None = None, batch_size: int = 256, device: str = "cpu", dtype: str = "float32"
    ) -> None:
        if max_tokens is None:
            trained = JudgeSettings.beside(model)
            max_tokens = trained.max_tokens if trained else 8
        if max_tokens < 1 or batch_size < 1:
            raise InputError(f"max_tokens is {max_tokens} and batch_size {batch_size}; allowed: 1 or more.")
        self.model, self.max_tokens, self.batch_size, self.device, self.dtype = model, max_tokens, batch_size, device, dtype
        self.reader: BatchReader | None = None
        self._queue: SimpleQueue[Asked | None] = SimpleQueue()
        self._thread: Thread | None = None
        self._lock = Lock()

    def open(self, marker: str) -> None:
        """Load the model and start the thread.

        Args:
            marker: What stands before the verdict in a reply that begins with thoughts.
        """
        with self._lock:
            if self.reader is None:
                self.reader = BatchReader(*_loaded(self.model, self.device, self.dtype), self.max_tokens, marker)
            if self._thread is None:
                self._thread = Thread(target=self._serve, daemon=True, name="local-judge")
                self._thread.start()

    def submit(self, text: str, may_run: Callable[[], bool]) -> Future[Opinion]:
        """The judge's reply to a text, later. A model in this process is never out of reach: `may_run` is not asked."""
        answer: Future[Opinion] = Future()
        self._queue.put((text, answer))
        return answer

    def check(self) -> None:
        """It is loaded, so it is there."""

    def close(self) -> None:
        """Stop the thread and let go of the model."""
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join()
        self._thread = self.reader = None

    def _serve(self) -> None:
        while (first := self._queue.get()) is not None:
            batch, stop = self._drained(first)
            self._answer(batch)
            if stop:
                return

    def _drained(self, first: Asked) -> tuple[list[Asked], bool]:
        batch = [first]
        while len(batch) < self.batch_size:
            try:
                item = self._queue.get_nowait()
            except Empty:
                return batch, False
            if item is None:
                return batch, True
            batch.append(item)
        return batch, False

    def _answer(self, batch: Sequence[Asked]) -> None:
        assert self.reader is not None
        try:
            opinions = self.reader.read([text for text, _ in batch])
        except Exception as fault:  # handed to whoever waits, who names it
            for _, answer in batch:
                answer.set_exception(fault)
            return
        for (_, answer), opinion in zip(batch, opinions, strict=True):
            answer.set_result(opinion)


class BatchReader:
    """Has a model answer texts, and notes what it thinks of True and False at the place of the verdict.

    Args:
        model: A causal language model.
        tokenizer: Its chat template is used if it has one.
        max_tokens: Longest reply.
        marker: What stands before the verdict; empty if the reply begins with it.
    """

    def __init__(self, model: PreTrainedModel, tokenizer: Any, max_tokens: int, marker: str) -> None:
        self.model, self.tokenizer, self.max_tokens, self.marker = model, tokenizer, max_tokens, marker
        pieces = [tokenizer.decode([token]) for token in range(len(tokenizer))]
        self.masks_2V = torch.tensor([[stands_for(piece, word) for piece in pieces] for word in WORDS])

    @torch.no_grad()
    def read(self, texts: Sequence[str]) -> list[Opinion]:
        """One opinion per text."""
        was_training = self.model.training
        self.model.eval()
        try:
            return self._read(texts)
        finally:
            self.model.train(was_training)

    def _read(self, texts: Sequence[str]) -> list[Opinion]:
        self.tokenizer.padding_side = "left"
        # A chat template writes by itself what a text begins with, and a judge without one is trained without it.
        chats = [as_chat(self.tokenizer, text) for text in texts]
        inputs = self.tokenizer(chats, return_tensors="pt", padding=True, add_special_tokens=False)
        inputs = {name: inputs[name].to(self.model.device) for name in ("input_ids", "attention_mask")}
        width = inputs["input_ids"].shape[1]
        watched = _Watched(self.masks_2V.to(self.model.device))
        made = self.model.generate(  # type: ignore[operator]
            **inputs,
            max_new_tokens=self.max_tokens,
            do_sample=False,
            logits_processor=[watched],
            pad_token_id=self.tokenizer.pad_token_id,
        )
        logprobs_BT3 = torch.stack(watched.steps, 1).tolist()
        return [self._opinion(ids, seen) for ids, seen in zip(made[:, width:].tolist(), logprobs_BT3, strict=True)]

    def _opinion(self, ids: list[int], logprobs: list[list[float]]) -> Opinion:
        """The reply, and the two log-probs at the first token after the marker that is not blank."""
        reply = ""
        for at, token in enumerate(ids):
            piece = self.tokenizer.decode([token], skip_special_tokens=True)
            if self.marker in reply and piece.strip():
                text = self.tokenizer.decode(ids, skip_special_tokens=True)
                certainty = exp(min((step[2] for step in logprobs[:at]), default=0.0))
                return Opinion(text, logprobs[at][0], logprobs[at][1], certainty)
            reply += piece
        return Opinion(reply)


class _Watched:
    """A logits processor that changes nothing: it keeps the log-probs of the two words, and of the likeliest token."""

    def __init__(self, masks_2V: Tensor) -> None:
        self.masks_2V = masks_2V
        self.steps: list[Tensor] = []

    def __call__(self, input_ids: Tensor, scores_BV: Tensor) -> Tensor:
        logprobs_BV = scores_BV.float().log_softmax(-1)[:, : self.masks_2V.shape[1]]
        words = [logprobs_BV[:, mask].logsumexp(-1) for mask in self.masks_2V]
        self.steps.append(torch.stack([*words, logprobs_BV.max(-1).values], -1))
        return scores_BV


def as_chat(tokenizer: Any, text: str) -> str:
    """The text as one turn of a user, if the tokenizer has a chat template."""
    if not getattr(tokenizer, "chat_template", None):
        return text
    return tokenizer.apply_chat_template([{"role": "user", "content": text}], tokenize=False, add_generation_prompt=True)


def _loaded(model: str, device: str, dtype: str) -> tuple[Any, Any]:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(model)
        found = AutoModelForCausalLM.from_pretrained(model, dtype=getattr(torch, dtype))
    except OSError as fault:
        raise InputError(
            f"No judge at {model!r}: {str(fault).splitlines()[0]} Allowed: a directory in Hugging Face format, or a hub id."
        ) from fault
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    found.to(device=device)  # type: ignore[call-arg]
    return found.requires_grad_(False), tokenizer
