"""Logical ANDs computed in superposition (Adler and Shavit, arXiv 2409.15318): more of them than there are neurons.

A sparse Boolean vector y of m features reaches the network only compressed, `x = C y` with n < m numbers. Output p is the
AND of a pair of features and lives on a channel S_p, a few random neurons that it shares with others. One matrix
`W = R D` decompresses with D and wires both members of each pair to the neurons of its channel with R; R and D exist
only in the analysis, the network has nothing but W.

    h = ReLU(W x - 1);   output p is on if the mean of h over S_p is above 1/2

The second layer takes h itself as its compressed input: the channels are the code, and the mean over a channel the
decompression. B batch, n neurons.
"""
import torch
import torch.nn as nn
import torch.nn.functional as F


class SuperposedLayer(nn.Module):
    """`counts` [n, n] are small whole numbers, kept as int8: W is `scale` times them."""

    def __init__(self, counts, scale):
        super().__init__()
        self.register_buffer('counts', torch.as_tensor(counts, dtype=torch.int8))
        self.scale = scale

    def forward(self, x):  # (B, n)
        return F.relu(F.linear(x, self.counts.float() * self.scale) - 1)


class NextCode(nn.Module):
    """From the neurons of one layer to the input of the next: a steep step at 1/2, and the mean taken off."""

    def forward(self, h):  # (B, n)
        on = (2 * h - 0.5).clamp(0, 1)
        return on - on.mean(-1, keepdim=True)


class Model(nn.Module):
    """Compressed features x [B, n] to the neurons of both layers, each [B, n]."""

    def __init__(self, counts, scales):
        super().__init__()
        self.first = SuperposedLayer(counts[0], scales[0])
        self.next_code = NextCode()
        self.second = SuperposedLayer(counts[1], scales[1])

    def forward(self, x):
        h = self.first(x)
        return h, self.second(self.next_code(h))


class TrainedModel(nn.Module):
    """The same task for a network that finds its own code: x [B, n] to neurons [B, n] and one score for each output [B, m']."""

    def __init__(self, n, outputs):
        super().__init__()
        self.hidden = nn.Linear(n, n)
        self.read_out = nn.Linear(n, outputs)

    def forward(self, x):
        h = F.relu(self.hidden(x))
        return h, self.read_out(h)
