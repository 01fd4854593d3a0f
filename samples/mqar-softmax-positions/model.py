"""Softmax attention without a convolution: positions are learned, and the first layer must find the previous token itself.

Written with one joint projection, einsum and an additive mask, as many models are.
Shapes: B batch, T tokens, D width, H heads, d = D / H head size, V vocabulary.
"""
import torch
import torch.nn as nn

from common.layers import RecallModel, ResidualBlock


class PlainAttention(nn.Module):
    def __init__(self, d, heads):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(d, 3 * d)
        self.out_proj = nn.Linear(d, d)

    def forward(self, x):  # (B, T, D)
        B, T, D = x.shape
        q, k, v = self.qkv(x).view(B, T, 3, self.heads, D // self.heads).unbind(2)  # (B, T, H, d)
        scores = torch.einsum('bqhd,bkhd->bhqk', q * (D // self.heads) ** -0.5, k)
        causal = torch.full((T, T), -1e4, device=x.device).triu(1)  # added, not filled
        weights = torch.softmax(scores + causal, dim=-1)  # (B, H, T, T)
        mixed = torch.einsum('bhqk,bkhd->bqhd', weights, v)
        return self.out_proj(mixed.reshape(B, T, D))


class Block(ResidualBlock):
    def __init__(self, d, heads):
        super().__init__(d)
        self.mixer = PlainAttention(d, heads)


class Model(RecallModel):
    def __init__(self, vocab=256, d=64, heads=2, layers=2, longest=256):
        super().__init__(vocab, d)
        self.position = nn.Embedding(longest, d)
        nn.init.normal_(self.position.weight, std=0.1)
        self.layers = nn.ModuleList([Block(d, heads) for _ in range(layers)])

    def embedded(self, ids):
        return self.embed(ids) + self.position(torch.arange(ids.size(1), device=ids.device))
