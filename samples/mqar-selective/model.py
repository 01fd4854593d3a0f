"""BaseConv and then attention for the tokens that ask for it: the input-dependent sparse attention of Zoology (arXiv 2312.04927).

A selector `f` in (0, 1) says for each position whether it may attend: its attention output is weighted by `f`, and dropped
where `f` is under one half. A budget in the loss keeps the mean of `f` low. Zoology instead keeps the k positions with the
largest `f` of the whole sequence, which lets later tokens decide for earlier ones.
Shapes: B batch, T tokens, D width, H heads, d = D / H.
"""
import math

import torch
import torch.nn as nn

from common.base_conv import BaseConv
from common.layers import RecallModel, ResidualBlock


class SelectiveAttention(nn.Module):
    def __init__(self, d, heads):
        super().__init__()
        self.heads = heads
        self.selector = nn.Linear(d, 1, bias=False)
        self.q_proj = nn.Linear(d, d)
        self.k_proj = nn.Linear(d, d)
        self.v_proj = nn.Linear(d, d)
        self.out_proj = nn.Linear(d, d)

    def split(self, x):  # (B, T, D) -> (B, H, T, d)
        return x.view(x.size(0), x.size(1), self.heads, -1).transpose(1, 2)

    def forward(self, x):  # (B, T, D)
        B, T, D = x.shape
        f = torch.sigmoid(self.selector(x))  # (B, T, 1)
        q, k, v = self.split(self.q_proj(x)), self.split(self.k_proj(x)), self.split(self.v_proj(x))
        scores = torch.matmul(q, k.transpose(-1, -2)) / math.sqrt(D // self.heads)  # (B, H, T, T)
        past = torch.ones(T, T, dtype=torch.bool, device=x.device).tril()
        weights = torch.softmax(scores.masked_fill(~past, -1e9), dim=-1)
        attended = self.out_proj(torch.matmul(weights, v).transpose(1, 2).reshape(B, T, D))
        return self.kept(f) * attended

    def kept(self, f):
        """`f` where it selects, else 0. In training the gradient is that of `f`, so that a dropped position can come back."""
        selected = f * (f > 0.5).to(f.dtype)
        if not self.training:
            return selected
        self.over_budget = torch.relu(f.mean() - f.size(1) ** -0.5)
        return f + (selected - f).detach()


class ConvBlock(ResidualBlock):
    def __init__(self, d, kernel):
        super().__init__(d)
        self.mixer = BaseConv(d, kernel)


class AttentionBlock(ResidualBlock):
    def __init__(self, d, heads):
        super().__init__(d)
        self.mixer = SelectiveAttention(d, heads)


class Model(RecallModel):
    def __init__(self, vocab=256, d=64, heads=2, kernel=3):
        super().__init__(vocab, d)
        self.layers = nn.ModuleList([ConvBlock(d, kernel), AttentionBlock(d, heads)])

    def extra_loss(self):
        """What Zoology adds to the loss: how far more than sqrt(T) of T positions are selected."""
        return 0.005 * self.layers[1].mixer.over_budget
