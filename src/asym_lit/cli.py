"""The command line: LightningCLI with our classes at hand, interpolation that follows overrides, safe resuming, preflight."""

# ruff: noqa: E402
from __future__ import annotations

import gc

gc.disable()  # while torch, Lightning and transformers are imported: garbage collection costs 0.7 s of 6 and finds nothing

import os
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from jsonargparse import Namespace, set_parsing_settings
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch import LightningDataModule, LightningModule, Trainer
from lightning.pytorch.cli import LightningArgumentParser, LightningCLI
from lightning.pytorch.utilities import rank_zero_only
from rich.console import Console
from transformers.utils import logging as transformers_logging
from typing_extensions import override

# The first six so that short class names resolve: `--model PolicyModule`, `--trainer.callbacks+=Dynamics`.
import asym_lit.lit
import asym_lit.lit.callbacks
import asym_lit.rollout.vllm_engine
import asym_lit.rollout.vllm_servers
import asym_lit.tasks
import asym_lit.verifiers
from asym_lit.command_line import PlainErrors, allow_short_names, refused_by_lightning, told, verifier_option
from asym_lit.commands import check_command, overview, own_command
from asym_lit.commands.preflight import PreflightSettings, plan_of, run_preflight
from asym_lit.lit.threads import take_quickest
from asym_lit.loggers import settle_loggers, told_folder
from asym_lit.loggers.run_config import RunConfig
from asym_lit.loggers.run_place import decided_folder, show_folder, without_requeue
from asym_lit.objectives import Objective
from asym_lit.policy.thread_trial import HELP, Threads, set_threads
from asym_lit.processes.signals import let_it_end
from asym_lit.reports.escaping import visible
from asym_lit.run_folder.paths import check_writable, resolve_checkpoint, run_folder_of
from asym_lit.run_folder.place import check_place, without_false_starts
from asym_lit.types import InputError, RunStoppedError, VerifierError, check_sampling
from asym_lit.verifiers.functions.finding import for_imports

gc.freeze()  # what was imported stays; later collections need not look at it
gc.enable()


class _Parser(PlainErrors, LightningArgumentParser):
    """Usage in one line instead of all sixty options; `--help` shows those."""

    @override
    def print_usage(self, file: Any = None) -> None:
        print(f"usage: {self.prog} --config RECIPE [--config OVERLAY ...] [--KEY VALUE ...]", file=file)


class AsymLitCLI(LightningCLI):
    """`fit`, `validate`, `test` and `predict` from a recipe."""

    resumed: Path | None = None
    """Folder of the run that is gone on with."""

    @override
    def add_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        parser.add_argument("--threads", type=Threads, default=0, help=HELP)
        verifier_option.add_verifier_option(parser)
        parser.add_argument("--push_to_hub", type=str | None, default=None, help="owner/name: upload the trained policy there")
        parser.link_arguments("model.init_args.policy", "data.init_args.policy")
        parser.link_arguments("seed_everything", "data.init_args.seed")

    @override
    def before_instantiate_classes(self) -> None:
        config = self.config[self.subcommand] if self.subcommand else self.config
        set_threads(config.threads)
        verifier_option.place_verifier(config, asym_lit.lit.callbacks.VerifierReward)
        if repo := config.pop("push_to_hub", None):
            push = Namespace(class_path="asym_lit.lit.callbacks.PushToHub", init_args=Namespace(repo=repo, private=True))
            config.trainer.callbacks = [*(config.trainer.callbacks or []), push]
        for name in ("sampling", "evaluation"):
            check_sampling(f"data.{name}", config.get(f"data.init_args.{name}") or {})
        if "weights_only" in config and config.weights_only is None:
            config.weights_only = True  # a checkpoint holds tensors and plain types; nothing in it is executed
        if config.get("ckpt_path"):
            given, own = Path(config.ckpt_path), told_folder(config.trainer.logger) if self.subcommand == "fit" else None
            config.ckpt_path = resolve_checkpoint(config.ckpt_path, str(config.trainer.strategy), own)
            if config.ckpt_path is None and self.subcommand != "fit":
                raise InputError(f"The run in {given} ended before its first whole checkpoint, so there is nothing to measure.")
            folder = run_folder_of(config.ckpt_path) if config.ckpt_path else given
            self.resumed = folder if self.subcommand == "fit" else None
        settle_loggers(config.trainer.logger, Path(str((config.get("config") or ["run"])[0])).stem, self.resumed)

    def before_fit(self) -> None:
        """LightningCLI's hook: everything is built, nothing is loaded."""
        if self.config["fit"].threads == "auto":
            take_quickest(self.model, self.trainer, self.resumed)

    @override
    def instantiate_trainer(self, **kwargs: Any) -> Trainer:
        config = self._get(self.config_init, "trainer", default={})
        if own := without_requeue(config.get("default_root_dir") or "."):
            kwargs["plugins"] = [*(config.get("plugins") or []), *own]
        try:
            trainer = super().instantiate_trainer(**kwargs)
        except (ValueError, TypeError, MisconfigurationException) as fault:
            raise refused_by_lightning(fault) from fault
        if getattr(rank_zero_only, "rank", 0):  # a process beside the first: the run's folder is that one's business
            return trainer
        folder = decided_folder(trainer, self.resumed)
        show_folder(trainer, folder)
        check_writable(folder)
        if self.subcommand == "fit":
            check_place(folder, self.resumed)
        return trainer


class _PreflightCLI(AsymLitCLI):
    """`preflight`: takes what `fit` takes, builds the module and the data module, and runs nothing."""

    @override
    def add_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        super().add_arguments_to_parser(parser)
        parser.add_class_arguments(PreflightSettings, "preflight")

    @override
    def instantiate_trainer(self, **kwargs: Any) -> Any:
        return None  # its devices need not be here

    @override
    def _run_subcommand(self, subcommand: str) -> None:
        pass


def preflight(args: Sequence[str], console: Console | None = None) -> bool:
    """Estimate and check a run by the words that `fit` would be given; True if it may start."""
    cli = make_cli(["fit", *args], kind=_PreflightCLI)
    config, built = cli.config["fit"], cli.config_init["fit"]
    plan = plan_of(cli.model, cli.datamodule, built.trainer.callbacks or (), config.trainer, built.preflight)
    return run_preflight(plan, console or Console())


def make_cli(args: Sequence[str] | None = None, run: bool = True, kind: type[AsymLitCLI] = AsymLitCLI) -> AsymLitCLI:
    """The command line, parsed and built; and run, unless told otherwise.

    Args:
        args: Words after the program's name; None for those it was called with. Without `run`, no sub-command among them.
        run: False to build the trainer, the module and the data module and stop there.
        kind: Which command line.
    """
    set_parsing_settings(subclasses_enabled=[Objective], omegaconf_absolute_to_relative_paths=True)
    allow_short_names()
    return kind(
        LightningModule,
        LightningDataModule,
        subclass_mode_model=True,
        subclass_mode_data=True,
        auto_configure_optimizers=False,
        seed_everything_default=1,
        save_config_callback=RunConfig,
        save_config_kwargs={"overwrite": True, "save_to_log_dir": False},
        parser_class=_Parser,
        parser_kwargs={"parser_mode": "omegaconf+"},
        args=list(args) if args is not None else None,
        run=run,
    )


def main(args: Sequence[str] | None = None) -> None:
    """Run the command line by the words after the program's name; None for those it was called with."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")  # else it warns in each forked process
    transformers_logging.disable_progress_bar()  # else a bar per loaded or saved policy breaks up the one of training
    warnings.filterwarnings("ignore", message=".*LeafSpec.*")  # Lightning's own use of a deprecated torch function
    warnings.filterwarnings("ignore", message=".*LightningCLI's args parameter.*")  # ours are those of the command line
    warnings.filterwarnings("ignore", message="Experiment logs directory")  # of CSVLogger; `loggers/csv_files.py` sees to it
    words = sys.argv[1:] if args is None else list(args)
    for_imports(Path.cwd())  # classes of one's own
    if not words or words[0] in ("-h", "--help"):
        sys.stdout.write(overview())
        sys.exit(0 if words else 2)
    try:
        check_command(words)
        if command := own_command(words):
            command(words[1:])
        elif words[:1] == ["preflight"]:
            if not preflight(words[1:]):
                sys.exit(1)
        else:
            with without_false_starts():
                make_cli(args)
    except (ValueError, VerifierError, RunStoppedError, KeyboardInterrupt) as fault:
        said = told(fault)
        if said is None:
            raise
        let_it_end(fault)
        sys.exit(visible(said))
    finally:
        # Left standing, gloo's threads sometimes abort the exit of a process.
        if torch.distributed.is_available() and torch.distributed.is_initialized():
            torch.distributed.destroy_process_group()


if __name__ == "__main__":
    main(sys.argv[1:])
