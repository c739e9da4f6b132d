"""Streams of random numbers."""

import hashlib

import torch


def make_generator(seed: int, purpose: str) -> torch.Generator:
    """A stream of random numbers for one purpose: no other stream of the seed depends on it."""
    digest = hashlib.sha256(f"{purpose} {seed}".encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:7]))
