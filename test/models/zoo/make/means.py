"""Running means: states that a sum of their own weights divides, in loops, unrolled and one token at a time."""
import torch
import torch.nn as nn
import torch.nn.functional as F

from recording import export, graph
from states import FREE, X


class Rwkv4(nn.Module):
    """RWKV-4's time mixing; `mean` gets the rate, the bonus, keys and values `[B, T, C]`."""

    def __init__(self, mean):
        super().__init__()
        self.mean = mean
        self.key, self.value, self.receptance, self.output = (nn.Linear(16, 16, bias=False) for _ in range(4))
        self.rate, self.bonus = nn.Parameter(torch.rand(16)), nn.Parameter(torch.rand(16))
        self.now = nn.Parameter(torch.rand(1, 1, 16))
        self.shift = nn.ZeroPad2d((0, 0, 1, -1))

    def forward(self, x):
        x = x * self.now + self.shift(x) * (1 - self.now)
        mixed = self.mean(self.rate, self.bonus, self.key(x), self.value(x))
        return self.output(torch.sigmoid(self.receptance(x)) * mixed)


def rwkv4_turns(rate, bonus, keys, values):
    """As transformers computes it without its kernel, unrolled by the trace."""
    out, rate = torch.zeros_like(keys), -torch.exp(rate)
    above, below, largest = torch.zeros_like(keys[:, 0]), torch.zeros_like(keys[:, 0]), torch.zeros_like(keys[:, 0]) - 1e38
    for t in range(keys.size(1)):
        k, v = keys[:, t], values[:, t]
        top = torch.maximum(largest, k + bonus)
        old, own = torch.exp(largest - top), torch.exp(k + bonus - top)
        out[:, t] = (old * above + own * v) / (old * below + own)
        top = torch.maximum(largest + rate, k)
        old, own = torch.exp(largest + rate - top), torch.exp(k - top)
        above, below, largest = old * above + own * v, old * below + own, top
    return out


@torch.jit.script
def rwkv4_steps(rate, bonus, keys, values):
    above = torch.zeros_like(keys[:, 0])
    below = torch.zeros_like(keys[:, 0])
    largest = torch.zeros_like(keys[:, 0]) - 1e38
    outs = []
    for t in range(keys.size(1)):
        k, v = keys[:, t], values[:, t]
        top = torch.maximum(largest, k + bonus)
        old, own = torch.exp(largest - top), torch.exp(k + bonus - top)
        outs.append((old * above + own * v) / (old * below + own))
        top = torch.maximum(largest + rate, k)
        old, own = torch.exp(largest + rate - top), torch.exp(k - top)
        above, below, largest = old * above + own * v, old * below + own, top
    return torch.stack(outs, dim=1)


@graph
def unrolled_rwkv_4():
    return export(Rwkv4(rwkv4_turns), (torch.randn(2, 3, 16),), ['x'], axes={'x': {0: 'batch'}})


@graph
def loop_rwkv_4():
    return export(Rwkv4(rwkv4_steps), (X,), ['x'], axes=FREE, opset=14)


@graph
def step_of_rwkv_4():
    """One token of two layers; the three states of each stand in one tensor, as rwkv.cpp and its kin keep them."""
    class Token(nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding, self.head = nn.Embedding(20, 16), nn.Linear(16, 20)
            self.layers = nn.ModuleList([Rwkv4(None) for _ in range(2)])

        def forward(self, ids, states):
            x, after = self.embedding(ids)[0], []
            for at, layer in enumerate(self.layers):
                above, below, largest = states[3 * at], states[3 * at + 1], states[3 * at + 2]
                r, k, v = torch.sigmoid(layer.receptance(x)), layer.key(x), layer.value(x)
                top = torch.maximum(largest, layer.bonus + k)
                old, own = torch.exp(largest - top), torch.exp(layer.bonus + k - top)
                mixed = (old * above + own * v) / (old * below + own)
                top = torch.maximum(largest + layer.rate, k)
                old, own = torch.exp(largest + layer.rate - top), torch.exp(k - top)
                after += [old * above + own * v, old * below + own, top]
                x = x + layer.output(r * mixed)
            return self.head(x), torch.stack(after)

    return export(Token(), (torch.tensor([3]), torch.randn(6, 16)), ['ids', 'states'], outputs=('logits', 'states_out'))


@graph
def step_of_retention():
    """RetNet with the running size that keeps its state in range: what is written is divided by it."""
    class Retention(nn.Module):
        def __init__(self):
            super().__init__()
            self.q, self.k, self.v, self.gate, self.out = (nn.Linear(16, 16, bias=False) for _ in range(5))
            self.register_buffer('rate', torch.log(1 - 2.0 ** (-5 - torch.arange(4.0))))

        def forward(self, x, state, size):
            q, k = (part.view(-1, 1, 4, 4).transpose(1, 2) for part in (self.q(x), self.k(x) * 0.5))
            v = self.v(x).view(-1, 4, 4, 1)
            decay = self.rate.view(1, 4, 1, 1).exp()
            after = size * decay + 1
            state = state * (size.sqrt() * decay / after.sqrt()) + k * v / after.sqrt()
            mixed = (q * state).sum(3).reshape(-1, 1, 16)
            return self.out(F.silu(self.gate(x)) * mixed), state, after

    args = (torch.randn(2, 1, 16), torch.randn(2, 4, 4, 4), torch.ones(2, 4, 1, 1))
    axes = {name: {0: 'batch'} for name in ('x', 'state', 'size')}
    return export(Retention(), args, ['x', 'state', 'size'], outputs=('y', 'state_out', 'size_out'), axes=axes, opset=14)
