"""Gated DeltaNet (arXiv 2412.06464): a state that corrects itself, so that writing a key again replaces its value.

Shapes: B batch, T tokens, D width, H heads, K key size, V value size.
"""
import math

import torch
import torch.nn as nn
import torch.nn.functional as F

from common.gated_delta import LinearAttentionOp, chunked, recurrence
from common.layers import RecallModel, ResidualBlock, RMSNorm, ShortConv, unit


class GatedDeltaNet(nn.Module):
    """`form` chooses how the same numbers are computed: 'train' (parallel), 'loop' (token by token), 'fused' (one node)."""

    def __init__(self, d, heads, key_size):
        super().__init__()
        self.heads = heads
        self.key_size = key_size
        self.form = 'loop'
        self.q_proj = nn.Linear(d, heads * key_size, bias=False)
        self.k_proj = nn.Linear(d, heads * key_size, bias=False)
        self.v_proj = nn.Linear(d, d, bias=False)
        self.q_conv = ShortConv(heads * key_size)
        self.k_conv = ShortConv(heads * key_size)
        self.v_conv = ShortConv(d)
        self.alpha_proj = nn.Linear(d, heads, bias=False)
        self.beta_proj = nn.Linear(d, heads, bias=False)
        self.gate_proj = nn.Linear(d, d, bias=False)
        self.out_proj = nn.Linear(d, d, bias=False)
        self.out_norm = RMSNorm(d // heads)
        self.log_rate = nn.Parameter(torch.linspace(0.5, 2.0, heads).log())
        self.step_bias = nn.Parameter(torch.full((heads,), -4.0))

    def split(self, x):  # (B, T, H * K) -> (B, T, H, K)
        return x.view(x.size(0), x.size(1), self.heads, -1)

    def forward(self, x):  # (B, T, D)
        B, T, D = x.shape
        q = unit(self.split(F.silu(self.q_conv(self.q_proj(x)))))  # (B, T, H, K), each of length 1
        k = unit(self.split(F.silu(self.k_conv(self.k_proj(x)))))
        v = self.split(F.silu(self.v_conv(self.v_proj(x))))  # (B, T, H, V)
        beta = torch.sigmoid(self.beta_proj(x))  # (B, T, H), how much of the error is written
        g = -self.log_rate.exp() * F.softplus(self.alpha_proj(x) + self.step_bias)  # log of the decay

        o = self.remember(q, k, v, g, beta)  # (B, T, H, V)
        return self.out_proj(self.out_norm(o).reshape(B, T, D) * F.silu(self.gate_proj(x)))

    def remember(self, q, k, v, g, beta):
        if self.form == 'fused':
            packed = (x.flatten(2) for x in (q, k, v))
            return self.split(LinearAttentionOp.apply(*packed, g, beta, self.heads, self.key_size))
        by_head = [x.transpose(1, 2) for x in (q, k, v, g, beta)]  # (B, H, T, ...)
        if self.form == 'train':
            return chunked(*by_head, size=math.gcd(q.size(1), 32)).transpose(1, 2)
        return recurrence(*by_head)[0].transpose(1, 2)


class Block(ResidualBlock):
    def __init__(self, d, heads, key_size):
        super().__init__(d)
        self.mixer = GatedDeltaNet(d, heads, key_size)


class Model(RecallModel):
    def __init__(self, vocab=256, d=64, heads=2, layers=2, key_size=32):
        super().__init__(vocab, d)
        self.layers = nn.ModuleList([Block(d, heads, key_size) for _ in range(layers)])
        self.state_elements = layers * heads * key_size * (d // heads)
