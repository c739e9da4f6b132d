"""Generators of random numbers."""

import hashlib

import torch


def make_generator(seed: int, purpose: str) -> torch.Generator:
    """A generator for one purpose, independent of the seed's generators for other purposes."""
    digest = hashlib.sha256(f"{purpose} {seed}".encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:7]))
