"""The trained policy on the Hugging Face hub, with a card. What the card says is in `reports/model_card.py`."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import yaml
from lightning.pytorch import Callback, LightningModule, Trainer
from typing_extensions import override

from asym_lit.lit.last_words import last_words
from asym_lit.lit.module import PolicyModule
from asym_lit.loggers.run_place import run_folder
from asym_lit.reports.model_card import model_card
from asym_lit.run_folder.paths import CARD, CONFIG, EXPORT, PASS_AT_K, whole_checkpoints
from asym_lit.run_folder.writing import write_atomically
from asym_lit.types import InputError


class PushToHub(Callback):
    """Uploads the last checkpoint's Hugging Face directory when a `fit` ends, with a model card; `--push_to_hub` adds it.

    A push that fails costs no training: the card is in the directory, and the run says with which command to send both.

    Args:
        repo: `owner/name`, or a name under one's own account.
        private: Whether a repository that is made for it is private.
    """

    def __init__(self, repo: str, private: bool = True) -> None:
        from huggingface_hub.errors import HFValidationError
        from huggingface_hub.utils import validate_repo_id  # type: ignore[attr-defined]

        try:
            validate_repo_id(repo)
        except HFValidationError as fault:
            raise InputError(f"push_to_hub is {repo!r}; allowed: owner/name, such as me/simko-countdown ({fault}).") from fault
        self.repo, self.private = repo, private
        self._folder = Path()

    @override
    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        self._folder = run_folder(trainer)
        if stage == "fit" and trainer.is_global_zero:
            check_can_push()

    @override
    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        assert isinstance(pl_module, PolicyModule)
        if not trainer.is_global_zero or not (found := whole_checkpoints(self._folder)):
            return
        from huggingface_hub import HfApi

        export, console = found[-1] / EXPORT, last_words(trainer)
        self._write_card(export, pl_module)
        try:
            api = HfApi()
            repo = api.create_repo(self.repo, private=self.private, exist_ok=True).repo_id
            api.upload_folder(repo_id=repo, folder_path=export, commit_message=f"{pl_module.rollout_step} rollout steps")
        except Exception as fault:  # of a network there are many kinds; the policy is on the disk
            words = shlex.join(["hf", "upload", self.repo, str(export)])
            why = " ".join(str(fault).split())[:300]
            console.print(f"Not pushed      {type(fault).__name__}: {why}", highlight=False, markup=False, soft_wrap=True)
            console.print(f"To push         {words}", highlight=False, markup=False, soft_wrap=True)
        else:
            console.print(f"Pushed          {repo}", highlight=False, markup=False, soft_wrap=True)

    def _write_card(self, export: Path, module: PolicyModule) -> None:
        config, measured = self._folder / CONFIG, self._folder / PASS_AT_K
        recipe = yaml.safe_load(config.read_text(encoding="utf-8")) if config.exists() else {}
        curves = json.loads(measured.read_text(encoding="utf-8")) if measured.exists() else {}
        card = model_card(self.repo, module.policy, module.rollout_step, recipe, curves)
        write_atomically(export / CARD, [card.rstrip("\n")])


def check_can_push() -> None:
    """Refuse a push that nobody may make, before anything is trained.

    Raises:
        InputError: If there is no token of the hub, or it is not to be asked.
    """
    from huggingface_hub import constants, get_token

    if constants.HF_HUB_OFFLINE:
        raise InputError(
            "push_to_hub is given, but HF_HUB_OFFLINE is set; take it out of the environment, or leave the push out."
        )
    if not get_token():
        raise InputError(
            "push_to_hub is given, but there is no token of the Hugging Face hub; write: hf auth login (or HF_TOKEN=...)."
        )
