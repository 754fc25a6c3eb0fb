"""A judge in this process: a Hugging Face causal language model, asked in batches by a thread of its own.

Behind an endpoint: `client`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from typing import Any

import torch

from asym_lit.gguf_models.directories import directory_of
from asym_lit.model_files import damage, no_number
from asym_lit.types import InputError
from asym_lit.verifiers.judge.opinion import Opinion
from asym_lit.verifiers.judge.reading import BatchReader
from asym_lit.verifiers.judge.settings import JudgeSettings

Asked = tuple[str, "Future[Opinion]"]
ALLOWED = "Allowed: a directory in Hugging Face format, a .gguf file, 'smollm2', or a hub id."


class LocalModel:
    """A causal language model as the judge's mind; greedy.

    Args:
        model: A directory in Hugging Face format, a `.gguf` file or a directory that holds one, `smollm2`, or a hub id.
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
                self.reader = BatchReader(
                    *_loaded(self.model, self.device, self.dtype), self.max_tokens, marker, self.batch_size
                )
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


def _loaded(model: str, device: str, dtype: str) -> tuple[Any, Any]:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    where = directory_of(model)
    try:
        tokenizer = AutoTokenizer.from_pretrained(where)
        found = AutoModelForCausalLM.from_pretrained(where, dtype=getattr(torch, dtype))
    except Exception as fault:  # whatever a file that is damaged brings about
        why = damage(where) or f"{str(fault).splitlines()[0] if str(fault) else type(fault).__name__}"
        raise InputError(f"No judge at {model!r}: {why} {ALLOWED}") from fault
    if broken := no_number(where, found):
        raise InputError(f"No judge at {model!r}: {broken}")
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    found.to(device=device)  # type: ignore[call-arg]
    return found.requires_grad_(False), tokenizer
