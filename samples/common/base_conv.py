"""BaseConv, the gated convolution of Zoology (arXiv 2312.04927, section 4): `y = conv(u) * (W u + b)`.

The filter is the same for every input, so content only acts through the product with the second factor.
"""
import math

import torch
import torch.nn as nn

from common.layers import ShortConv


class LongConv(ShortConv):
    """The same causal filter over many tokens: trains by Fourier transform, which has no ONNX form, and runs as one Conv."""

    def forward(self, x):  # (B, T, D)
        if not self.training:
            return super().forward(x)
        size = x.size(1) + self.conv.weight.size(-1)
        response = torch.fft.rfft(self.conv.weight[:, 0].flip(-1).t(), size, dim=0)  # (size / 2 + 1, D)
        y = torch.fft.irfft(torch.fft.rfft(x, size, dim=1) * response, size, dim=1)
        return y[:, : x.size(1)] + self.conv.bias


class BaseConv(nn.Module):
    """`kernel` tokens are seen; the residual is the block's."""

    def __init__(self, d, kernel):
        super().__init__()
        self.proj = nn.Linear(d, d)
        self.filter = LongConv(d, kernel)
        nn.init.normal_(self.filter.conv.weight, std=1 / math.sqrt(kernel))

    def forward(self, u):  # (B, T, D)
        return self.filter(u) * self.proj(u)
