"""Options of prime-rl (559b4477), shown in the docs; its files are not read by `translate`."""

from __future__ import annotations

from asym_lit.commands.translate.options import Option

PRIME_RL: tuple[Option, ...] = (
    Option("algo.type = grpo", "with_parts(estimator: Centred)", "no division by the standard deviation there", "part"),
    Option("algo.type = max_rl", "max_rl", "0 where the mean is not above 0 there", "part"),
    Option("algo.type = rae", "", "a moving baseline for each agent", "none"),
    Option("algo.type = opd, opsd, sft, echo", "", "distillation", "none"),
    Option(
        "trainer.loss.type = default", "dppo(tv, 0.2, 0.2, cap: null, anchor: rollout, tether: kl_tau)", "with Centred", "part"
    ),
    Option(
        "trainer.loss.type = ipo", "dppo(two_sided: true, cap: null, anchor: rollout, tether: kl_tau)", "with Centred", "part"
    ),
    Option("length_penalty", "dapo(overlong_buffer)", "another form", "part"),
    Option("orchestrator.batch_size", "data.init_args.prompts_per_step", "rollouts there, prompts here", "part"),
    Option("orchestrator.rollouts_per_example", "data.init_args.sampling.n"),
    Option("orchestrator.sampling.max_tokens", "data.init_args.sampling.max_tokens"),
    Option("orchestrator.sampling.temperature", "data.init_args.sampling.temperature"),
    Option("max_steps", "data.init_args.rollout_steps"),
    Option("trainer.optim.lr", "model.init_args.optimizer.init_args.lr"),
    Option("max_async_level", "", "strictly on-policy", "none"),
)
