"""Long filters that a projection of the same input gates: Hyena and H3, by convolution and by Fourier transforms."""
import torch
import torch.nn as nn
import torch.nn.functional as F
from onnx import helper

from recording import Builder, export, graph


@graph
def long_filter_by_convolution():
    """Hyena: a filter made by a small network, as long as the sequence, turned round for Conv."""
    class Hyena(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner, self.out = nn.Linear(16, 48), nn.Linear(16, 16)
            self.short = nn.Conv1d(48, 48, 3, padding=2, groups=48)
            self.filter = nn.Sequential(nn.Linear(3, 8), nn.SiLU(), nn.Linear(8, 16))
            self.register_buffer('places', torch.randn(8, 3))
            self.register_buffer('window', torch.rand(8, 16))
            self.bias = nn.Parameter(torch.rand(16))

        def forward(self, x):
            x1, x2, v = self.short(self.inner(x).transpose(1, 2))[..., : x.shape[1]].split(16, dim=1)
            kernel = (self.filter(self.places) * self.window).transpose(0, 1)
            v = v * x2
            y = F.conv1d(F.pad(v, (7, 0)), kernel.flip(-1).unsqueeze(1), groups=16) + v * self.bias[:, None]
            return self.out((x1 * y).transpose(1, 2))

    return export(Hyena(), (torch.randn(2, 8, 16),), ['x'], axes={'x': {0: 'batch'}})


def spectrum(b, x, length):
    """`torch.fft.rfft(x, n=length)` of `[.., T]` as today's exporter writes it: real and imaginary part in an axis of their own."""
    opened = b.node('Unsqueeze', [x, b.constant([-1])])
    return b.node('DFT', [opened, b.constant(length)], axis=2, onesided=1)


def part(b, x, at):
    cut = b.node('Slice', [x, b.constant([at]), b.constant([at + 1]), b.constant([-1])])
    return b.node('Squeeze', [cut, b.constant([-1])])


def complex_product(b, x, y):
    (xr, xi), (yr, yi) = ([part(b, each, at) for at in (0, 1)] for each in (x, y))
    real = b.node('Sub', [b.node('Mul', [xr, yr]), b.node('Mul', [xi, yi])])
    imaginary = b.node('Add', [b.node('Mul', [xr, yi]), b.node('Mul', [xi, yr])])
    return b.node('Concat', [b.node('Unsqueeze', [each, b.constant([-1])]) for each in (real, imaginary)], axis=-1)


def by_spectra(gates):
    """`gate · irfft(rfft(v) · rfft(filter))` over `[B, D, T]`, T = 8."""
    b = Builder(3)
    turned = b.node('Transpose', [b.linear('x', 8, 24)], perm=[0, 2, 1])
    gate, key, v = b.node('Split', [turned, b.constant([8, 8, 8])], outputs=3, axis=1)
    v = b.node('Mul', [key, v]) if gates else b.node('Add', [b.node('Add', [key, v]), gate])
    kernel = b.node('Unsqueeze', [b.weight(8, 8), b.constant([0])])
    product = complex_product(b, spectrum(b, v, 16), spectrum(b, kernel, 16))
    back = b.node('DFT', [product, b.constant(16)], axis=2, inverse=1)
    real = b.node('Slice', [part(b, back, 0), b.constant([0]), b.constant([8]), b.constant([2])])
    y = b.node('Add', [real, b.node('Mul', [v, b.weight(8, 1)])])
    if gates:
        y = b.node('Mul', [gate, y])
    turned = b.node('Transpose', [y], perm=[0, 2, 1])
    b.nodes.append(helper.make_node('MatMul', [turned, b.weight(8, 8)], ['output'], 'out'))
    return b.model({'x': (['batch', 8, 8],)}, {'output': (['batch', 8, 8],)}, opset=17)


@graph
def long_filter_by_spectra():
    return by_spectra(True)


@graph
def no_gate_after_a_long_filter():
    return by_spectra(False)
