"""Sparse modular activation (SeqBoat, arXiv 2306.11197): a moving average for every token, attention among the active ones.

SeqBoat compacts the active tokens to a shorter sequence. Here they stay in place and a mask does the same, with the local
window counted in active tokens, so that the graph has no shape that depends on the data. Three things differ so that a
model this small learns to recall: the average is added to the token instead of replacing it, queries and keys have a
projection each instead of one between them, and the sum is not passed through SiLU once more.
Shapes: B batch, T tokens, D width, N averages a channel, Z query and key size.
"""
import math

import torch
import torch.nn as nn
import torch.nn.functional as F

from common.layers import RecallModel, ResidualBlock


class MovingAverage(nn.Module):
    """Damped exponential averages `h <- q h + p b x`, N a channel, summed with weights: a causal filter, cut after `reach` tokens."""

    def __init__(self, d, averages=4, reach=32):
        super().__init__()
        self.reach = reach
        self.delta = nn.Parameter(torch.randn(d, averages) * 0.5)
        self.alpha = nn.Parameter(torch.randn(d, averages) * 0.5)
        self.write = nn.Parameter(torch.randn(d, averages))
        self.read = nn.Parameter(torch.randn(d, averages))
        self.skip = nn.Parameter(torch.randn(d) * 0.5)

    def kernel(self):  # (D, 1, reach), the newest token last
        p = torch.sigmoid(self.delta)
        q = 1 - p * torch.sigmoid(self.alpha)
        age = torch.arange(self.reach - 1, -1, -1.0, device=p.device)
        response = (q.log().unsqueeze(-1) * age).exp()  # (D, N, reach)
        weight = p * self.write * self.read / math.sqrt(p.size(1))
        return (weight.unsqueeze(-1) * response).sum(1, keepdim=True)

    def forward(self, x):  # (B, T, D)
        y = F.conv1d(x.transpose(1, 2), self.kernel(), padding=self.reach - 1, groups=x.size(2))
        return y[:, :, : x.size(1)].transpose(1, 2) + self.skip * x


class SparseModularAttention(nn.Module):
    def __init__(self, d, key_size, window):
        super().__init__()
        self.window = window
        self.average = MovingAverage(d)
        self.selector = nn.Linear(d, 2)
        # all tokens start active: one that never was gets no gradient to become so
        nn.init.zeros_(self.selector.weight)
        self.selector.bias = nn.Parameter(torch.tensor([0.0, 1.0]))
        self.log_temperature = nn.Parameter(torch.tensor(math.log(0.3 * math.sqrt(d))))
        self.direct = nn.Linear(d, d)
        self.q_proj = nn.Linear(d, key_size)
        self.k_proj = nn.Linear(d, key_size)
        self.v_proj = nn.Linear(d, d)
        self.reset = nn.Linear(d, d)
        self.out_proj = nn.Linear(d, d)

    def visible(self, active):
        """1 where a query may see a key [B, T, T]: active ones, at most `window` active tokens back, and itself."""
        T = active.size(1)
        past = torch.ones(T, T, dtype=active.dtype, device=active.device).tril()
        count = torch.matmul(past, active.unsqueeze(-1))  # active tokens up to here
        near = (count - count.transpose(1, 2) < self.window).to(active.dtype)
        both = active.unsqueeze(2) * active.unsqueeze(1)
        itself = torch.eye(T, dtype=active.dtype, device=active.device)
        return past * near * both * (1 - itself) + itself

    def attend(self, q, k, v, active):
        """Softmax attention [B, T, D] over the visible keys."""
        scores = torch.matmul(q, k.transpose(-1, -2)) / math.sqrt(q.size(-1))  # (B, T, T)
        visible = self.visible(active)
        if not self.training:
            return torch.matmul(torch.softmax(scores.masked_fill(visible == 0, -1e9), dim=-1), v)
        # a multiplier of exp(score) instead of a mask, so that the selector learns what a key is worth to others
        e = (scores - scores.detach().amax(-1, keepdim=True)).exp() * visible
        return torch.matmul(e / (e.sum(-1, keepdim=True) + 1e-6), v)

    def forward(self, x):  # (B, T, D)
        m = x + self.average(x)
        p = (self.selector(m) / self.log_temperature.exp()).softmax(dim=-1)  # (B, T, 2)
        active = (p[..., 1] > p[..., 0]).to(x.dtype)  # (B, T)
        if self.training:
            # straight-through: a token that is not active can come back
            active = active + p[..., 1] - p[..., 1].detach()
        confidence = (active * p[..., 1]).unsqueeze(-1)  # 0 where not active

        h = self.attend(self.q_proj(m), self.k_proj(m), F.silu(self.v_proj(m)), active)
        h = self.out_proj(h * F.silu(self.reset(m)))
        return self.direct(m) + confidence * h


class Block(ResidualBlock):
    def __init__(self, d, key_size, window):
        super().__init__(d)
        self.mixer = SparseModularAttention(d, key_size, window)


class Model(RecallModel):
    def __init__(self, vocab=256, d=64, layers=2, key_size=32, window=64):
        super().__init__(vocab, d)
        self.layers = nn.ModuleList([Block(d, key_size, window) for _ in range(layers)])
