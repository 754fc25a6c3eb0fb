"""The engine's keeper: starts it, keeps its weights up to date, and replaces it once if it dies. Engines are in `rollout/`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from lightning.pytorch.utilities import rank_zero_info, rank_zero_warn

from asym_lit.gguf_models.directories import about
from asym_lit.lit.distributed import any_process, check_group
from asym_lit.lit.stopping import HeldFault, met_by_all
from asym_lit.policy.known_tokens import tokenless_ids
from asym_lit.policy.loading import load_generation_config, locate
from asym_lit.responses import end_tokens, padding_token
from asym_lit.rollout.engine import Engine, EngineError, EngineHost, Request, RunsElsewhere
from asym_lit.types import LivePolicy, Rollout, RunStoppedError, Sampling


class EngineKeeper:
    """Keeps an engine ready to write with the policy's weights of the moment.

    Args:
        engine: What writes rollouts.
        tokenizer: Knows the tokens that end a response.
        policy: Where the engine finds the policy before training.
    """

    def __init__(self, engine: Engine, tokenizer: Any, policy: str) -> None:
        self.engine, self.tokenizer, self.policy = engine, tokenizer, policy
        self.restarts = 0
        """Engines that died and were replaced, on this process."""
        self.beside = False
        """The policy's weights move meanwhile: a new engine gets those of the last sync, not those of the moment."""
        self._live: LivePolicy | None = None
        self._said: list[str] = []

    def sync(self, live: LivePolicy) -> None:
        """Start the engine if need be, and give it the policy's weights if they have moved. A collective."""
        if self._live is None:
            self._start(live)
        self.engine.wake()
        if self.engine.version == live.policy_version:
            return
        failure: EngineError | None = None
        try:
            self.resync()
        except EngineError as fault:  # it died while the policy was trained
            failure = fault
        if not any_process(failure is not None):
            return
        try:
            self._replace(failure)
        except EngineError as again:
            raise _stopped("failed twice over the weights of the moment", again) from again

    def resync(self) -> None:
        """Give the engine the policy's weights, whatever it has. A collective."""
        assert self._live is not None
        self.engine.sync(self._live.named_weights(), self._live.policy_version)

    def _start(self, live: LivePolicy) -> None:
        """Lazily, so that the process group of the strategy stands before an engine could make its own."""
        check_group(live.processes)
        config, tokenizer = live.policy_config, self.tokenizer
        ends = end_tokens(tokenizer, config, load_generation_config(self.policy))
        host = EngineHost(
            policy=locate(self.policy),
            live_model=live.live_model,
            device=live.device,
            dtype=live.weight_dtype,
            stop_token_ids=ends,
            pad_token_id=padding_token(tokenizer, ends),
            local_rank=live.local_rank,
            load=live.untrained,
            tokenless_ids=tokenless_ids(tokenizer, config),
            tokenizer=tokenizer,
            longest=live.longest,
            attn_implementation=live.attn_implementation,
        )
        self.engine.start(host)
        self._live = live
        self._say(host)

    def _say(self, host: EngineHost) -> None:
        """How responses are generated, in a line or two; once, not at every restart."""
        ends = ", ".join(f"{self.tokenizer.decode([token])!r} ({token})" for token in sorted(host.stop_token_ids))
        lines = [f"Responses end with {ends}.", *getattr(self.engine, "remarks", ()), *about(self.policy)]
        if host.tokenless_ids:
            lines.append(f"{len(host.tokenless_ids)} ids have logits but no token; they are never sampled.")
        if lines != self._said:
            for line in lines:
                rank_zero_info(line)
        self._said = lines

    def groups(self, requests: Sequence[Request], sampling: Sampling) -> Iterator[list[Rollout]]:
        """The groups of the requests, in order, as they finish; from a new engine if this one dies. A collective.

        Raises:
            RunStoppedError: If an engine dies twice over the same requests, on any process.
        """
        done, failures = 0, 0
        while True:
            failure: EngineError | None = None
            held = HeldFault()
            with held:
                try:
                    for group in self.engine.generate(requests[done:], sampling):
                        done += 1
                        yield group
                except EngineError as fault:
                    failure = fault
            held.release()
            if not any_process(failure is not None):
                return
            failures += 1
            if failures > 1:
                raise _stopped("failed twice over the same prompts", failure) from failure
            try:
                self._replace(failure)
            except EngineError as again:
                raise _stopped("failed, and so did the one in its place", again) from again

    def _replace(self, failure: EngineError | None) -> None:
        """A new engine where it died, and the weights that are due for all. A collective.

        Raises:
            EngineError: On every process, if one of them has no engine then.
        """
        if self._live is None:
            raise EngineError("The engine was closed while it wrote.") from failure
        rank_zero_warn(f"The engine failed and is started anew: {failure or 'on another process'}.")
        with met_by_all():
            if failure is not None:
                self.restarts += 1
                self.engine.close()
                self._start(self._live)
        again: EngineError | None = None
        try:
            if self.beside:
                assert isinstance(self.engine, RunsElsewhere)
                self.engine.restore()
            else:
                self.resync()
        except EngineError as fault:
            again = fault
        if any_process(again is not None):
            raise again or EngineError("on another process")

    def close(self) -> None:
        """Close the engine; a later stage starts it again."""
        if self._live is not None:
            self._live = None  # first: one that is at work beside then ends, and is not replaced
            self.engine.close()
            self.engine.version = -1


def _stopped(how: str, failure: EngineError | None) -> RunStoppedError:
    return RunStoppedError(
        f"The engine {how}: {failure or 'on another process'}. The policy is as it was after the last rollout step, and saved; "
        "go on from there with --ckpt_path <run folder>."
    )
