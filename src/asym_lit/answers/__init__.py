"""Answers of mathematics, read whole and compared: the same, different for a reason with a name, or it cannot be told.

Which of them earns a reward is the verifiers' business.
"""
