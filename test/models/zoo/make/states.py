"""Attention without softmax: sums, states, filters, and what stands around them."""
import torch
import torch.nn as nn
import torch.nn.functional as F
from onnx import TensorProto, helper

from recording import Builder, export, graph

X = torch.randn(2, 5, 16)
FREE = {'x': {0: 'batch', 1: 'seq'}}


class Heads(nn.Module):
    def __init__(self, width=16, heads=4):
        super().__init__()
        self.heads = heads
        self.q, self.k, self.v, self.out = (nn.Linear(width, width) for _ in range(4))

    def split(self, x):
        return x.view(x.shape[0], x.shape[1], self.heads, -1).transpose(1, 2)

    def parts(self, x):
        return self.split(self.q(x)), self.split(self.k(x)), self.split(self.v(x))

    def join(self, mixed):
        return self.out(mixed.transpose(1, 2).flatten(2))

    def forward(self, x):
        return self.join(self.mix(x, *self.parts(x)))


def phi(x):
    return F.elu(x) + 1


@graph
def linear_masked():
    class Masked(Heads):
        def mix(self, x, q, k, v):
            past = torch.ones(x.shape[1], x.shape[1]).tril()
            weights = torch.matmul(phi(q), phi(k).transpose(-1, -2)) * past
            return torch.matmul(weights, v) / (weights.sum(-1, keepdim=True) + 1e-6)

    return export(Masked(), (X,), ['x'], axes=FREE, opset=14)


@graph
def linear_folded():
    """All keys and values folded into one state first; nothing is hidden."""

    class Folded(Heads):
        def mix(self, x, q, k, v):
            q, k = phi(q), phi(k)
            state = torch.matmul(k.transpose(-1, -2), v)
            total = torch.matmul(q, k.sum(2).unsqueeze(-1))
            return torch.matmul(q, state) / (total + 1e-6)

    return export(Folded(), (X,), ['x'], axes=FREE, opset=14)


@graph
def linear_running_sum():
    class Running(Heads):
        def mix(self, x, q, k, v):
            q, k = phi(q), phi(k)
            state = torch.cumsum(k.unsqueeze(-1) * v.unsqueeze(-2), dim=2)
            return torch.einsum('bhtd,bhtde->bhte', q, state)

    return export(Running(), (X,), ['x'], axes=FREE, opset=14)


@graph
def retention_with_decay():
    """The further back, the less: a mask of powers instead of a softmax."""

    class Decaying(Heads):
        def __init__(self):
            super().__init__()
            self.rate = nn.Parameter(torch.linspace(0.1, 0.9, 4))

        def mix(self, x, q, k, v):
            places = torch.arange(x.shape[1], dtype=torch.float32)
            apart = places[:, None] - places[None, :]
            decay = torch.exp(-self.rate.view(4, 1, 1) * apart.clamp(min=0)) * (apart >= 0).float()
            return torch.matmul(torch.matmul(q, k.transpose(-1, -2)) * 0.5 * decay, v)

    return export(Decaying(), (X,), ['x'], axes=FREE, opset=14)


@graph
def gated_convolution():
    class Gated(nn.Module):
        def __init__(self):
            super().__init__()
            self.proj, self.conv = nn.Linear(16, 16), nn.Conv1d(16, 16, 3, groups=16, padding=2)

        def forward(self, x):
            return self.conv(x.transpose(1, 2))[:, :, : x.shape[1]].transpose(1, 2) * self.proj(x)

    return export(Gated(), (X,), ['x'], axes=FREE)


def softmax_heads(module, q, k, v):
    past = torch.ones(q.shape[2], q.shape[2], dtype=torch.bool).tril()
    scores = (torch.matmul(q, k.transpose(-1, -2)) / 2).masked_fill(~past, -1e9)
    return torch.matmul(scores.softmax(-1), v)


@graph
def selective():
    """A selector says for each token how much of the attention it takes."""

    class Selective(Heads):
        def __init__(self):
            super().__init__()
            self.selector = nn.Linear(16, 1)

        def forward(self, x):
            return x + torch.sigmoid(self.selector(x)) * self.join(softmax_heads(self, *self.parts(x)))

    return export(Selective(), (X,), ['x'], axes=FREE)


@graph
def momentum():
    """The result moves a velocity, and the velocity the tokens."""

    class Momentum(nn.Module):
        def __init__(self):
            super().__init__()
            self.tokens, self.velocities = nn.Embedding(20, 16), nn.Embedding(20, 16)
            self.layers, self.norm = nn.ModuleList([Heads(), Heads()]), nn.LayerNorm(16)
            self.beta = nn.Parameter(torch.tensor(0.9))

        def forward(self, ids):
            x, v = self.tokens(ids), self.velocities(ids)
            for layer in self.layers:
                force = layer.join(softmax_heads(layer, *layer.parts(self.norm(x + 0.9 * v))))
                v = self.norm(self.beta * v + force)
                x = x + v
            return x

    return export(Momentum(), (torch.randint(0, 20, (2, 5)),), ['ids'], axes={'ids': {0: 'batch', 1: 'seq'}})


@graph
def hybrid_under_one_gate():
    class Hybrid(Heads):
        def __init__(self):
            super().__init__()
            self.mixer = nn.Linear(16, 2)

        def mix(self, x, q, k, v):
            past = torch.ones(x.shape[1], x.shape[1]).tril()
            folded = torch.matmul(torch.matmul(phi(q), phi(k).transpose(-1, -2)) * past, v)
            w = self.mixer(x).softmax(-1).unsqueeze(1)
            return w[..., 0:1] * softmax_heads(self, q, k, v) + w[..., 1:2] * folded

    return export(Hybrid(), (X,), ['x'], axes=FREE)


@graph
def superposed():
    """Two inputs bound with keys of plus and minus one share one attention; the same keys unbind the result."""

    class Superposed(Heads):
        def __init__(self):
            super().__init__()
            self.register_buffer('keys', torch.randn(1, 2, 1, 1, 4).sign())

        def forward(self, x):
            pairs = [part.view(-1, 2, *part.shape[1:]) for part in self.parts(x)]
            q, k, v = ((part * self.keys).sum(1) for part in pairs)
            mixed = softmax_heads(self, q, k, v).unsqueeze(1) * self.keys
            return self.join(mixed.flatten(0, 1))

    return export(Superposed(), (X,), ['x'])


def scan(rule):
    """A Scan whose state [H, K, V] changes token by token."""
    b = Builder()
    shape = {'q': [4, 4], 'k': [4, 4], 'v': [4, 4], 'a': [4], 'b': [4]}

    def column(name):
        return b.node('Unsqueeze', [name, b.constant([-1])])

    def row(name):
        return b.node('Unsqueeze', [name, b.constant([-2])])

    state, value = 'state', 'v'
    if 'gated' in rule:
        state = b.node('Mul', [state, column(column('a'))])
    if 'delta' in rule:
        answer = b.node('ReduceSum', [b.node('Mul', [state, column('k')]), b.constant([-2])], keepdims=0)
        value = b.node('Mul', [b.node('Sub', ['v', answer]), column('b')])
    b.nodes.append(helper.make_node('Add', [state, b.node('Mul', [column('k'), row(value)])], ['state_out']))
    b.nodes.append(helper.make_node('ReduceSum', [b.node('Mul', ['state_out', column('q')]), b.constant([-2])], ['o'], keepdims=0))
    used = ['q', 'k', 'v'] + (['a'] if 'gated' in rule else []) + (['b'] if 'delta' in rule else [])
    body = b.graph({'state': ([4, 4, 4],), **{n: (shape[n],) for n in used}}, {'state_out': ([4, 4, 4],), 'o': ([4, 4],)}, 'body')
    outer = Builder()
    inputs = {f'{n}s': ([6, *shape[n]],) for n in used}
    start = outer.constant([[[0.0] * 4] * 4] * 4)
    _, out = outer.node('Scan', [start, *inputs], 2, name='tokens', body=body, num_scan_inputs=len(used))
    return outer.model(inputs, {out: ([6, 4, 4],)})


@graph
def scan_linear():
    return scan('linear')


@graph
def scan_gated():
    return scan('gated')


@graph
def scan_delta():
    return scan('delta')


@graph
def scan_gated_delta():
    return scan('gated_delta')


@torch.jit.script
def recurrence(q, k, v, g):
    """Gated linear attention token by token; scripted, so that it is exported as a Loop."""
    state = torch.zeros([q.size(0), q.size(1), q.size(3), v.size(3)])
    outs = []
    for t in range(q.size(2)):
        state = state * g[:, :, t].exp().unsqueeze(-1).unsqueeze(-1) + k[:, :, t].unsqueeze(-1) * v[:, :, t].unsqueeze(-2)
        outs.append((state * q[:, :, t].unsqueeze(-1)).sum(-2))
    return torch.stack(outs, dim=2)


@graph
def loop_gated():
    class Recurrent(Heads):
        def __init__(self):
            super().__init__()
            self.gate = nn.Linear(16, 4)

        def mix(self, x, q, k, v):
            return recurrence(q, k, v, F.logsigmoid(self.gate(x)).transpose(1, 2))

    return export(Recurrent(), (X,), ['x'], axes=FREE, opset=14)


@graph
def no_recurrence_of_cells():
    """A Scan with gates but without an outer product: a light recurrent network."""
    b = Builder()
    kept = b.node('Mul', ['f', 'c'])
    new = b.node('Mul', [b.node('Sub', [b.constant(1.0), 'f']), 'x'])
    b.nodes.append(helper.make_node('Add', [kept, new], ['c_out']))
    b.nodes.append(helper.make_node('Tanh', ['c_out'], ['y']))
    body = b.graph({'c': ([4],), 'f': ([4],), 'x': ([4],)}, {'c_out': ([4],), 'y': ([4],)}, 'body')
    outer = Builder()
    _, out = outer.node('Scan', [outer.constant([0.0] * 4), 'fs', 'xs'], 2, body=body, num_scan_inputs=2)
    return outer.model({'fs': ([6, 4],), 'xs': ([6, 4],)}, {out: ([6, 4],)})
