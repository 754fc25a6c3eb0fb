"""The judge: a language model that is asked about what a rule rejects, and what keeps it honest."""
