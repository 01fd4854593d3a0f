"""What all recall models share, so that a sample's `model.py` shows only how it mixes tokens.

Shapes: B batch, T tokens, D width, k kernel.
"""
import torch
import torch.nn as nn


class ShortConv(nn.Module):
    """Causal depthwise convolution over time: each channel sees its own last k tokens."""

    def __init__(self, d, k=4):
        super().__init__()
        self.conv = nn.Conv1d(d, d, k, groups=d, padding=k - 1)

    def forward(self, x):  # (B, T, D)
        y = self.conv(x.transpose(1, 2))  # (B, D, T + k - 1)
        return y[:, :, : x.size(1)].transpose(1, 2)  # (B, T, D)


class ResidualBlock(nn.Module):
    """Pre-norm block. A subclass sets `self.mixer`, the layer that moves information between tokens."""

    def __init__(self, d, expand=2):
        super().__init__()
        self.norm1 = nn.LayerNorm(d)
        self.norm2 = nn.LayerNorm(d)
        self.mlp = nn.Sequential(nn.Linear(d, expand * d), nn.GELU(), nn.Linear(expand * d, d))

    def forward(self, x):  # (B, T, D)
        x = x + self.mixer(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class RecallModel(nn.Module):
    """Token ids to logits, with the embedding tied to the output. A subclass sets `self.layers`."""

    def __init__(self, vocab, d):
        super().__init__()
        self.embed = nn.Embedding(vocab, d)
        self.norm = nn.LayerNorm(d)
        self.head = nn.Linear(d, vocab, bias=False)
        self.head.weight = self.embed.weight
        nn.init.normal_(self.embed.weight, std=0.1)

    def embedded(self, ids):  # (B, T) -> (B, T, D)
        return self.embed(ids)

    def hidden(self, ids):  # (B, T) -> (B, T, D)
        x = self.embedded(ids)
        for layer in self.layers:
            x = layer(x)
        return self.norm(x)

    def forward(self, ids):  # (B, T) -> (B, T, V)
        return self.head(self.hidden(ids))


class RMSNorm(nn.Module):
    """Divide by the root mean square over the last axis, then scale each channel."""

    def __init__(self, d, eps=1e-6):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(d))
        self.eps = eps

    def forward(self, x):
        return x * torch.rsqrt((x * x).mean(-1, keepdim=True) + self.eps) * self.weight


def unit(x, eps=1e-6):
    """Scale the last axis to length 1."""
    return x * torch.rsqrt((x * x).sum(-1, keepdim=True) + eps)
