"""Bytes -> series and configuration."""
