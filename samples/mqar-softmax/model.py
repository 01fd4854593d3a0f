"""Softmax attention with a short convolution, two layers: the model that solves associative recall.

Shapes: B batch, T tokens, D width, H heads, d = D / H head size, V vocabulary.
"""
import math

import torch
import torch.nn as nn

from common.layers import RecallModel, ResidualBlock, ShortConv


class SoftmaxAttention(nn.Module):
    """Causal multi-head attention. The convolution lets a value's position see the key that stands before it."""

    def __init__(self, d, heads):
        super().__init__()
        self.heads = heads
        self.head_size = d // heads
        self.short_conv = ShortConv(d)
        self.q_proj = nn.Linear(d, d)
        self.k_proj = nn.Linear(d, d)
        self.v_proj = nn.Linear(d, d)
        self.out_proj = nn.Linear(d, d)

    def split(self, x):  # (B, T, D) -> (B, H, T, d)
        B, T, _ = x.shape
        return x.view(B, T, self.heads, self.head_size).transpose(1, 2)

    def forward(self, x):  # (B, T, D)
        B, T, D = x.shape
        x = x + self.short_conv(x)
        q = self.split(self.q_proj(x))  # (B, H, T, d)
        k = self.split(self.k_proj(x))
        v = self.split(self.v_proj(x))

        scores = torch.matmul(q, k.transpose(-1, -2)) / math.sqrt(self.head_size)  # (B, H, T, T)
        past = torch.ones(T, T, dtype=torch.bool, device=x.device).tril()
        scores = scores.masked_fill(~past, -1e9)
        weights = torch.softmax(scores, dim=-1)  # rows sum to 1
        mixed = torch.matmul(weights, v)  # (B, H, T, d)

        return self.out_proj(mixed.transpose(1, 2).reshape(B, T, D))


class Block(ResidualBlock):
    def __init__(self, d, heads):
        super().__init__(d)
        self.mixer = SoftmaxAttention(d, heads)


class Model(RecallModel):
    def __init__(self, vocab=256, d=64, heads=2, layers=2):
        super().__init__(vocab, d)
        self.layers = nn.ModuleList([Block(d, heads) for _ in range(layers)])
