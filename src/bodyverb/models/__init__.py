"""Torch networks, one file an architecture."""
