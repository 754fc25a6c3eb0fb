"""Functions as verifiers: where one is found, how it wants to be called, and how long it may take."""
