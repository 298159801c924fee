"""A Report -> files."""
