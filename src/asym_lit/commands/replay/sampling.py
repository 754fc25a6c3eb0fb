"""Rollouts made on the spot: a policy answers the first problems of a task, and a verifier decides.

Those of a run are read in `run_folder/transcripts.py`.
"""

from __future__ import annotations

from rich.console import Console
from transformers import PreTrainedTokenizerBase

from asym_lit.command_line.pace import Pace
from asym_lit.lit.callbacks.verifier_reward import VerifierReward
from asym_lit.lit.rollout_maker import RolloutMaker
from asym_lit.policy.known_tokens import gaps, token_count, tokenless_ids
from asym_lit.policy.loading import Dtype, context_of, load_policy, load_tokenizer
from asym_lit.policy.token_scores import TokenScorer
from asym_lit.responses import end_tokens, padding_token
from asym_lit.rollout.engine import EngineHost
from asym_lit.rollout.hf_engine import HFEngine
from asym_lit.rollout.prompt_sets import shot_tokens
from asym_lit.rollout.rendering import PromptFormat, render
from asym_lit.rollout.shots import shot_pool
from asym_lit.rollout.stops import check_stops
from asym_lit.run_folder.checksums import check_export
from asym_lit.types import InputError, RolloutBatch, Sampling, Split, Task, Verifier


def load_scorer(policy: str, dtype: Dtype, device: str) -> tuple[TokenScorer, PreTrainedTokenizerBase]:
    """A policy to sample from, and its tokenizer.

    Args:
        policy: As `policy.loading.locate` takes it.
        dtype: Of the weights.
        device: Where it runs.

    Raises:
        InputError: If there is no such policy, or an export of it was not written whole.
    """
    check_export(policy)
    tokenizer = load_tokenizer(policy)
    scorer = TokenScorer(load_policy(policy, dtype), token_count(tokenizer), gaps(tokenizer))
    return scorer.to(device).eval(), tokenizer


def sampled_batch(
    scorer: TokenScorer,
    tokenizer: PreTrainedTokenizerBase,
    task: Task,
    verifier: Verifier,
    prompts: int,
    sampling: Sampling,
    seed: int,
    split: Split = "train",
    form: PromptFormat = PromptFormat(),
    console: Console | None = None,
    greedy: bool = False,
) -> RolloutBatch:
    """Verified rollouts of the first problems of a task.

    Args:
        scorer: Holds the policy, on the device it runs on.
        tokenizer: The policy's.
        task: Where the problems come from.
        verifier: Decides; an undecided rollout has no reward and takes no part.
        prompts: Problems to answer.
        sampling: How; `n` is the group size.
        seed: Of the draws.
        split: Of the problems.
        form: How they are put to the policy.
        console: Where it is told how far they are; None for nowhere.
        greedy: A greedy response beside each group.

    Raises:
        InputError: If the task has too few problems, they do not fit the policy's context, or nothing could end by its stops.
    """
    verifier.self_test()
    check_stops(tokenizer, {"sampling": sampling})
    found = task.prompts(split)
    if len(found) < prompts:
        has = f"{len(found)} {'training' if split == 'train' else split} problems"
        raise InputError(f"prompts is {prompts}, but {task.name} has {has}; write --prompts {len(found)}.")
    rendered = render(found[:prompts], tokenizer, form, shot_pool(task, task, form.shots, seed))
    most, context = max(rendered, key=lambda prompt: len(prompt.token_ids)), context_of(scorer.model)
    longest = len(most.token_ids)
    if context and longest + sampling.max_tokens > context:
        shown = shot_tokens(found, tokenizer, form)(most) if form.shots else ""
        raise InputError(
            f"A prompt of {task.name} has {longest} tokens{shown}; with sampling.max_tokens {sampling.max_tokens} that is more "
            f"than the policy's context of {context}. Write --sampling.max_tokens {max(context - longest, 0)}."
        )
    maker = RolloutMaker(HFEngine(), tokenizer, "", seed)
    maker.scorer = reward = VerifierReward(verifier)
    maker.engine.start(host_of(scorer, tokenizer))
    maker.engine.sync([], 0)
    made = RolloutBatch([], sampling, 0, task.name)
    try:
        with Pace(f"{task.name}: answering", prompts, "problems", console) as pace:
            maker.fill_once(made, list(enumerate(rendered)), pace.advance)
        if greedy:
            maker.fill_greedy(made)
    finally:
        maker.engine.close()
        reward.close()
    return made


def host_of(scorer: TokenScorer, tokenizer: PreTrainedTokenizerBase) -> EngineHost:
    """What an engine must know to run a policy as it stands."""
    parameter = next(scorer.parameters())
    model = scorer.model
    ends = end_tokens(tokenizer, model.config, getattr(model, "generation_config", None))
    return EngineHost(
        policy="",
        live_model=model,
        device=parameter.device,
        dtype=parameter.dtype,
        stop_token_ids=ends,
        pad_token_id=padding_token(tokenizer, ends),
        tokenless_ids=tokenless_ids(tokenizer, model.config),
        tokenizer=tokenizer,
    )
