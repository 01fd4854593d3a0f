"""The layers of the recall samples with states of different sizes, and softmax attention that sees only a window.

The state is what a layer must keep of the past to go on: `H K V` numbers for the recurrent ones (and `H K` for a
denominator), the keys and values of `w - 1` tokens for a window of w. Counted over both layers.
"""
import importlib.util
import math
import pathlib

import torch
import torch.nn as nn

from common.layers import RecallModel, ResidualBlock, ShortConv

SAMPLES = pathlib.Path(__file__).resolve().parents[1]


def of_sample(name):
    """The `model.py` of another sample, whose folder has a dash in its name."""
    spec = importlib.util.spec_from_file_location(name.replace('-', '_'), SAMPLES / name / 'model.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class WindowAttention(nn.Module):
    def __init__(self, d, heads, window):
        super().__init__()
        self.heads = heads
        self.window = window
        self.short_conv = ShortConv(d)
        self.qkv = nn.Linear(d, 3 * d)
        self.out_proj = nn.Linear(d, d)

    def forward(self, x):  # (B, T, D)
        B, T, D = x.shape
        q, k, v = self.qkv(x + self.short_conv(x)).view(B, T, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        scores = torch.matmul(q, k.transpose(-1, -2)) / math.sqrt(D // self.heads)
        seen = torch.ones(T, T, dtype=torch.bool, device=x.device).tril().triu(1 - self.window)
        weights = torch.softmax(scores.masked_fill(~seen, -1e9), dim=-1)
        return self.out_proj(torch.matmul(weights, v).transpose(1, 2).reshape(B, T, D))


class WindowBlock(ResidualBlock):
    def __init__(self, d, heads, window):
        super().__init__(d)
        self.mixer = WindowAttention(d, heads, window)


class WindowModel(RecallModel):
    def __init__(self, window, vocab=256, d=64, heads=2, layers=2):
        super().__init__(vocab, d)
        self.layers = nn.ModuleList([WindowBlock(d, heads, window) for _ in range(layers)])
        self.state_elements = layers * 2 * d * (window - 1)


KINDS = {
    'gated-delta': (lambda size: of_sample('mqar-gated-delta').Model(key_size=size), (8, 16, 32), 4e-3),
    'based': (lambda size: of_sample('mqar-based').Model(key_size=size), (2, 4, 8), 2e-3),
    'linear': (lambda size: of_sample('mqar-linear').Model(key_size=size), (4, 16, 64), 2e-3),
    'window': (WindowModel, (8, 16, 32), 2e-3),
}
