"""Programs run against tests, in a sandbox, by supervisors that a program cannot reach.

The standard library alone, so that a supervisor starts in a few hundredths of a second. What is asked of a program in a
response, and what a verdict is worth, is the verifiers' business.
"""
