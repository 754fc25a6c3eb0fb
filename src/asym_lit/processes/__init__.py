"""Processes that do small jobs and cannot hang who asks for them, and the signals that ask this one to end.

What the jobs are is for others to say.
"""
