"""Verifiers: what decides whether a response is right."""

from asym_lit.verifiers.symbolic import Symbolic

__all__ = ["Symbolic"]
