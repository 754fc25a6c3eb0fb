"""Replay: what objectives would do to the same frozen rollouts, measured before anything is trained."""

from asym_lit.commands.replay.command import replay_command
from asym_lit.commands.replay.settings import Replay

__all__ = ["Replay", "replay_command"]
