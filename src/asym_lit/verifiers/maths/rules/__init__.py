"""Rules that see through the ways in which one answer can be written."""
