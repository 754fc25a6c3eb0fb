"""Short stories that make a sum: words, steps, and how they are told. Splits and settings are in `word_problems`."""
