"""What can be wrong with a run before it starts: tokens, lengths, gold answers, settings without effect.

Settings are in `settings`, memory in `memory`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any, Literal

from asym_lit.commands.preflight.memory import MemoryEstimate
from asym_lit.commands.preflight.plan import RunPlan
from asym_lit.policy.loading import context_of, load_generation_config
from asym_lit.responses import end_tokens
from asym_lit.rollout.prompt_sets import PromptSets
from asym_lit.types import AuditingVerifier, Outcome, Prompt, Sampling

Status = Literal["ok", "note", "fail"]
TIGHT = 0.9
"""Share of a GPU's memory above which an estimate is called tight: fragments and kernels take some too."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at."""

    name: str
    status: Status
    finding: str


@dataclass(frozen=True, slots=True)
class Rows:
    """The problems of one set, as the policy will read them."""

    name: str
    prompts: list[Prompt]
    sampling: Sampling

    @property
    def lengths(self) -> list[int]:
        """Tokens of each prompt, in rising order."""
        return sorted(len(prompt.token_ids) for prompt in self.prompts)


def rows_of(plan: RunPlan) -> list[Rows]:
    """All sets of a run, training first; over-long prompts are still in them."""
    data = plan.data
    sets = PromptSets(data.tokenizer, data.prompt_sets.form, data.task, seed=data.seed)
    wanted: list[tuple[str, Any, Any, Sampling]] = [(data.task.name, "train", data.task, data.sampling)]
    for name, one in data.evaluation_sets.items():
        wanted.append((name, "val", one.task, one.sampling(data.evaluation)))
    return [Rows(f"{name} ({split})", sets.get(name, split, task, how, None), how) for name, split, task, how in wanted]


def memory_check(plan: RunPlan, memory: MemoryEstimate) -> Check:
    """Whether the largest phase fits the GPU."""
    has, peak = plan.hardware.memory_bytes, memory.peak
    if not has:
        return Check("memory", "ok", f"{peak / 2**30:.3g} GiB for each process, on a CPU")
    whose = "a GPU of" if plan.hardware.is_assumed else "the GPU's"
    finding = f"{peak / 2**30:.3g} GiB of {whose} {has / 2**30:.3g}"
    if plan.hardware.is_assumed:
        finding += " (none at hand: write --preflight.gpu_memory_gib)"
    if peak > has:
        return Check(
            "memory", "fail", f"{finding}: more devices, gradient_checkpointing, fewer max_micro_batch_tokens, or lora"
        )
    return Check("memory", "note" if peak > TIGHT * has else "ok", finding + (": tight" if peak > TIGHT * has else ""))


def sharing_check(plan: RunPlan, longest: int) -> Check:
    """Whether scoring and updates read a prompt once for its group, and the share of tokens that this leaves."""
    if plan.why_not_shared:
        return Check("prompts", "note", f"each is read once for every response: {plan.why_not_shared}")
    n, response = plan.data.sampling.n, plan.data.sampling.max_tokens
    share = (longest + n * response) / (n * (longest + response))
    finding = f"each is read once for its {n} responses: {share:.0%} of the tokens of a row for each, or less"
    return Check("prompts", "ok", finding)


def vocabulary_check(plan: RunPlan, sets: Sequence[Rows]) -> Check:
    """Whether every token has its row in the policy's embedding."""
    tokenizer, words = plan.data.tokenizer, plan.module.policy_config.vocab_size
    largest = max((max(p.token_ids) for rows in sets for p in rows.prompts if p.token_ids), default=0)
    ends = [i for i in (tokenizer.eos_token_id, tokenizer.pad_token_id) if i is not None]
    if len(tokenizer) > words or max([largest, *ends]) >= words:
        used = max([largest, *ends])
        return Check(
            "vocabulary",
            "fail",
            f"the tokenizer has {len(tokenizer)} tokens (largest id in use {used}), the policy {words}: take the policy's own",
        )
    return Check("vocabulary", "ok", f"{len(tokenizer)} tokens of the tokenizer, {words} of the policy")


def ending_check(plan: RunPlan, sets: Sequence[Rows]) -> Check:
    """Whether prompts begin and end as they should, and responses can end."""
    tokenizer = plan.data.tokenizer
    sampling = plan.data.sampling
    stops = end_tokens(tokenizer, plan.module.policy_config, load_generation_config(plan.module.policy))
    stops |= set(sampling.stop_token_ids)
    names = ", ".join([*(repr(tokenizer.decode([stop])) for stop in sorted(stops)), *map(repr, sampling.stop_strings)])
    prompts = [prompt for rows in sets for prompt in rows.prompts]
    bos = tokenizer.bos_token_id
    for prompt in prompts:
        where = f"the prompt {prompt.uid!r} of {prompt.task!r}"
        if not prompt.token_ids:
            return Check("template", "fail", f"{where} has no tokens")
        if prompt.token_ids[-1] in stops:
            return Check("template", "fail", f"{where} ends with a token that ends responses ({names})")
        if bos is not None and prompt.token_ids[:2] == (bos, bos):
            return Check("template", "fail", f"{where} begins with {tokenizer.decode([bos])!r} twice")
    chat = next((prompt for prompt in prompts if prompt.messages), None)
    if chat is None:
        return Check("template", "ok", f"plain text; {names} ends a response")
    turns = [dict(turn) for turn in chat.messages]
    whole = tokenizer.apply_chat_template([*turns, {"role": "assistant", "content": "ANSWER"}], tokenize=False)
    after = tokenizer(str(whole).rpartition("ANSWER")[2], add_special_tokens=False)["input_ids"]
    if after and after[0] not in stops:
        end = tokenizer.decode(after[:1])
        return Check("template", "note", f"a chat whose turns end with {end!r}, but responses end with {names} only")
    return Check("template", "ok", f"a chat; {names} ends a response")


def length_checks(plan: RunPlan, sets: Sequence[Rows]) -> Iterator[Check]:
    """Lengths of prompts, and whether they leave room for a response."""
    context, most = context_of(plan.module.policy_config), plan.data.prompt_sets.max_prompt_tokens
    for rows in sets:
        lengths = rows.lengths
        if not lengths:
            yield Check(f"lengths of {rows.name}", "fail", "there are no prompts")
            continue
        kept = [length for length in lengths if not most or length <= most]
        middle, high = lengths[len(lengths) // 2], lengths[int(0.99 * (len(lengths) - 1))]
        finding = f"{len(lengths)} prompts; tokens: median {middle}, 99th percentile {high}, longest {lengths[-1]}"
        if len(kept) < len(lengths):
            finding += f"; {len(lengths) - len(kept)} above max_prompt_tokens {most} are left out"
        over = [length for length in kept if context and length + rows.sampling.max_tokens > context]
        if over or not kept:
            finding += f"; {len(over) or 'all'} do not fit: max_tokens {rows.sampling.max_tokens}, context {context}"
        yield Check(f"lengths of {rows.name}", "fail" if over or not kept else "ok", finding)


ANSWERED = (("\\boxed{", "}"), ("", ""), ("<think>\n</think>\n<answer>", "</answer>"), ("So the answer is ", "."))
"""What stands before and behind an answer: a box, nothing, tags, a sentence."""


def gold_check(plan: RunPlan, rows: Rows) -> Check:
    """Whether the verifier calls the gold answers right, in one of the ways that answers are written."""
    name, verifier = f"gold answers of {rows.name}", plan.verifier
    golds = [prompt for prompt in rows.prompts if isinstance(gold := prompt.answer.get("answer"), str) and gold.strip()]
    if verifier is None:
        return Check(name, "fail", "nothing verifies responses; add the VerifierReward callback to trainer.callbacks")
    if not golds and isinstance(verifier, AuditingVerifier):
        return _audited(plan, rows, verifier, name)
    if not golds:
        return Check(name, "ok", f"none as text; {verifier.name} judges by the task's own data")
    step = max(1, len(golds) // plan.settings.rows) if plan.settings.rows else 1
    drawn = golds[::step]
    bad, graded = [], 0
    for prompt in drawn:
        gold = prompt.answer["answer"]
        verdicts = (verifier.verify(prompt, before + gold + behind) for before, behind in ANSWERED)
        wrong = list(takewhile(lambda v: v.outcome != Outcome.CORRECT, verdicts))
        if len(wrong) == len(ANSWERED):
            bad.append(f"{prompt.origin or prompt.uid}: {gold!r} ({wrong[0].reason})")
            graded += bool(wrong[0].score)  # a share of the reward, as of a length: no word on the answer
    allowed = len(bad) - graded <= plan.settings.max_unparsed * len(drawn)
    finding = f"{verifier.name} rejects {len(bad)} of {len(drawn)}" + ("; " if bad else "") + "; ".join(bad[:3])
    return Check(name, ("note" if bad else "ok") if allowed else "fail", finding)


def _audited(plan: RunPlan, rows: Rows, verifier: AuditingVerifier, name: str) -> Check:
    """Whether the verifier can work with problems that have no gold answer as text, such as tests of programs."""
    step = max(1, len(rows.prompts) // plan.settings.rows) if plan.settings.rows else 1
    drawn = rows.prompts[::step]
    bad = verifier.unreadable(drawn)
    origins = {prompt.uid: prompt.origin or prompt.uid for prompt in drawn}
    told = "; ".join(f"{origins[uid]}: {reason}" for uid, reason in list(bad.items())[:3])
    finding = f"{verifier.name} cannot use {len(bad)} of {len(drawn)}" + (f"; {told}" if bad else "")
    return Check(name, "fail" if len(bad) > plan.settings.max_unparsed * len(drawn) else "note" if bad else "ok", finding)
