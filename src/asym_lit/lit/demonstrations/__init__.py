"""Training by demonstrations: how the bundled policy and the judge are made. Nothing here knows of rollouts."""
