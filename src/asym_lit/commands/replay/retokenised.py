"""Rollouts of others as ours: their texts under the policy's tokenizer, for they come without token ids and log-probs.

How their files are read is in `commands/other_rollouts`.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from asym_lit.commands.other_rollouts import OtherRollout, read_others
from asym_lit.policy.loading import load_config
from asym_lit.responses import end_tokens
from asym_lit.rollout.rendering import PromptFormat, render
from asym_lit.types import InputError, Outcome, Prompt, Rollout, RolloutBatch, Sampling, Verdict

SAID = (
    "The rollouts are texts of another program: tokens are those of this policy's tokenizer, an end token stands behind each "
    "response, log-probs are this policy's own, at temperature 1, and a reward of 1 or more counts as correct."
)


def retokenised(path: Path, tokenizer: Any, policy: str, form: PromptFormat) -> RolloutBatch:
    """The rollouts of a file of others, groups together; log-probs are still 0.

    Args:
        path: The file.
        tokenizer: The policy's.
        policy: What ends its responses is read off its configuration.
        form: How prompts are put.

    Raises:
        InputError: If a row is not what it should be, or groups differ in size.
    """
    groups: dict[tuple[str, str], list[OtherRollout]] = {}
    for rollout in read_others(path):
        groups.setdefault((rollout.step, rollout.uid or json.dumps(rollout.prompt)), []).append(rollout)
    size = Counter(map(len, groups.values())).most_common(1)[0][0]
    odd = next((group for group in groups.values() if len(group) != size), None)
    if odd:
        raise InputError(f"{odd[0].where}: its prompt has {len(odd)} responses, others have {size}; every group must be whole.")
    prompts = render([_prompt(group[0], path.stem) for group in groups.values()], tokenizer, form)
    end = min(end_tokens(tokenizer, load_config(policy)), default=None)
    rollouts = []
    for slot, (prompt, group) in enumerate(zip(prompts, groups.values(), strict=True)):
        for other in group:
            text = _text(other.response)
            ids = [*tokenizer(text, add_special_tokens=False)["input_ids"], *([end] if end is not None else [])]
            if not ids:
                raise InputError(f"{other.where}: the response is empty, and the policy has no end token.")
            rollouts.append(_rollout(prompt, slot, ids, text, other))
    sampling = Sampling(n=size, max_tokens=max(len(rollout.token_ids) for rollout in rollouts))
    return RolloutBatch(rollouts, sampling, 0, path.stem, kept=[True] * len(groups))


def _rollout(prompt: Prompt, slot: int, ids: list[int], text: str, other: OtherRollout) -> Rollout:
    outcome = Outcome.UNDECIDED if other.reward is None else Outcome.CORRECT if other.reward >= 1 else Outcome.INCORRECT
    verdict = Verdict(outcome, "another program", f"reward {other.reward}")
    return Rollout(prompt, slot, ids, [0.0] * len(ids), "stop", 0, text, verdict, other.reward)


def _prompt(rollout: OtherRollout, task: str) -> Prompt:
    said = rollout.prompt
    uid = rollout.uid or hashlib.sha256(json.dumps(said).encode()).hexdigest()[:12]
    if isinstance(said, str):
        return Prompt(uid, said, {}, task)
    turns: Sequence[Mapping[str, Any]] = said
    chat = tuple({"role": str(turn.get("role")), "content": str(turn.get("content"))} for turn in turns)
    return Prompt(uid, chat[-1]["content"], {}, task, messages=chat)


def _text(response: Any) -> str:
    return response if isinstance(response, str) else "\n".join(str(turn.get("content") or "") for turn in response)
