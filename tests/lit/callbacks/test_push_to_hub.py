"""A push to the hub, which is a stand-in here."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import huggingface_hub
import pytest
from huggingface_hub import constants

from asym_lit.lit.callbacks import PushToHub
from asym_lit.types import InputError


class Hub:
    """Keeps what it is sent."""

    fault: Exception | None = None
    sent: list[tuple[str, bool, set[str], str]]

    def create_repo(self, repo_id, *, private, exist_ok):
        if self.fault:
            raise self.fault
        self.private = private
        return SimpleNamespace(repo_id=f"me/{repo_id}" if "/" not in repo_id else repo_id)

    def upload_folder(self, *, repo_id, folder_path, commit_message):
        names = {path.name for path in Path(folder_path).iterdir()}
        Hub.sent.append((repo_id, self.private, names, (Path(folder_path) / "README.md").read_text()))


@pytest.fixture
def hub(monkeypatch):
    monkeypatch.setattr(Hub, "sent", [], raising=False)
    monkeypatch.setattr(huggingface_hub, "HfApi", Hub)
    monkeypatch.setattr(huggingface_hub, "get_token", lambda: "a token")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    return Hub


def test_the_last_checkpoint_is_sent_with_a_card_of_recipe_and_pass_at_k(fit, hub, capsys):
    fit("grpo", "--data.rollout_steps", "2", "--push_to_hub", "small")
    ((repo, private, names, card),) = hub.sent
    assert (repo, private) == ("me/small", True)
    assert {"model.safetensors", "config.json", "tokenizer.json", "README.md"} <= names
    assert "## pass@k of countdown, validation" in card and "after 2 steps" in card
    assert "rollout_steps: 2" in card
    assert "Pushed          me/small" in capsys.readouterr().out


def test_a_push_that_fails_costs_no_training_and_says_how_to_send_it(fit, hub, monkeypatch, capsys):
    monkeypatch.setattr(hub, "fault", ConnectionError("no route"))
    run = fit("grpo", "--data.rollout_steps", "1", "--push_to_hub", "me/small")
    said = capsys.readouterr().out
    assert "Not pushed      ConnectionError: no route" in said
    assert f"hf upload me/small {run}/checkpoints/step_000001/huggingface" in said
    assert '"finished"' in (run / "run.json").read_text()


def test_a_push_without_a_token_is_refused_before_training(fit, hub, monkeypatch, tmp_path):
    monkeypatch.setattr(huggingface_hub, "get_token", lambda: None)
    with pytest.raises(SystemExit, match="no token of the Hugging Face hub; write: hf auth login"):
        fit("grpo", "--push_to_hub", "me/small")
    assert list(tmp_path.iterdir()) == []


def test_a_push_is_refused_where_the_hub_is_not_to_be_asked(fit, hub, monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(SystemExit, match="HF_HUB_OFFLINE is set"):
        fit("grpo", "--push_to_hub", "me/small")


def test_what_cannot_be_a_repository_is_refused():
    with pytest.raises(InputError, match="push_to_hub is 'a/b/c'; allowed: owner/name"):
        PushToHub("a/b/c")
