"""What vLLM raises becomes one line with the class, the reason and what to write; vLLM itself is not needed."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from asym_lit.rollout import vllm_trial
from asym_lit.rollout.engine import EngineError, EngineHost
from asym_lit.rollout.vllm_trial import refused_by_vllm, try_writing
from asym_lit.types import InputError, Rollout
from policies import save_tiny


@pytest.fixture
def policy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(vllm_trial, "check_installation", lambda: "0.32.0")
    return save_tiny(tmp_path, initializer_range=0.3)


def refusal(policy: str, fault: Exception, does_not: str = "does not start with") -> str:
    """What is said of a fault."""
    with pytest.raises(InputError) as refused, refused_by_vllm(does_not, policy):
        raise fault
    return str(refused.value)


def test_what_is_raised_is_said_with_the_class_and_what_to_write(policy: str) -> None:
    assert refusal(policy, NotImplementedError("no kernel for this\nand more of it")) == (
        "vLLM 0.32.0 does not start with a Qwen2ForCausalLM: NotImplementedError: no kernel for this. "
        "Change what that names under data.engine, or write HFEngine there."
    )


class LoggedError(ValueError):
    """vLLM reads a class in another process, logs the traceback from there and raises that the reason is in the log."""

    def __init__(self) -> None:
        super().__init__("please check the logs")
        traceback = "In a process:\nTraceback (most):\n  import\nModuleNotFoundError: No module named 'torchvision'\n"
        logging.getLogger("vllm.models").error("Error in inspecting", exc_info=RuntimeError(traceback))


def test_the_reason_is_what_vllm_logged_and_it_is_not_printed(policy: str, capsys: pytest.CaptureFixture[str]) -> None:
    logger = logging.getLogger("vllm")
    logger.addHandler(handler := logging.StreamHandler())
    try:
        with pytest.raises(InputError) as refused, refused_by_vllm("does not start with", policy):
            raise LoggedError
        assert "a Qwen2ForCausalLM: ModuleNotFoundError: No module named 'torchvision'. Change" in str(refused.value)
        assert capsys.readouterr().err == ""
        assert logger.handlers == [handler]
        with refused_by_vllm("does not start with", policy):
            logging.getLogger("vllm.models").error("only slow")
        assert capsys.readouterr().err == "only slow\n"
    finally:
        logger.removeHandler(handler)


def test_the_fault_behind_an_engine_error_is_named_and_our_own_refusals_stay(policy: str) -> None:
    fault = EngineError("vLLM failed while generating")
    fault.__cause__ = AssertionError("requires BF16.")
    assert ": AssertionError: requires BF16. Change" in refusal(policy, fault)
    assert refusal(policy, InputError("as it is")) == "as it is"


def test_pydantics_report_is_cut_to_its_message(policy: str) -> None:
    class ReportError(ValueError):
        def errors(self) -> list[dict[str, str]]:
            return [{"msg": "Assertion failed, chunked prefill is required."}]

    said = refusal(policy, ReportError("1 validation error\n  Assertion failed"))
    assert ": ReportError: Assertion failed, chunked prefill is required. Change" in said


class Writer:
    """An engine that writes some tokens and says some log-probs."""

    def __init__(self, shift: float, model: Any) -> None:
        self.shift, self.model, self.forgotten = shift, model, 0

    def generate(self, requests: Any, sampling: Any) -> Iterator[list[Rollout]]:
        for request in requests:
            ids = [5, 6, 7]
            read = torch.tensor([[*request.prompt.token_ids, *ids]])
            with torch.no_grad():
                logits_TV = self.model(input_ids=read).logits[0, -4:-1]
            logits_TV[:, 9] = -torch.inf
            logprobs = logits_TV.log_softmax(-1)[range(3), ids] + self.shift
            yield [Rollout(request.prompt, 0, ids, logprobs.tolist(), "length", 0)]

    def forget(self) -> None:
        self.forgotten += 1


@pytest.mark.parametrize("shift", [0.0, 0.4, 0.6, float("nan")])
def test_log_probs_of_quite_another_policy_are_refused_at_the_start(policy: str, shift: float) -> None:
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(policy)
    host = EngineHost(policy, model, torch.device("cpu"), torch.float32, frozenset({1}), 0, tokenless_ids=frozenset({9}))
    engine: Any = Writer(shift, model)
    if shift < 0.5:
        try_writing(engine, host)
    else:
        with pytest.raises(InputError, match=r"does not take weights anew for a Qwen2.*: .* 3 tokens are off by (0\.6|inf)"):
            try_writing(engine, host)
    try_writing(engine, EngineHost(policy, None, torch.device("cpu"), torch.float32, frozenset({1}), 0))  # sharded: not seen
    assert engine.forgotten == 2
