"""Reinforcement learning with verifiable rewards, for those who care about exploration."""

__version__ = "0.1.0"
