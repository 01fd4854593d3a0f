"""Linear attention with the feature map elu + 1 (arXiv 2006.16236) and a short convolution.

What it can recall is limited by its state, H x d x d numbers, however long the sequence is.
Shapes: B batch, T tokens, D width, H heads, d = D / H head size.
"""
import torch.nn as nn
import torch.nn.functional as F

from common.layers import RecallModel, ResidualBlock, ShortConv
from common.linear_attention import causal_linear_attention


class EluLinearAttention(nn.Module):
    def __init__(self, d, heads, key_size):
        super().__init__()
        self.heads = heads
        self.short_conv = ShortConv(d)
        self.q_proj = nn.Linear(d, heads * key_size)
        self.k_proj = nn.Linear(d, heads * key_size)
        self.v_proj = nn.Linear(d, d)
        self.out_proj = nn.Linear(d, d)

    def split(self, x):  # (B, T, H * d) -> (B, H, T, d)
        return x.view(x.size(0), x.size(1), self.heads, -1).transpose(1, 2)

    def feature_map(self, x):
        return F.elu(x) + 1.0

    def forward(self, x):  # (B, T, D)
        B, T, D = x.shape
        x = x + self.short_conv(x)
        phi_q = self.feature_map(self.split(self.q_proj(x)))  # (B, H, T, d)
        phi_k = self.feature_map(self.split(self.k_proj(x)))
        v = self.split(self.v_proj(x))
        mixed = causal_linear_attention(phi_q, phi_k, v)
        return self.out_proj(mixed.transpose(1, 2).reshape(B, T, D))


class Block(ResidualBlock):
    def __init__(self, d, heads, key_size):
        super().__init__(d)
        self.mixer = EluLinearAttention(d, heads, key_size)


class Model(RecallModel):
    def __init__(self, vocab=256, d=64, heads=2, layers=2, key_size=32):
        super().__init__(vocab, d)
        self.layers = nn.ModuleList([Block(d, heads, key_size) for _ in range(layers)])
        self.state_elements = layers * heads * key_size * (d // heads + 1)
