"""Processes that do small jobs and cannot hang who asks for them. What the jobs are is for others to say."""
