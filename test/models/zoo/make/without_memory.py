"""Graphs in which nothing attends, though they have gates, states and filters."""
import torch
import torch.nn as nn
import torch.nn.functional as F
from onnx import helper

from recording import Builder, export, graph
from without import Calls, X, linear

SEQ = {'x': {0: 'batch', 1: 'seq'}}
SOUND = torch.randn(2, 8, 12)


@torch.jit.script
def lstm_steps(x, wx, wh, b):
    h = torch.zeros([x.size(0), wh.size(0)])
    c = torch.zeros([x.size(0), wh.size(0)])
    outs = []
    for t in range(x.size(1)):
        i, f, g, o = (torch.matmul(x[:, t], wx) + torch.matmul(h, wh) + b).chunk(4, dim=-1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        h = torch.sigmoid(o) * torch.tanh(c)
        outs.append(h)
    return torch.stack(outs, dim=1)


@torch.jit.script
def gru_steps(x, wx, wh):
    h = torch.zeros([x.size(0), wh.size(0)])
    outs = []
    for t in range(x.size(1)):
        xr, xz, xn = torch.matmul(x[:, t], wx).chunk(3, dim=-1)
        hr, hz, hn = torch.matmul(h, wh).chunk(3, dim=-1)
        z = torch.sigmoid(xz + hz)
        h = (1 - z) * torch.tanh(xn + torch.sigmoid(xr + hr) * hn) + z * h
        outs.append(h)
    return torch.stack(outs, dim=1)


@torch.jit.script
def moving_average(x, rate):
    """An exponential moving average of each channel."""
    mean = torch.zeros([x.size(0), x.size(2)])
    outs = []
    for t in range(x.size(1)):
        mean = rate * mean + (1 - rate) * x[:, t]
        outs.append(mean)
    return torch.stack(outs, dim=1)


@torch.jit.script
def kalman_steps(z, a, h, noise, drift):
    """A filter whose covariance loses the outer product of a gain and a row of itself."""
    x = torch.zeros([4, 1])
    p = torch.eye(4)
    outs = []
    for t in range(z.size(0)):
        x = torch.matmul(a, x)
        p = torch.matmul(torch.matmul(a, p), a.t()) + drift
        gain = torch.matmul(p, h.t()) / (torch.matmul(torch.matmul(h, p), h.t()) + noise)
        x = x + gain * (z[t] - torch.matmul(h, x))
        p = p - torch.matmul(gain, torch.matmul(h, p))
        outs.append(x)
    return torch.stack(outs)


@torch.jit.script
def covariance(x):
    """Sums of outer products that nothing reads token by token."""
    total = torch.zeros([x.size(0), x.size(2), x.size(2)])
    for t in range(x.size(1)):
        total = total + x[:, t].unsqueeze(-1) * x[:, t].unsqueeze(-2)
    return total / x.size(1)


@torch.jit.script
def power_iteration(w, turns: int):
    """A vector multiplied with a matrix again and again."""
    u = torch.ones([w.size(0), w.size(1), 1])
    for _ in range(turns):
        u = torch.matmul(w, u)
        u = u / u.pow(2).sum(1, keepdim=True).sqrt()
    return u


@torch.jit.script
def ssm_diagonal(x, a, b, c):
    """S4D: a state space with fixed matrices: a filter, and nothing depends on the tokens."""
    h = torch.zeros([x.size(0), x.size(2), a.size(1)])
    outs = []
    for t in range(x.size(1)):
        h = a * h + b * x[:, t].unsqueeze(-1)
        outs.append((h * c).sum(-1))
    return torch.stack(outs, dim=1)


def weight(*shape):
    return nn.Parameter(torch.randn(*shape) * 0.3)


def with_weights(forward, **weights):
    model = Calls(forward)
    for name, value in weights.items():
        setattr(model, name, value)
    return model


@graph
def no_lstm_in_a_loop():
    model = with_weights(lambda m, x: lstm_steps(x, m.wx, m.wh, m.b), wx=weight(8, 24), wh=weight(6, 24), b=weight(24))
    return export(model, (X,), ['x'], axes=SEQ)


@graph
def no_gru_in_a_loop():
    return export(with_weights(lambda m, x: gru_steps(x, m.wx, m.wh), wx=weight(8, 18), wh=weight(6, 18)), (X,), ['x'], axes=SEQ)


@graph
def no_lstm_unrolled():
    def forward(m, x):
        h = c = torch.zeros(x.shape[0], 8)
        outs = []
        for t in range(5):
            h, c = m.cell(x[:, t], (h, c))
            outs.append(h)
        return torch.stack(outs, 1)

    return export(Calls(forward, cell=nn.LSTMCell(8, 8)), (X,), ['x'])


@graph
def no_gru_in_a_scan():
    b = Builder()
    gates = b.node('Sigmoid', [b.node('Add', [b.linear('x', 4, 8), b.linear('h', 4, 8)])])
    r, z = b.node('Split', [gates, b.constant([4, 4])], 2, axis=-1)
    new = b.node('Tanh', [b.node('Add', [b.linear('x', 4, 4), b.node('Mul', [r, b.linear('h', 4, 4)])])])
    kept = b.node('Mul', [z, 'h'])
    b.nodes.append(helper.make_node('Add', [kept, b.node('Mul', [b.node('Sub', [b.constant(1.0), z]), new])], ['h_out']))
    b.nodes.append(helper.make_node('Identity', ['h_out'], ['y']))
    body = b.graph({'h': ([2, 4],), 'x': ([2, 4],)}, {'h_out': ([2, 4],), 'y': ([2, 4],)}, 'body')
    outer = Builder()
    _, out = outer.node('Scan', [outer.constant([[0.0] * 4] * 2), 'xs'], 2, body=body, num_scan_inputs=1)
    return outer.model({'xs': ([6, 2, 4],)}, {out: ([6, 2, 4],)})


@graph
def no_moving_average_in_a_loop():
    return export(with_weights(lambda m, x: moving_average(x, m.rate.sigmoid()), rate=weight(8)), (X,), ['x'], axes=SEQ)


@graph
def no_moving_average_unrolled():
    def forward(m, x):
        mean, outs = x[:, 0], []
        for t in range(5):
            mean = m.rate.sigmoid() * mean + (1 - m.rate.sigmoid()) * x[:, t]
            outs.append(mean)
        return m.out(torch.stack(outs, 1))

    model = Calls(forward, out=linear(8, 4))
    model.rate = weight(8)
    return export(model, (X,), ['x'])


@graph
def no_kalman_filter():
    weights = {'a': weight(4, 4), 'h': weight(1, 4), 'noise': weight(1).abs(), 'drift': weight(4, 4)}
    weights = {name: nn.Parameter(value.detach()) for name, value in weights.items()}
    return export(with_weights(lambda m, z: kalman_steps(z, m.a, m.h, m.noise, m.drift), **weights), (torch.randn(6, 1),), ['z'], axes={'z': {0: 'seq'}})


@graph
def no_covariance_in_a_loop():
    return export(Calls(lambda m, x: m.out(covariance(m.inner(x))), inner=linear(8, 4), out=linear(4, 3)), (X,), ['x'], axes=SEQ)


@graph
def no_power_iteration():
    return export(Calls(lambda m, x: power_iteration(torch.matmul(x, x.transpose(1, 2)), 3)), (X,), ['x'])


@graph
def no_fixed_state_space():
    model = with_weights(lambda m, x: ssm_diagonal(x, m.a.sigmoid(), m.b, m.c), a=weight(8, 3), b=weight(8, 3), c=weight(8, 3))
    return export(model, (X,), ['x'], axes=SEQ)


@graph
def no_wavenet():
    """Dilated convolutions gated by tanh and sigmoid."""
    class Layer(nn.Module):
        def __init__(self, dilation):
            super().__init__()
            self.filter = nn.Conv1d(8, 16, 3, dilation=dilation, padding=2 * dilation)
            self.out, self.cut = nn.Conv1d(8, 8, 1), 2 * dilation

        def forward(self, x):
            a, b = self.filter(x)[:, :, : -self.cut].chunk(2, dim=1)
            return x + self.out(torch.tanh(a) * torch.sigmoid(b))

    return export(nn.Sequential(Layer(1), Layer(2)), (SOUND,), ['x'], axes={'x': {0: 'batch', 2: 'seq'}})


@graph
def no_gated_depthwise_convolution():
    """Two depthwise filters, one gating the other: both are the same for every input."""
    model = Calls(
        lambda m, x: m.mix(torch.tanh(m.a(x)) * torch.sigmoid(m.b(x))), a=nn.Conv1d(8, 8, 3, groups=8, padding=1),
        b=nn.Conv1d(8, 8, 3, groups=8, padding=1), mix=nn.Conv1d(8, 4, 1),
    )
    return export(model, (SOUND,), ['x'])


@graph
def no_depthwise_with_silu():
    """A depthwise filter with its own activation, as convolutional networks for speech have it."""
    def forward(m, x):
        a, b = m.first(x).chunk(2, dim=1)
        return x + m.last(F.silu(m.norm(m.depth(a * torch.sigmoid(b)))))

    model = Calls(
        forward, first=nn.Conv1d(8, 16, 1), depth=nn.Conv1d(8, 8, 5, groups=8, padding=2), norm=nn.BatchNorm1d(8), last=nn.Conv1d(8, 8, 1),
    )
    return export(model, (SOUND,), ['x'])


@graph
def no_squeeze_of_a_filtered_sound():
    """A depthwise filter whose channels are weighed by their own means."""
    def forward(m, x):
        y = m.depth(x)
        return y * torch.sigmoid(m.up(F.relu(m.down(y.mean(-1, keepdim=True)))))

    model = Calls(forward, depth=nn.Conv1d(8, 8, 3, groups=8, padding=1), down=nn.Conv1d(8, 2, 1), up=nn.Conv1d(2, 8, 1))
    return export(model, (SOUND,), ['x'])


@graph
def no_spatial_gate_of_tokens():
    """gMLP: half of the channels gates the other half through a fixed mixing of tokens."""
    def forward(m, x):
        u, v = F.gelu(m.first(x)).chunk(2, dim=-1)
        return x + m.last(u * m.tokens(F.layer_norm(v, (8,)).transpose(1, 2)).transpose(1, 2))

    return export(Calls(forward, first=linear(8, 16), tokens=linear(5, 5), last=linear(8, 8)), (X,), ['x'])


@graph
def no_spatial_gate_by_convolution():
    """gMLP as it is in the paper's own code: a convolution of width one over tokens as channels."""
    def forward(m, x):
        u, v = F.gelu(m.first(x)).chunk(2, dim=-1)
        return x + m.last(u * m.tokens(F.layer_norm(v, (8,))))

    return export(Calls(forward, first=linear(8, 16), tokens=nn.Conv1d(5, 5, 1), last=linear(8, 8)), (X,), ['x'])
