"""With what vLLM is built: prompts whole on a CPU, sequences as long as the run's, a cache of a size that is said."""

from __future__ import annotations

import pytest
import torch

from asym_lit.rollout.engine import EngineHost
from asym_lit.rollout.vllm_arguments import engine_arguments, longest_sequence, reading_prompts_whole
from asym_lit.types import InputError

HOST = EngineHost("the/policy", None, torch.device("cpu"), torch.float32, frozenset({1}), 0)


def test_a_sequence_is_as_long_as_the_runs_longest_row() -> None:
    assert longest_sequence(0, 507) == {"max_model_len": 507}
    assert longest_sequence(4096, 507) == {"max_model_len": 4096}  # by the person
    assert longest_sequence(0, 5) == {"max_model_len": 16}  # the engine's own trial has 8 tokens and 8 more
    assert longest_sequence(0, 0) == {}  # not known: the policy's context


def test_a_sequence_shorter_than_the_runs_is_refused() -> None:
    with pytest.raises(InputError, match=r"max_model_len is 256, but the longest .* has 507 tokens\. Write .* 507"):
        longest_sequence(256, 507)


def test_a_cpu_is_told_the_size_of_the_cache_and_to_run_without_graphs() -> None:
    arguments = engine_arguments(HOST, 1, {}, 0.0, None, None)
    assert (arguments["kv_cache_memory_bytes"], arguments["enforce_eager"], arguments["dtype"]) == (2**28, True, "float32")
    more = engine_arguments(HOST, 2, {"max_num_seqs": 4, "seed": 7}, 1.5, "bfloat16", False)
    assert (more["kv_cache_memory_bytes"], more["enforce_eager"], more["dtype"]) == (3 * 2**29, False, "bfloat16")
    assert (more["distributed_executor_backend"], more["max_num_seqs"], more["seed"]) == ("external_launcher", 4, 7)


def test_on_a_cpu_prompts_are_read_whole_whatever_the_budget() -> None:
    given = {"max_num_batched_tokens": 256, "max_num_seqs": 8}
    arguments, remarks = reading_prompts_whole(given, 1024)
    assert arguments == {"max_num_batched_tokens": 1024, "max_num_seqs": 8, "enable_chunked_prefill": False}
    assert "up to 1024 tokens, the longest sequence, not 256" in remarks[0]
    assert given == {"max_num_batched_tokens": 256, "max_num_seqs": 8}


def test_a_budget_that_holds_the_longest_sequence_is_left_alone() -> None:
    arguments, remarks = reading_prompts_whole({"max_num_batched_tokens": 4096, "enable_chunked_prefill": False}, 256)
    assert (arguments["max_num_batched_tokens"], remarks) == (4096, ())


def test_reading_prompts_in_parts_on_a_cpu_is_refused() -> None:
    with pytest.raises(InputError, match=r"further\.enable_chunked_prefill is true, but on a CPU .* Leave it out"):
        reading_prompts_whole({"max_num_batched_tokens": 4096, "enable_chunked_prefill": True}, 256)
