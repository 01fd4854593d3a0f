"""What the `momentum-*` language models share.

Shapes: B batch, T tokens, D width, H heads, d = D / H head size, V characters.
"""
import math

import torch
import torch.nn as nn

from common.text import ALPHABET

LONGEST = 128


class CausalAttention(nn.Module):
    def __init__(self, d, heads):
        super().__init__()
        self.heads = heads
        self.q_proj = nn.Linear(d, d)
        self.k_proj = nn.Linear(d, d)
        self.v_proj = nn.Linear(d, d)
        self.out_proj = nn.Linear(d, d)

    def split(self, x):  # (B, T, D) -> (B, H, T, d)
        return x.view(x.size(0), x.size(1), self.heads, -1).transpose(1, 2)

    def forward(self, x):  # (B, T, D)
        B, T, D = x.shape
        q, k, v = self.split(self.q_proj(x)), self.split(self.k_proj(x)), self.split(self.v_proj(x))
        scores = torch.matmul(q, k.transpose(-1, -2)) / math.sqrt(D // self.heads)  # (B, H, T, T)
        past = torch.ones(T, T, dtype=torch.bool, device=x.device).tril()
        weights = torch.softmax(scores.masked_fill(~past, -1e9), dim=-1)
        return self.out_proj(torch.matmul(weights, v).transpose(1, 2).reshape(B, T, D))


def feed_forward(d):
    """The usual two-layer network, four times as wide inside."""
    return nn.Sequential(nn.Linear(d, 4 * d), nn.GELU(), nn.Linear(4 * d, d))


class LanguageModel(nn.Module):
    """Character ids [B, T], T up to 128, to logits [B, T, V]. A subclass sets `self.layers` and says how to run through them."""

    def __init__(self, d):
        super().__init__()
        self.embed = nn.Embedding(len(ALPHABET), d)
        self.position = nn.Embedding(LONGEST, d)
        self.norm = nn.LayerNorm(d)
        self.head = nn.Linear(d, len(ALPHABET), bias=False)
        self.head.weight = self.embed.weight
        nn.init.normal_(self.embed.weight, std=0.05)
        nn.init.normal_(self.position.weight, std=0.05)

    def run(self, x, ids):  # (B, T, D), (B, T) -> (B, T, D)
        for layer in self.layers:
            x = layer(x)
        return x

    def forward(self, ids):
        x = self.embed(ids) + self.position(torch.arange(ids.size(1), device=ids.device))
        return self.head(self.norm(self.run(x, ids)))
