"""The policy module: on-policy exactness, and a loss that does not depend on how a batch is cut up."""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch import Callback, Trainer

from asym_lit.lit import PolicyModule, RolloutDataModule
from asym_lit.lit.callbacks import VerifierReward
from asym_lit.objectives import Objective, ace, dapo, dr_grpo, grpo, simko
from asym_lit.policy.loading import load_tokenizer, locate
from asym_lit.tasks import Countdown, CountdownVerifier
from asym_lit.types import InputError, Rollout, RolloutBatch, Sampling, TokenScores, Verdict, VerifierError
from asym_lit.types import Outcome as Is

TASK = Countdown(train_size=64, val_size=4, test_size=4)


class Recorder(Callback):
    """Keeps what a step computed: the batch, and the gradients of each update before clipping."""

    def __init__(self) -> None:
        self.batches: list[RolloutBatch] = []
        self.gradients: list[dict[str, torch.Tensor]] = []

    def on_before_optimizer_step(self, trainer: Trainer, pl_module: Any, optimizer: Any) -> None:
        self.gradients.append({n: p.grad.clone() for n, p in pl_module.named_parameters() if p.grad is not None})

    def on_train_batch_end(self, trainer: Trainer, pl_module: Any, outputs: Any, batch: RolloutBatch, batch_idx: int) -> None:
        self.batches.append(batch)


def train(
    objective: Objective, steps: int = 1, n: int = 4, verifier: Any = None, more: tuple[Callback, ...] = (), **settings: Any
) -> tuple[Recorder, PolicyModule, Trainer]:
    recorder = Recorder()
    data = RolloutDataModule(TASK, Sampling(n=n, max_tokens=24), rollout_steps=steps, prompts_per_step=4)
    module = PolicyModule(objective, **{"optimizer": lambda p: torch.optim.SGD(p, lr=0.1), "max_grad_norm": 0, **settings})
    trainer = Trainer(
        accelerator="cpu",
        max_epochs=1,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        limit_val_batches=0,
        callbacks=[VerifierReward(verifier or CountdownVerifier(), max_undecided=1.0), *more, recorder],
    )
    trainer.fit(module, data)
    return recorder, module, trainer


def test_the_first_importance_ratio_of_every_rollout_step_is_one() -> None:
    """Against old log-probs computed apart, one response at a time, from full logits; in fp64, so that 1e-6 means 1e-6."""
    gaps: dict[int, float] = {}
    separate: dict[str, torch.Tensor] = {}

    class Watch(Callback):
        def on_fit_start(self, trainer: Trainer, pl_module: Any) -> None:
            pl_module.scorer.double()
            loss = pl_module.objective.loss

            def spy(scores: TokenScores, experience: Any, counts: Any) -> Any:
                if separate:
                    ours = scores.logprobs_BT.detach().sum(-1).tolist()
                    apart = [value.sum().item() for value in separate.values()]
                    gaps[pl_module.rollout_step] = max(min(abs(math.exp(a - b) - 1) for b in apart) for a in ours)
                    separate.clear()
                return loss(scores, experience, counts)

            object.__setattr__(pl_module.objective, "loss", spy)

        def on_train_batch_start(self, trainer: Trainer, pl_module: Any, batch: RolloutBatch, batch_idx: int) -> None:
            separate.update({str(i): separate_logprobs(pl_module, r) for i, r in enumerate(batch.rollouts)})

    train(grpo(), steps=3, more=(Watch(),), inner_epochs=2)
    assert gaps.keys() == {0, 1, 2}
    assert max(gaps.values()) <= 1e-6


def separate_logprobs(module: PolicyModule, rollout: Rollout) -> torch.Tensor:
    ids = torch.tensor([[*rollout.prompt.token_ids, *rollout.token_ids]])
    with torch.no_grad():
        logprobs = module.scorer.model(ids).logits.log_softmax(-1)[0, len(rollout.prompt.token_ids) - 1 : -1]
    return logprobs.gather(-1, ids[0, len(rollout.prompt.token_ids) :, None]).squeeze(-1)


def test_old_log_probs_are_those_of_the_first_update_to_the_last_bit() -> None:
    first: dict[int, float] = {}

    class Watch(Callback):
        def on_train_batch_start(self, trainer: Trainer, pl_module: Any, batch: RolloutBatch, batch_idx: int) -> None:
            loss = type(pl_module.objective).loss

            def spy(scores: TokenScores, experience: Any, counts: Any) -> Any:
                ratio_BT = pl_module.objective.ratio(scores, experience)
                gap = float(((ratio_BT - 1) * experience.mask_BT).abs().max().detach())
                first.setdefault(batch.step, gap)
                return loss(pl_module.objective, scores, experience, counts)

            object.__setattr__(pl_module.objective, "loss", spy)

    for shares in (True, False):
        first.clear()
        _, module, _ = train(grpo(), steps=3, more=(Watch(),), mini_batches=2, max_micro_batch_tokens=150, share_prompts=shares)
        assert module.scorer.shares_prompts == shares
        assert first.keys() == {0, 1, 2}
        assert max(first.values()) == 0.0


def test_engine_and_trainer_agree_on_what_was_sampled() -> None:
    recorder, _, _ = train(grpo(), steps=3, n=8)
    for batch in recorder.batches:
        assert batch.experience is not None and batch.experience.old_logprobs_BT is not None
        assert batch.scored_B is not None and batch.scored_B.any()
        gap_BT = (batch.experience.sampler_logprobs_BT - batch.experience.old_logprobs_BT)[batch.scored_B]
        assert float(gap_BT.abs().max()) <= 1e-4


@pytest.mark.parametrize(
    "objective",
    [grpo(kl=0.1), dr_grpo(max_tokens=24), dapo(max_draws=2), simko(), ace(grpo())],
    ids=["grpo", "dr_grpo", "dapo", "simko", "ace"],
)
def test_gradients_do_not_depend_on_the_token_budget(objective: Objective) -> None:
    budgets = [train(objective, max_micro_batch_tokens=budget)[0].gradients[0] for budget in (75, 150, 300)]
    for other in budgets[1:]:
        assert other.keys() == budgets[0].keys()
        for name, gradient in budgets[0].items():
            assert torch.allclose(other[name], gradient, rtol=0, atol=1e-6), name
    assert max(float(g.abs().max()) for g in budgets[0].values()) > 1e-3


def test_gradients_are_clipped_to_the_norm() -> None:
    norms = []

    class Watch(Callback):
        def on_before_optimizer_step(self, trainer: Trainer, pl_module: Any, optimizer: Any) -> None:
            squares = [p.grad.square().sum() for p in pl_module.parameters() if p.grad is not None]
            norms.append(float(torch.stack(squares).sum().sqrt()))

    train(grpo(), more=(Watch(),), max_grad_norm=0.01)
    assert norms == [pytest.approx(0.01, rel=1e-3)]


def test_inner_epochs_and_mini_batches_make_that_many_optimizer_steps() -> None:
    recorder, module, trainer = train(grpo(), steps=2, inner_epochs=3, mini_batches=2)
    assert trainer.global_step == 2 * 3 * 2
    assert module.rollout_step == 2
    assert [batch.rollouts[0].policy_version for batch in recorder.batches] == [0, 6]


def test_the_learning_rate_warms_up_and_falls_by_optimizer_steps() -> None:
    rates = []

    class Watch(Callback):
        def on_before_optimizer_step(self, trainer: Trainer, pl_module: Any, optimizer: Any) -> None:
            rates.append(optimizer.param_groups[0]["lr"])

    train(grpo(), steps=4, mini_batches=2, warmup_steps=2, schedule="linear", more=(Watch(),))
    # Rises over 2 of 8 steps to 0.1, then falls in sixths.
    assert rates == pytest.approx([0, 0.05, 0.1, 0.5 / 6, 0.4 / 6, 0.3 / 6, 0.2 / 6, 0.1 / 6])


class Sphinx:
    """Decides nothing about some responses."""

    name = "sphinx"

    def __init__(self, undecided: Callable[[Rollout], bool]) -> None:
        self.undecided, self.plain = undecided, CountdownVerifier()

    def verify(self, prompt: Any, response: str) -> Verdict:
        if self.undecided(response):  # type: ignore[arg-type]
            return Verdict(Is.UNDECIDED, self.name, "riddle")
        return self.plain.verify(prompt, response)

    def self_test(self) -> None:
        self.plain.self_test()


def test_undecided_rollouts_have_no_advantage_and_no_weight() -> None:
    recorder, _, _ = train(grpo(), n=8, verifier=Sphinx(lambda response: "*" in response))  # type: ignore[arg-type]
    experience = recorder.batches[0].experience
    assert experience is not None and experience.advantages_BT is not None and experience.old_logprobs_BT is not None
    assert 0 < int(experience.valid_B.sum()) < len(experience.valid_B)
    assert not experience.advantages_BT[~experience.valid_B].any()
    assert not experience.old_logprobs_BT[~experience.valid_B].any(), "not even scored"


def test_a_step_without_a_single_verdict_leaves_the_weights_alone() -> None:
    recorder, _, trainer = train(grpo(), verifier=Sphinx(lambda response: True))
    assert trainer.global_step == 0
    assert recorder.gradients == []


def test_dynamic_sampling_replaces_uniform_groups() -> None:
    recorder, _, _ = train(dapo(max_draws=6), n=4)
    batch = recorder.batches[0]
    assert batch.drawn > 4, "some of the first four groups were uniform"
    assert len(batch.rollouts) == 16
    assert len(batch.discarded) == (batch.drawn - 4) * 4
    for group, kept in zip(batch.groups, batch.kept, strict=True):
        outcomes = {rollout.verdict.outcome for rollout in group if rollout.verdict}
        assert kept == (len(outcomes) == 2)


def test_the_reference_stays_where_the_policy_began() -> None:
    recorder, module, _ = train(grpo(kl=0.1), steps=2)
    first, second = (batch.experience for batch in recorder.batches)
    assert first is not None and second is not None
    assert torch.equal(first.reference_logprobs_BT, first.old_logprobs_BT)  # type: ignore[arg-type]
    assert not torch.equal(second.reference_logprobs_BT, second.old_logprobs_BT)  # type: ignore[arg-type]
    assert not [name for name in module.state_dict() if "reference" in name]


def test_no_reference_is_loaded_where_nothing_needs_one() -> None:
    _, module, _ = train(grpo())
    assert module._reference == []


def test_a_verifier_that_fails_its_self_test_stops_the_run_before_it_starts() -> None:
    class Broken(CountdownVerifier):
        def verify(self, prompt: Any, response: str) -> Verdict:
            return Verdict(Is.CORRECT, self.name, "anything goes")

    with pytest.raises(RuntimeError, match="called '6\\+3' for '2,3,6=9:' correct, not incorrect"):
        train(grpo(), verifier=Broken())


def test_too_many_undecided_rollouts_stop_the_run() -> None:
    data = RolloutDataModule(TASK, Sampling(n=4, max_tokens=24), rollout_steps=1, prompts_per_step=4)
    trainer = Trainer(
        accelerator="cpu", max_epochs=1, logger=False, enable_checkpointing=False, enable_progress_bar=False,
        limit_val_batches=0, callbacks=[VerifierReward(Sphinx(lambda response: True), max_undecided=0.5)],
    )  # fmt: skip
    with pytest.raises(RuntimeError, match=r"100% of the rollouts of step 0 are undecided; allowed: 50%.*riddle"):
        trainer.fit(PolicyModule(grpo()), data)


def test_a_verifier_that_crashes_stops_the_run_and_is_no_reward_of_zero() -> None:
    class Crashing(CountdownVerifier):
        calls = 0

        def verify(self, prompt: Any, response: str) -> Verdict:
            self.calls += 1
            if self.calls > 10:
                raise ZeroDivisionError("a bug in a verifier")
            return super().verify(prompt, response)

    with pytest.raises(
        VerifierError, match=r"'countdown' raised ZeroDivisionError on a response to .*: a bug in a verifier"
    ) as told:
        train(grpo(), verifier=Crashing())
    assert isinstance(told.value.__cause__, ZeroDivisionError)


def test_gradient_checkpointing_changes_no_gradient() -> None:
    plain = train(simko())[0].gradients[0]
    recomputed = train(simko(), gradient_checkpointing=True)[0].gradients[0]
    for name, gradient in plain.items():
        assert torch.allclose(recomputed[name], gradient, atol=1e-7), name


def test_a_module_without_a_verifier_is_refused(tmp_path: Path) -> None:
    trainer = Trainer(accelerator="cpu", logger=False, enable_checkpointing=False, default_root_dir=tmp_path)
    with pytest.raises(ValueError, match="add the VerifierReward callback"):
        trainer.fit(PolicyModule(grpo()), RolloutDataModule(TASK))


def test_a_data_module_made_without_a_policy_has_the_tokenizer_of_the_one_that_is_trained(tmp_path: Path) -> None:
    """It kept the bundled one, whatever was trained: prompts in other ids, and no word of it."""
    tokenizer = load_tokenizer("bundled")
    tokenizer.add_tokens(["<more>"])
    shutil.copytree(locate("bundled"), tmp_path, dirs_exist_ok=True)
    tokenizer.save_pretrained(tmp_path)
    data = RolloutDataModule(TASK, Sampling(n=4, max_tokens=24), rollout_steps=1, prompts_per_step=4)
    settings: dict[str, Any] = {
        "logger": False,
        "enable_checkpointing": False,
        "enable_progress_bar": False,
        "limit_val_batches": 1,
    }
    for policy, vocabulary in ((str(tmp_path), 100), ("bundled", 99)):  # and that of the next one, if it is used again
        trainer = Trainer(accelerator="cpu", max_epochs=1, callbacks=[VerifierReward(CountdownVerifier())], **settings)
        trainer.validate(PolicyModule(grpo(), policy), data, verbose=False)
        assert (len(data.tokenizer), data.maker.keeper.policy) == (vocabulary, policy)


def test_another_policy_than_the_modules_is_refused(tmp_path: Path) -> None:
    shutil.copytree(locate("bundled"), tmp_path, dirs_exist_ok=True)
    trainer = Trainer(
        accelerator="cpu", logger=False, enable_checkpointing=False, callbacks=[VerifierReward(CountdownVerifier())]
    )
    with pytest.raises(InputError, match=r"has the tokenizer of 'bundled', and PolicyModule trains '.*'; leave policy out"):
        trainer.fit(PolicyModule(grpo(), str(tmp_path)), RolloutDataModule(TASK, policy="bundled"))


def test_an_entropy_bonus_reaches_the_weights() -> None:
    plain = train(grpo(token_mean=True))[0].gradients[0]
    rewarded = train(grpo(token_mean=True, entropy=0.1))[0].gradients[0]
    assert max(float((rewarded[name] - plain[name]).abs().max()) for name in plain) > 1e-3
