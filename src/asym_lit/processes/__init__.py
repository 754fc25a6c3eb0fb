"""Processes: small jobs in some that cannot hang who asks for them; signals that ask this one to end; those of one job, which
watch over each other.

What the jobs are, and what is done when one is lost, is for others to say.
"""
