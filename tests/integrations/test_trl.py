"""Objectives and verifiers under TRL's own trainer, on the bundled policy. Needs TRL (pip install trl==1.16.0)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch

pytest.importorskip("trl", reason="TRL is not installed; write pip install 'trl>=1.16,<1.17'")

from datasets import Dataset
from transformers import TrainerCallback
from trl import GRPOConfig

from asym_lit.integrations.trl import ObjectiveTrainer, as_reward_function
from asym_lit.lit.learning import RolloutLearner
from asym_lit.objectives import (
    Objective,
    a_nsr,
    ace,
    adaptive_entropy,
    dapo,
    dr_grpo,
    gdpo,
    grpo,
    lens,
    lp_reg,
    nsr,
    otb,
    psr,
    real,
    remax,
    scheduled_clip,
    simko,
)
from asym_lit.objectives.aggregations import PromptMean
from asym_lit.objectives.corrections import SequenceMask
from asym_lit.policy.loading import load_policy, load_tokenizer
from asym_lit.policy.token_scores import TokenScorer
from asym_lit.rollout.microbatches import Cutting
from asym_lit.tasks import Countdown, CountdownVerifier
from asym_lit.types import InputError, Prompt, Rollout, RolloutBatch, Sampling, Verdict
from asym_lit.verifiers import Maths, RandomReward

GROUP, PROMPTS = 4, 4
BY_PROMPT = replace(grpo(), aggregation=PromptMean())


def settings(folder: Any, **changed: Any) -> GRPOConfig:
    off: dict[str, Any] = {"use_cpu": True, "bf16": False, "gradient_checkpointing": False, "disable_tqdm": True}
    off |= {"report_to": "none", "logging_steps": 1, "save_strategy": "no", "max_grad_norm": 0.0}
    sizes = {"per_device_train_batch_size": GROUP * PROMPTS, "num_generations": GROUP, "max_completion_length": 24}
    given = {**off, **sizes, "max_steps": 3, "learning_rate": 1e-3, "lr_scheduler_type": "constant", "seed": 3, **changed}
    return GRPOConfig(output_dir=str(folder), **given)


def countdown(rows: int = 32) -> Dataset:
    prompts = Countdown(train_size=rows, val_size=1, test_size=1).prompts("train")
    return Dataset.from_list([{"prompt": p.text, **p.answer} for p in prompts])


class Steps(TrainerCallback):
    """Gradient of each optimizer step, and what ours is at the same weights on the same rollouts."""

    def __init__(self, objective: Objective) -> None:
        self.objective, self.trainer, self.gaps, self.norms = objective, None, [], []
        self.losses: list[tuple[float, float]] = []

    def on_pre_optimizer_step(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        model = load_policy("bundled")
        model.load_state_dict(self.trainer.model.state_dict())
        loss = gradient_of_ours(self.objective, model, batch_of(self.trainer))
        pairs = zip(model.parameters(), self.trainer.model.parameters(), strict=True)
        self.gaps.append(max(float((ours.grad - theirs.grad).abs().max()) for ours, theirs in pairs))
        self.norms.append(max(float(one.grad.abs().max()) for one in model.parameters()))
        self.losses.append((loss, self.trainer.summed))


def batch_of(trainer: Any) -> RolloutBatch:
    """TRL's rollouts of this generation as ours, in the order in which it generated them."""
    rows = [
        {k: v[i] for k, v in part.items() if torch.is_tensor(v) and v.dim()}
        for part in trainer._buffered_inputs
        for i in range(len(part["row"]))
    ]
    rows.sort(key=lambda row: int(row["row"]))
    rollouts = []
    for i, (row, outcome, reward) in enumerate(
        zip(rows, trainer.reward_funcs[0].outcomes, trainer._given_rewards[:, 0], strict=True)
    ):
        prompt = Prompt(str(i // GROUP), "", {}, "trl", tuple(row["prompt_ids"][row["prompt_mask"] == 1].tolist()))
        ids = row["completion_ids"][row["completion_mask"] == 1].tolist()
        ended = "stop" if ids[-1] in trainer.eos_token_ids else "length"
        verdict = Verdict(outcome, "test", "")
        rollouts.append(Rollout(prompt, i // GROUP, ids, [0.0] * len(ids), ended, 0, verdict=verdict, reward=float(reward)))
    return RolloutBatch(rollouts, Sampling(n=GROUP, max_tokens=24), trainer.state.global_step, "trl", [True] * PROMPTS)


def gradient_of_ours(objective: Objective, model: Any, batch: RolloutBatch) -> float:
    needs = objective.rollout_needs
    reference = TokenScorer(load_policy("bundled")).requires_grad_(False) if needs.reference else None
    cutting = Cutting(mini_batches=1, slots=PROMPTS, seed=0, max_tokens=100_000)
    learner = RolloutLearner(TokenScorer(model), reference, objective.at(batch.step), needs, batch, cutting)
    learner.score()
    learner.estimate()
    model.zero_grad()
    sums = learner.accumulate(0, lambda loss: loss.backward())
    for parameter in model.parameters():
        parameter.grad = torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
    return float(sums["loss/total"])


class Summing(ObjectiveTrainer):
    """Notes the loss of each optimizer step."""

    summed = 0.0

    def compute_loss(self, model, inputs, *args, **kwargs):
        loss = super().compute_loss(model, inputs, *args, **kwargs)
        first = self._step % self.args.gradient_accumulation_steps == 0
        self.summed = float(loss.detach()) + (0.0 if first else self.summed)
        return loss


def trainer_of(
    kind: type[ObjectiveTrainer],
    objective: Objective,
    folder: Any,
    reward: Any = None,
    data: Dataset | None = None,
    **changed: Any,
) -> Any:
    return kind(
        load_policy("bundled"),
        objective=objective,
        reward_funcs=reward or as_reward_function(CountdownVerifier()),
        args=settings(folder, **changed),
        train_dataset=data or countdown(),
        processing_class=load_tokenizer("bundled"),
        eval_dataset=countdown(4) if changed.get("eval_strategy") else None,
    )


def train(objective: Objective, folder: Any, *reward: Any, **more: Any) -> tuple[Any, Steps]:
    trainer = trainer_of(Summing, objective, folder, *reward, **more)
    steps = Steps(objective)
    steps.trainer = trainer
    trainer.add_callback(steps)
    trainer.train()
    return trainer, steps


@pytest.mark.parametrize(
    "objective",
    [
        *(simko(), ace(grpo(kl=0.01)), grpo(entropy=0.01), lp_reg(), dr_grpo(24), psr(), simko(warm_up_steps=2)),
        *(otb(), lens(), gdpo(), a_nsr(total_steps=5), scheduled_clip(grpo()), BY_PROMPT),
    ],
    ids=[
        *("simko", "ace", "entropy", "lp_reg", "dr_grpo", "psr", "warm_up"),
        *("otb", "lens", "gdpo", "a_nsr", "scheduled_clip", "prompt_mean"),
    ],
)
def test_three_steps_have_the_loss_and_the_gradient_that_they_have_here(objective, tmp_path):
    _, steps = train(objective, tmp_path)
    assert len(steps.gaps) == 3 and max(steps.norms) > 1e-3
    assert max(steps.gaps) < 1e-5
    assert [theirs for _, theirs in steps.losses] == pytest.approx([ours for ours, _ in steps.losses], abs=1e-5)


@pytest.mark.parametrize("objective", [simko(), BY_PROMPT], ids=["simko", "prompt_mean"])
def test_an_optimizer_step_of_two_micro_batches_is_the_same_step(objective, tmp_path):
    rows = {"per_device_train_batch_size": GROUP * PROMPTS // 2, "gradient_accumulation_steps": 2}
    _, steps = train(objective, tmp_path, **rows)
    assert len(steps.gaps) == 3 and max(steps.norms) > 1e-3 and max(steps.gaps) < 1e-5


def trained(objective: Objective, folder: Any, *reward: Any, **more: Any) -> Any:
    trainer = trainer_of(ObjectiveTrainer, objective, folder, *reward, **more)
    trainer.train()
    return trainer


def test_the_first_ratio_is_one_and_later_updates_are_measured_against_it(tmp_path):
    rows = {"per_device_train_batch_size": 8, "gradient_accumulation_steps": 1, "steps_per_generation": 2, "num_iterations": 2}
    trainer = trained(simko(), tmp_path, **rows, max_steps=4)
    ratios = [point["ratio/mean"] for point in trainer.state.log_history if "ratio/mean" in point]
    # SimKO's ratio is smoothed, but 1 at the weights that sampled. The second pass over the same rollouts has moved on.
    assert len(ratios) == 4 and ratios[0] == 1.0 and all(ratio != 1.0 for ratio in ratios[1:])


def test_nothing_is_learnt_from_rollouts_that_a_filter_leaves_out(tmp_path):
    trainer = trained(nsr(), tmp_path, reward=lambda completions, **_: [1.0] * len(completions))
    # All are right, and negative samples alone count: no tokens, so no gradient.
    assert [point["grad_norm"] for point in trainer.state.log_history if "grad_norm" in point] == [0.0, 0.0, 0.0]


def test_checkpointed_layers_mixed_precision_and_an_evaluation_work(tmp_path):
    options = {"gradient_checkpointing": True, "bf16": True, "eval_strategy": "steps", "eval_steps": 2}
    trainer = trained(simko(), tmp_path, **options, per_device_eval_batch_size=GROUP, num_generations_eval=GROUP)
    losses = [point["loss"] for point in trainer.state.log_history if "loss" in point]
    evaluated = [point["eval_loss"] for point in trainer.state.log_history if "eval_loss" in point]
    assert len(losses) == 3 and evaluated and torch.tensor([*losses, *evaluated]).isfinite().all()


def test_adapters_learn_and_the_policy_without_them_is_the_reference(tmp_path):
    peft = pytest.importorskip("peft")
    config = peft.LoraConfig(r=4, target_modules="all-linear", exclude_modules=["lm_head"])
    trainer = ObjectiveTrainer(
        load_policy("bundled"),
        objective=grpo(kl=0.1),
        reward_funcs=as_reward_function(CountdownVerifier()),
        args=settings(tmp_path, learning_rate=1e-2),
        train_dataset=countdown(),
        processing_class=load_tokenizer("bundled"),
        peft_config=config,
    )
    trainer.train()
    kl = [point["loss/reference_kl"] for point in trainer.state.log_history if "loss/reference_kl" in point]
    # Adapters begin as nothing: no distance from the policy without them, and some after a step.
    assert kl[0] == pytest.approx(0.0, abs=1e-7) and min(kl[1:]) > 1e-5


SUMS = [{"prompt": f"{a}+1=", "solution": str(a + 1)} for a in range(8)]


def test_maths_is_a_reward_function_and_says_why_in_the_table_of_completions(tmp_path):
    import pandas as pd

    maths = as_reward_function(Maths())
    try:
        trained(grpo(), tmp_path, maths, Dataset.from_list(SUMS), log_completions=True, max_steps=1)
        prompts, texts = ["1+1="] * 3, ["it is \\boxed{2.0}", "\\boxed{3}", "\\boxed{\\frac{4}{2}}"]
        assert maths(prompts, texts, solution=["2"] * 3) == [1.0, 0.0, 1.0]
        turns = [[{"role": "assistant", "content": text}] for text in texts]
        asked = [[{"role": "user", "content": "1+1="}]] * 3
        assert maths(asked, turns, solution=[2, 2, 2]) == [1.0, 0.0, 1.0]
    finally:
        maths.close()
    (table,) = (tmp_path / "completions").glob("*.parquet")
    rows = pd.read_parquet(table)
    assert len(rows) == GROUP * PROMPTS and (rows[f"{maths.__name__}_reason"].str.len() > 0).all()
    # Advantages of the table are the objective's: of uniform groups 0.
    assert rows["advantage"].abs().max() == 0 or rows[maths.__name__].nunique() > 1


class Unsure(CountdownVerifier):
    """Cannot tell of longer responses whose characters have an even sum."""

    name = "unsure"

    def verify(self, prompt, response):
        verdict = super().verify(prompt, response)
        return replace(verdict, outcome="undecided") if len(response) > 6 and sum(map(ord, response)) % 2 == 0 else verdict


def test_an_undecided_completion_has_no_reward_and_is_no_wrong_one(tmp_path):
    unsure = as_reward_function(Unsure())
    answer = Countdown(train_size=1, val_size=1, test_size=1).prompts("train")[0].answer
    columns = {name: [value] * 2 for name, value in answer.items()}
    assert unsure(["p", "p"], ["1+1+1+1", "1+1+1+2"], **columns) == [0.0, None]
    trainer = trained(grpo(), tmp_path, unsure)
    shares = [point["unsure/undecided"] for point in trainer.state.log_history if "unsure/undecided" in point]
    assert len(shares) == 3 and 0 < sum(shares) < 3
    last = trainer._buffered_inputs[0]["part"].experience
    given = trainer._given_rewards[trainer._buffered_inputs[0]["row"], 0]
    assert ((last.mask_BT.sum(1) == 0) == given.isnan()).all()  # not trained on, and not counted


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ({"loss_type": "dr_grpo"}, "loss_type='dr_grpo' beside an objective"),
        ({"scale_rewards": "none"}, r"scale_rewards='none' .*Centred\(\)"),
        ({"beta": 0.04}, r"beta=0.04 .*grpo\(kl=...\)"),
        ({"epsilon_high": 0.28}, r"epsilon_high=0.28 .*token_loss=ClippedSurrogate\(low, high\)"),
        ({"importance_sampling_level": "sequence"}, "gspo"),
        ({"top_entropy_quantile": 0.2}, "forking_tokens"),
        ({"use_adaptive_entropy": True}, "use_adaptive_entropy=True"),
        ({"multi_objective_aggregation": "normalize_then_sum"}, "Weighted"),
        ({"sync_ref_model": True, "beta": 0.0}, "sync_ref_model=True"),
        ({"steps_per_generation": 1, "gradient_accumulation_steps": 2}, "allowed: a multiple of it"),
    ],
)
def test_an_option_that_contradicts_the_objective_is_refused_by_name(option, words, tmp_path):
    with pytest.raises(InputError, match=words):
        trained(grpo(), tmp_path, **option)


@pytest.mark.parametrize(
    ("objective", "words"),
    [
        (replace(grpo(), correction=SequenceMask()), "SequenceMask.*use_vllm=True"),
        (dapo(), r"DropUniform draws up to 10 times.*max_draws=1"),
        (remax(), "compares with a greedy response to each prompt .*which TRL does not ask for"),
        (adaptive_entropy(grpo()), "EntropyControl remembers .*TRL's checkpoints have no place for it"),
        (real(), "GroupClassification is a loss of whole groups, and TRL cuts groups up"),
        ("simko", "objective is 'simko'"),
    ],
)
def test_an_objective_that_wants_what_trl_has_not_is_refused(objective, words, tmp_path):
    with pytest.raises(InputError, match=words):
        trained(objective, tmp_path)


def test_of_several_rewards_one_is_named_as_the_truth(tmp_path):
    def short(completions, **_):
        return [-float(len(text)) for text in completions]

    def right(completions, **_):
        return [1.0] * len(completions)

    with pytest.raises(InputError, match="Of the reward functions short, right none says what is correct; write truth='short'"):
        trained(grpo(), tmp_path, [short, right])
    trainer = trained(grpo(), tmp_path, [short, as_reward_function(CountdownVerifier())], reward_weights=[0.1, 1.0])
    assert trainer._truth == 1


def test_several_rewards_are_normalised_each_with_trls_weights(tmp_path):
    def short(completions, **_):
        return [-float(len(text)) for text in completions]

    rewards = [short, as_reward_function(CountdownVerifier())]
    trainer = trained(gdpo(), tmp_path, rewards, reward_weights=[0.5, 1.0], max_steps=1)
    given = trainer._given_rewards.double().view(PROMPTS, GROUP, 2)
    scaled = (given - given.mean(1, keepdim=True)) / (given.std(1, keepdim=True) + 1e-4)
    sums_B = (scaled * torch.tensor([0.5, 1.0])).sum(-1).flatten()
    expected_B = sums_B / (sums_B.std() + 1e-4)
    part = trainer._buffered_inputs[0]["part"]
    found_B = part.experience.advantages_BT[:, 0].double()
    torch.testing.assert_close(found_B, expected_B[part.rows_B], rtol=0, atol=1e-5)


def test_a_verifier_of_whole_groups_and_a_missing_column_are_refused():
    with pytest.raises(InputError, match="changes the verdicts of whole groups"):
        as_reward_function(RandomReward(CountdownVerifier()))
    with pytest.raises(InputError, match=r"no column 'solutoin'.*Nearest: solution"):
        as_reward_function(CountdownVerifier(), gold="solutoin")(["p"], ["r"], solution=["1"])
