"""The linear attention of Based (arXiv 2402.18668): features are the Taylor series of the exponential up to second order.

With `s = q.k / sqrt(d')` the product of two feature vectors is `1 + s + s^2 / 2`, close to softmax's `exp(s)`, and still a sum
that fits a state of fixed size: H x (1 + d' + d'^2) x d numbers.
Shapes: B batch, T tokens, D width, H heads, d = D / H value size, d' key size before the feature map.
"""
import math

import torch
import torch.nn as nn

from common.layers import RecallModel, ResidualBlock, ShortConv
from common.linear_attention import causal_linear_attention


class TaylorFeatures(nn.Module):
    def forward(self, x):  # (..., d') -> (..., 1 + d' + d'^2)
        size = x.size(-1)
        squares = (x.unsqueeze(-1) * x.unsqueeze(-2)).flatten(-2)
        return torch.cat([torch.ones_like(x[..., :1]), x / size**0.25, squares / math.sqrt(2 * size)], dim=-1)


class BasedAttention(nn.Module):
    def __init__(self, d, heads, key_size):
        super().__init__()
        self.heads = heads
        self.short_conv = ShortConv(d)
        self.feature_map = TaylorFeatures()
        self.q_proj = nn.Linear(d, heads * key_size)
        self.k_proj = nn.Linear(d, heads * key_size)
        self.v_proj = nn.Linear(d, d)
        self.out_proj = nn.Linear(d, d)

    def split(self, x):  # (B, T, H * d) -> (B, H, T, d)
        return x.view(x.size(0), x.size(1), self.heads, -1).transpose(1, 2)

    def forward(self, x):  # (B, T, D)
        B, T, D = x.shape
        x = x + self.short_conv(x)
        phi_q = self.feature_map(self.split(self.q_proj(x)))  # (B, H, T, 1 + d' + d'^2)
        phi_k = self.feature_map(self.split(self.k_proj(x)))
        v = self.split(self.v_proj(x))
        mixed = causal_linear_attention(phi_q, phi_k, v)
        return self.out_proj(mixed.transpose(1, 2).reshape(B, T, D))


class Block(ResidualBlock):
    def __init__(self, d, heads, key_size):
        super().__init__(d)
        self.mixer = BasedAttention(d, heads, key_size)


class Model(RecallModel):
    def __init__(self, vocab=256, d=64, heads=2, layers=2, key_size=8):
        super().__init__(vocab, d)
        self.layers = nn.ModuleList([Block(d, heads, key_size) for _ in range(layers)])
        self.state_elements = layers * heads * (1 + key_size + key_size**2) * (d // heads + 1)
