"""Our objectives and verifiers inside other trainers: adapters at the edge, of which nothing else knows.

`trl` and `verl` hold one each; neither library is needed unless its adapter is imported. Uses the wings alone.
"""
