"""RLVR and SimKO on one page: sample, verify, weigh, step; and pass@k before and after. Read it from top to bottom.

    python docs/one_page.py

Reinforcement learning with verifiable rewards (RLVR): a language model answers a question several times, a program says
which answers are right, and a gradient makes right ones likelier and wrong ones less likely. Nobody shows it a solution.
Trained so, a model is right more often at the first try (pass@1), and often it solves fewer problems in many tries (pass@64):
what was likely already takes over. SimKO (arXiv 2510.14807) works against that with two small changes, explained at `SIMKO`.

The pieces are those of the full program, `python train.py fit --config configs/simko.yaml`; a test holds the two to the same
rollouts and weights. What that adds can wait: warm-up of the learning rate, several processes, other engines, verifiers that
may be undecided, groups drawn anew, checkpoints, metrics, intervals.

In names of tensors the letters are dimensions: B rollouts, T tokens of a response.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from asym_lit.evaluation.pass_at_k import pass_at_k
from asym_lit.objectives import simko
from asym_lit.objectives.aggregations import GlobalCounts
from asym_lit.policy.loading import BUNDLED, load_policy, load_tokenizer, locate
from asym_lit.policy.sharing_trial import try_sharing
from asym_lit.policy.token_scores import TokenScorer
from asym_lit.rollout.engine import EngineHost, Request, request_seed
from asym_lit.rollout.hf_engine import HFEngine
from asym_lit.rollout.microbatches import MicroBatch, experience_of, make_micro_batch, mini_batches_of_slots, pack_shared
from asym_lit.rollout.prompts import PromptLoader, SlottedPrompts
from asym_lit.rollout.rendering import render
from asym_lit.tasks import Countdown, CountdownVerifier
from asym_lit.types import Needs, Outcome, Prompt, Rollout, Sampling, TokenScores

TASK = Countdown(numbers=4, low=1, high=20, operators="+-*", val_size=64)  # `3,7,12,20=45:` is answered by `3*7+12*2`
SEED = 1
STEPS = 12  # the recipe takes 160, in about six minutes
PROMPTS_PER_STEP = 32
GROUP = Sampling(n=16, temperature=1.0, max_tokens=24)  # 16 answers to a question: they are compared with one another
MINI_BATCHES = 2  # optimizer steps per rollout step
MICRO_BATCH_TOKENS = 2048  # scored at once; bounds memory, and the loss does not depend on it
LEARNING_RATE = 5e-5
MAX_GRAD_NORM = 1.0
TRIES = Sampling(n=64, temperature=1.0, max_tokens=24)  # of evaluation
KS = (1, 4, 16, 64)

# What makes it SimKO, and not plain GRPO (`from asym_lit.objectives import grpo`). Both changes touch only forking tokens,
# the 20 % of a response where the policy was least sure of the next one (entropy above its quantile 0.8).
#   Right response: 1 % of such a token's push (alpha) goes to the three likeliest tokens there, in equal parts, so that the
#   one that happened to be drawn does not take all.
#   Wrong response: such a token is pushed down 1.1 times as hard (lambda_top1) if it was the policy's first choice. For
#   probabilities sum to 1, and what other tokens lose flows mostly to the first choice: it must pay more for its own errors.
SIMKO = simko(alpha=0.01, top_n=3, quantile=0.8, lambda_top1=1.1)


def start_engine(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> HFEngine:
    """What writes responses. It samples from the very weights that are trained, so they need not be sent to it."""
    engine = HFEngine(max_batch_tokens=16384)
    stop, pad = tokenizer.eos_token_id, tokenizer.pad_token_id
    engine.start(EngineHost(locate(BUNDLED), model, torch.device("cpu"), torch.float32, frozenset({stop}), pad))
    return engine


def answer(
    engine: HFEngine, tokenizer: PreTrainedTokenizerBase, prompts: SlottedPrompts, sampling: Sampling, stage: str, step: int
) -> list[Rollout]:
    """Sample and verify: `sampling.n` rollouts per prompt, groups together, each with its reward of 1 or 0.

    Randomness hangs on where a group stands in the run, not on what was drawn before it: so two programs, or one that was
    stopped and goes on, write the same responses.
    """
    requests = [Request(prompt, slot, request_seed(SEED, stage, step, slot, prompt.uid)) for slot, prompt in prompts]
    rollouts = [rollout for group in engine.generate(requests, sampling) for rollout in group]
    texts = tokenizer.batch_decode([rollout.token_ids for rollout in rollouts], skip_special_tokens=True)
    verifier = CountdownVerifier()  # the only teacher there is: it computes the expression, and has no solution to show
    for rollout, text in zip(rollouts, texts, strict=True):
        rollout.text, rollout.verdict = text, verifier.verify(rollout.prompt, text)
        rollout.reward = float(rollout.verdict.outcome == Outcome.CORRECT)
    return rollouts


def learn(scorer: TokenScorer, optimizer: torch.optim.Optimizer, rollouts: Sequence[Rollout], step: int) -> None:
    """Weigh the rollouts of a step and take its optimizer steps."""
    experience = experience_of(rollouts, GROUP.n, torch.device("cpu"))
    # The advantage of a response is its reward less the mean of its group, over the group's standard deviation; each of its
    # tokens gets it. Where all of a group are right, or all wrong, it is 0: such a question teaches nothing at this step.
    experience.advantages_BT = SIMKO.estimate(experience)

    # Whole groups are dealt out to the mini-batches; each is cut into micro-batches, in which a prompt stands once for its
    # group. Rollouts without an advantage have no gradient: they are counted, and not read again.
    mini_batches, counts = [], []
    for chosen in mini_batches_of_slots(PROMPTS_PER_STEP, MINI_BATCHES, SEED, step):
        rows = [row for row, rollout in enumerate(rollouts) if rollout.slot in chosen]
        counts.append(GlobalCounts(sum(len(rollouts[row].token_ids) for row in rows), len(rows)))
        read = [row for row in rows if experience.advantages_BT[row].any()]
        packed = pack_shared(rollouts, read, MICRO_BATCH_TOKENS)
        mini_batches.append([make_micro_batch(part, rollouts, experience, share_prompts=True) for part in packed])

    # Log-probs at the weights that sampled, before any of them moves. The importance ratio pi / pi_old is therefore 1 in the
    # first mini-batch. In the second it says how far the first has carried the policy, and the clip (0.2) bounds that.
    with torch.no_grad():
        for part in (part for parts in mini_batches for part in parts):
            part.experience.old_logprobs_BT = scores_of(scorer, part, Needs()).logprobs_BT

    for parts, count in zip(mini_batches, counts, strict=True):
        optimizer.zero_grad()
        for part in parts:
            # Beside the log-prob of the sampled token SimKO asks for its entropy, the three likeliest and whether it was first.
            scores = scores_of(scorer, part, SIMKO.update_needs)
            # Every token of a mini-batch weighs the same, so its losses are divided by all its tokens.
            SIMKO.loss(scores, part.experience, count).loss.backward()
        torch.nn.utils.clip_grad_norm_(scorer.parameters(), MAX_GRAD_NORM)
        optimizer.step()


def scores_of(scorer: TokenScorer, part: MicroBatch, needs: Needs) -> TokenScores:
    """What the policy now says of each response token, at the temperature it was sampled with."""
    scores: TokenScores = scorer(part.tokens, part.experience.mask_BT, GROUP.temperature, needs)
    return scores


def train(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, prompts: Sequence[Prompt]) -> list[list[Rollout]]:
    """The whole of training, in place; returns the rollouts of each step."""
    engine, scorer = start_engine(model, tokenizer), TokenScorer(model)
    try_sharing(scorer)  # a prompt is read once for all of its responses, if that gives the same log-probs
    optimizer = torch.optim.AdamW(scorer.parameters(), lr=LEARNING_RATE, weight_decay=0.0)
    history = []
    for step, slotted in enumerate(PromptLoader(prompts, PROMPTS_PER_STEP, STEPS, SEED)):
        # On-policy: these are written by the weights that are about to learn from them. "/0" is a group's first draw.
        rollouts = answer(engine, tokenizer, slotted, GROUP, "train/0", step)
        learn(scorer, optimizer, rollouts, step)
        right = sum(rollout.reward or 0.0 for rollout in rollouts)
        print(f"step {step + 1:2}: {right:.0f} of {len(rollouts)} responses were right")
        history.append(rollouts)
    return history


def evaluate(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, problems: Sequence[Prompt]) -> dict[int, float]:
    """pass@k over problems that training never sees: the chance that at least one of k responses is right.

    The random numbers are the same each time, so that before and after differ by the policy alone.
    """
    rollouts = answer(start_engine(model, tokenizer), tokenizer, list(enumerate(problems)), TRIES, "evaluation", 0)
    right = [int(rewards.sum()) for rewards in torch.tensor([rollout.reward for rollout in rollouts]).split(TRIES.n)]
    # Of n responses with c right ones, 1 - C(n - c, k) / C(n, k): the mean over all choices of k of them, hence unbiased.
    return {k: float(pass_at_k([TRIES.n] * len(problems), right, k).mean()) for k in KS}


def main() -> None:
    """Before, training, after.

    Twelve steps move little: pass@1 from 0.297 to 0.321 on the machine this was written on, pass@64 not at all. The recipe's
    160 steps show what this project is about: pass@1 rises and pass@64 falls (the table of the README).
    """
    torch.set_num_threads(1)  # for a policy of under a million weights more threads are slower
    model, tokenizer = load_policy(BUNDLED), load_tokenizer(BUNDLED)
    prompts, problems = render(TASK.prompts("train"), tokenizer), render(TASK.prompts("val"), tokenizer)
    before = evaluate(model, tokenizer, problems)
    history = train(model, tokenizer, prompts)
    after = evaluate(model, tokenizer, problems)

    print("\nSome answers to the last question:")
    for rollout in history[-1][-GROUP.n :][:4]:
        print(f"  {rollout.prompt.text}{rollout.text}   {rollout.verdict.reason if rollout.verdict else ''}")
    print(f"\npass@k   before   after {STEPS} steps")
    for k in before:
        print(f"{k:6}   {before[k]:6.3f}   {after[k]:6.3f}")


if __name__ == "__main__":
    main()
