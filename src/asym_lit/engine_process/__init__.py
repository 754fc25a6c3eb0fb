"""The embedded engine in a process of its own, so that it writes while the policy is updated.

How it samples is in `rollout/hf_engine.py`.
"""

from asym_lit.engine_process.engine import ProcessEngine

__all__ = ["ProcessEngine"]
