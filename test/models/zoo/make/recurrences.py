"""Memories written as recurrences: in loops, token by token unrolled, one step at a time, and chunk by chunk."""
import torch
import torch.nn as nn
import torch.nn.functional as F

from recording import export, graph
from states import FREE, Heads, X
from memories import Attend


@torch.jit.script
def retention_steps(q, k, v, gamma):
    """RetNet's recurrent form: one fixed decay for each head."""
    state = torch.zeros([q.size(0), q.size(1), q.size(3), v.size(3)])
    outs = []
    for t in range(q.size(2)):
        state = gamma * state + k[:, :, t].unsqueeze(-1) * v[:, :, t].unsqueeze(-2)
        outs.append((q[:, :, t].unsqueeze(-1) * state).sum(2))
    return torch.stack(outs, dim=2)


@torch.jit.script
def gla_steps(q, k, v, gates):
    """Gated linear attention: a decay for each key channel, by matrix products."""
    state = torch.zeros([q.size(0), q.size(1), q.size(3), v.size(3)])
    outs = []
    for t in range(q.size(2)):
        state = state * gates[:, :, t].exp().unsqueeze(-1) + torch.matmul(k[:, :, t].unsqueeze(-1), v[:, :, t].unsqueeze(-2))
        outs.append(torch.matmul(q[:, :, t].unsqueeze(-2), state).squeeze(-2))
    return torch.stack(outs, dim=2).reshape([q.size(0), q.size(1), q.size(2), v.size(3)])


@torch.jit.script
def delta_steps(q, k, v, beta):
    """DeltaNet as fla's naive recurrence has it: what is read for the key is taken off the value."""
    s = torch.zeros([q.size(0), q.size(1), q.size(3), v.size(3)])
    outs = []
    for t in range(q.size(2)):
        key = k[:, :, t]
        value = v[:, :, t] - (s * key.unsqueeze(-1)).sum(-2)
        value = value * beta[:, :, t].unsqueeze(-1)
        s = s + key.unsqueeze(-1) * value.unsqueeze(-2)
        outs.append(torch.einsum('bhd,bhdm->bhm', q[:, :, t], s))
    return torch.stack(outs, dim=2)


@torch.jit.script
def delta_two_terms(q, k, v, beta):
    """The same with the old answer and the new value written apart."""
    s = torch.zeros([q.size(0), q.size(1), q.size(3), v.size(3)])
    outs = []
    for t in range(q.size(2)):
        key, b = k[:, :, t], beta[:, :, t].unsqueeze(-1)
        old = torch.matmul(key.unsqueeze(-2), s).squeeze(-2)
        s = s - key.unsqueeze(-1) * (b * old).unsqueeze(-2) + key.unsqueeze(-1) * (b * v[:, :, t]).unsqueeze(-2)
        outs.append(torch.matmul(q[:, :, t].unsqueeze(-2), s).squeeze(-2))
    return torch.stack(outs, dim=2).reshape([q.size(0), q.size(1), q.size(2), v.size(3)])


@torch.jit.script
def rwkv5_steps(r, k, v, w, u):
    """RWKV-5 and 6: the token's own pair is read with a bonus before the state takes it in."""
    s = torch.zeros([r.size(0), r.size(1), r.size(3), v.size(3)])
    outs = []
    for t in range(r.size(2)):
        kv = k[:, :, t].unsqueeze(-1) * v[:, :, t].unsqueeze(-2)
        outs.append(torch.matmul(r[:, :, t].unsqueeze(-2), s + u * kv).squeeze(-2))
        s = kv + w[:, :, t].unsqueeze(-1) * s
    return torch.stack(outs, dim=2).reshape([r.size(0), r.size(1), r.size(2), v.size(3)])


@torch.jit.script
def rwkv7_steps(r, w, k, v, a, b):
    """RWKV-7: the state times a matrix of rank one takes off what another vector asks for."""
    s = torch.zeros([r.size(0), r.size(1), v.size(3), r.size(3)])
    outs = []
    for t in range(r.size(2)):
        removed = torch.matmul(a[:, :, t].unsqueeze(-1), b[:, :, t].unsqueeze(-2))
        s = s * w[:, :, t].unsqueeze(-2) + torch.matmul(s, removed) + torch.matmul(v[:, :, t].unsqueeze(-1), k[:, :, t].unsqueeze(-2))
        outs.append(torch.matmul(s, r[:, :, t].unsqueeze(-1)).squeeze(-1))
    return torch.stack(outs, dim=2).reshape([r.size(0), r.size(1), r.size(2), v.size(3)])


@torch.jit.script
def selective_scan(decays, inputs, c):
    """Mamba: what each token writes was multiplied out before the loop."""
    x = torch.zeros([inputs.size(0), inputs.size(1), inputs.size(3)])
    outs = []
    for t in range(inputs.size(2)):
        x = decays[:, :, t] * x + inputs[:, :, t]
        outs.append(torch.einsum('bdn,bn->bd', x, c[:, :, t]))
    return torch.stack(outs, dim=2)


@torch.jit.script
def ssd_steps(x, dt, decay, b, c):
    """Mamba-2: a decay for each head, keys and queries shared by all."""
    s = torch.zeros([x.size(0), x.size(2), x.size(3), b.size(2)])
    outs = []
    for t in range(x.size(1)):
        s = s * decay[:, t].unsqueeze(-1).unsqueeze(-1) + torch.einsum('bh,bn,bhp->bhpn', dt[:, t], b[:, t], x[:, t])
        outs.append(torch.einsum('bhpn,bn->bhp', s, c[:, t]))
    return torch.stack(outs, dim=1)


@torch.jit.script
def mlstm_steps(q, k, v, i, f):
    """xLSTM's matrix memory with its own normaliser."""
    c = torch.zeros([q.size(0), q.size(1), q.size(3), v.size(3)])
    n = torch.zeros([q.size(0), q.size(1), q.size(3)])
    outs = []
    for t in range(q.size(2)):
        forget, write = f[:, :, t].unsqueeze(-1), i[:, :, t].unsqueeze(-1)
        c = forget.unsqueeze(-1) * c + write.unsqueeze(-1) * (k[:, :, t].unsqueeze(-1) * v[:, :, t].unsqueeze(-2))
        n = forget * n + write * k[:, :, t]
        size = (n * q[:, :, t]).sum(-1, keepdim=True).abs().clamp(min=1.0)
        outs.append(torch.matmul(q[:, :, t].unsqueeze(-2), c).squeeze(-2) / size)
    return torch.stack(outs, dim=2).reshape([q.size(0), q.size(1), q.size(2), v.size(3)])


@torch.jit.script
def fast_weights(q, k, v, state):
    """A memory that goes in and comes out, for decoding token by token."""
    outs = []
    for t in range(q.size(2)):
        state = state + torch.einsum('bhd,bhe->bhde', k[:, :, t], v[:, :, t])
        outs.append(torch.einsum('bhd,bhde->bhe', q[:, :, t], state))
    return torch.stack(outs, dim=2), state


def loop(mix, **parts):
    return export(Attend(mix, **parts), (X,), ['x'], axes=FREE, opset=14)


def gate(module, x):
    return module(x).sigmoid().transpose(1, 2)


@graph
def loop_retention():
    model = Attend(lambda m, x, q, k, v: retention_steps(q, k * 0.5, v, m.gamma))
    model.register_buffer('gamma', (1 - 2.0 ** (-5 - torch.arange(4.0))).view(4, 1, 1))
    return export(model, (X,), ['x'], axes=FREE, opset=14)


@graph
def loop_gated_by_channel():
    return loop(lambda m, x, q, k, v: gla_steps(q * 0.5, k, v, F.logsigmoid(m.split(m.gate(x))) / 16), gate=nn.Linear(16, 16))


@graph
def loop_delta():
    return loop(lambda m, x, q, k, v: delta_steps(q, F.normalize(k, dim=-1), v, gate(m.beta, x)), beta=nn.Linear(16, 4))


@graph
def loop_delta_in_two_terms():
    return loop(lambda m, x, q, k, v: delta_two_terms(q, F.normalize(k, dim=-1), v, gate(m.beta, x)), beta=nn.Linear(16, 4))


@graph
def loop_rwkv_5():
    model = Attend(lambda m, x, q, k, v: rwkv5_steps(q, k, v, torch.exp(-torch.exp(m.split(m.decay(x)))), m.bonus), decay=nn.Linear(16, 16))
    model.bonus = nn.Parameter(torch.rand(4, 4, 1))
    return export(model, (X,), ['x'], axes=FREE, opset=14)


@graph
def loop_rwkv_7():
    def mix(m, x, q, k, v):
        w = torch.exp(-0.606531 * m.split(m.decay(x)).sigmoid())
        a, kk = m.split(m.rate(x)).sigmoid(), F.normalize(k, dim=-1)
        return rwkv7_steps(q, w, k * (1 + (a - 1) * 0.5), v, -kk, kk * a)

    return loop(mix, decay=nn.Linear(16, 16), rate=nn.Linear(16, 16))


class Mamba(nn.Module):
    """One block: a short convolution, a step size, keys and queries from the tokens, a scan, a gate."""

    def __init__(self, scan, width=8, size=4):
        super().__init__()
        self.scan, self.size = scan, size
        self.inner, self.out = nn.Linear(16, 2 * width), nn.Linear(width, 16)
        self.conv = nn.Conv1d(width, width, 4, groups=width, padding=3)
        self.select, self.step = nn.Linear(width, 2 + 2 * size, bias=False), nn.Linear(2, width)
        self.log = nn.Parameter(torch.log(torch.arange(1.0, size + 1)).repeat(width, 1))
        self.skip = nn.Parameter(torch.ones(width))

    def forward(self, x):
        x, z = self.inner(x).chunk(2, dim=-1)
        x = F.silu(self.conv(x.transpose(1, 2))[:, :, : x.shape[1]])
        dt, b, c = self.select(x.transpose(1, 2)).split([2, self.size, self.size], dim=-1)
        dt = F.softplus(self.step(dt)).transpose(1, 2)
        y = self.scan(x, dt, -torch.exp(self.log), b, c) + x * self.skip[:, None]
        return self.out(y.transpose(1, 2) * F.silu(z))


@graph
def loop_mamba():
    def scan(x, dt, a, b, c):
        decays = torch.exp(torch.einsum('bdl,dn->bdln', dt, a))
        inputs = torch.einsum('bdl,bnl,bdl->bdln', dt, b.transpose(1, 2), x)
        return selective_scan(decays, inputs, c.transpose(1, 2))

    return export(Mamba(scan), (X,), ['x'], axes=FREE, opset=14)


@graph
def loop_mamba_by_products():
    def scan(x, dt, a, b, c):
        decays = torch.exp(a[None, :, None, :] * dt[:, :, :, None])
        inputs = dt[:, :, :, None] * b[:, None, :, :] * x[:, :, :, None]
        return selective_scan(decays, inputs, c.transpose(1, 2))

    return export(Mamba(scan), (X,), ['x'], axes=FREE, opset=14)


@graph
def unrolled_mamba():
    """As transformers writes it without its kernels: a trace of a fixed length."""
    def scan(x, dt, a, b, c):
        decays = torch.exp(a[None, :, None, :] * dt[:, :, :, None])
        inputs = dt[:, :, :, None] * b[:, None, :, :] * x[:, :, :, None]
        state, outs = torch.zeros(x.shape[0], x.shape[1], b.shape[-1]), []
        for t in range(x.shape[2]):
            state = decays[:, :, t, :] * state + inputs[:, :, t, :]
            outs.append(torch.matmul(state, c[:, t, :].unsqueeze(-1))[:, :, 0])
        return torch.stack(outs, dim=-1)

    return export(Mamba(scan), (X,), ['x'], opset=14)


@graph
def loop_mamba_2():
    class Mamba2(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner, self.out = nn.Linear(16, 8 + 4 + 4 + 2), nn.Linear(8, 16)
            self.log = nn.Parameter(torch.log(torch.arange(1.0, 3.0)))

        def forward(self, x):
            x, b, c, dt = self.inner(x).split([8, 4, 4, 2], dim=-1)
            dt = F.softplus(dt)
            y = ssd_steps(x.reshape(x.shape[0], x.shape[1], 2, 4), dt, torch.exp(-torch.exp(self.log) * dt), b, c)
            return self.out(y.flatten(2))

    return export(Mamba2(), (X,), ['x'], axes=FREE, opset=14)


@graph
def loop_matrix_lstm():
    return loop(lambda m, x, q, k, v: mlstm_steps(q, k * 0.5, v, gate(m.i, x), gate(m.f, x)), i=nn.Linear(16, 4), f=nn.Linear(16, 4))


@graph
def loop_fast_weights_with_past():
    class Decoder(Heads):
        def forward(self, x, state):
            mixed, state = fast_weights(*self.parts(x), state)
            return self.join(mixed), state

    return export(Decoder(), (X, torch.zeros(2, 4, 4, 4)), ['x', 'state'], outputs=('output', 'state_out'), axes=FREE, opset=14)


def tokens(mix, length=4, **parts):
    """Unrolled by the trace; the states start from zeros of the batch's size."""
    return export(Attend(mix, **parts), (torch.randn(2, length, 16),), ['x'], axes={'x': {0: 'batch'}}, opset=14)


@graph
def unrolled_linear():
    def mix(m, x, q, k, v):
        state, outs = torch.zeros(x.shape[0], 4, 4, 4), []
        for t in range(4):
            state = state + k[:, :, t, :, None] * v[:, :, t, None, :]
            outs.append(torch.einsum('bhd,bhde->bhe', q[:, :, t], state))
        return torch.stack(outs, dim=2)

    return tokens(mix)


@graph
def unrolled_retention():
    def mix(m, x, q, k, v):
        state, outs = torch.zeros(x.shape[0], 4, 4, 4), []
        for t in range(4):
            state = m.gamma * state + torch.matmul(k[:, :, t : t + 1].transpose(-1, -2), v[:, :, t : t + 1])
            outs.append(torch.matmul(q[:, :, t : t + 1], state))
        return torch.cat(outs, dim=2)

    model = Attend(mix)
    model.register_buffer('gamma', (1 - 2.0 ** (-5 - torch.arange(4.0))).view(4, 1, 1))
    return export(model, (torch.randn(2, 4, 16),), ['x'], axes={'x': {0: 'batch'}}, opset=14)


@graph
def unrolled_matrix_lstm():
    """xLSTM as transformers writes it: gates kept within bounds by the largest so far, made anew in each turn."""
    def mix(m, x, q, k, v):
        state, norm, most, outs = torch.zeros(x.shape[0], 4, 4, 4), torch.zeros(x.shape[0], 4, 4), torch.zeros(x.shape[0], 4, 1), []
        write, keep = m.i(x).transpose(1, 2), F.logsigmoid(m.f(x)).transpose(1, 2)
        for t in range(4):
            before = keep[:, :, t, None] + most
            most = torch.maximum(before, write[:, :, t, None])
            kept, strength = torch.exp(before - most), torch.exp(write[:, :, t, None] - most)
            state = kept[:, :, :, None] * state + strength[:, :, :, None] * (k[:, :, t, :, None] * v[:, :, t, None, :])
            norm = kept * norm + strength * k[:, :, t]
            asked = q[:, :, t] * 0.5
            sums = torch.matmul(asked[:, :, None, :], norm[:, :, :, None])[:, :, :, 0].abs()
            outs.append(torch.matmul(asked[:, :, None, :], state)[:, :, 0] / (torch.maximum(sums, torch.exp(-most)) + 1e-6))
        return torch.stack(outs, dim=2)

    return tokens(mix, i=nn.Linear(16, 4), f=nn.Linear(16, 4))


@graph
def unrolled_gated_delta():
    """Qwen3-Next's recurrence, as transformers writes it."""
    def mix(m, x, q, k, v):
        q, k = F.normalize(q, dim=-1) * 0.5, F.normalize(k, dim=-1)
        g, beta = F.logsigmoid(m.g(x)).transpose(1, 2), gate(m.beta, x)
        state, out = torch.zeros(x.shape[0], 4, 4, 4), torch.zeros_like(v)
        for t in range(2):
            state = state * g[:, :, t].exp()[..., None, None]
            memory = (state * k[:, :, t].unsqueeze(-1)).sum(dim=-2)
            delta = (v[:, :, t] - memory) * beta[:, :, t].unsqueeze(-1)
            state = state + k[:, :, t].unsqueeze(-1) * delta.unsqueeze(-2)
            out[:, :, t] = (state * q[:, :, t].unsqueeze(-1)).sum(dim=-2)
        return out

    return tokens(mix, length=2, g=nn.Linear(16, 4), beta=nn.Linear(16, 4))


@graph
def unrolled_rwkv_6():
    def mix(m, x, q, k, v):
        w = torch.exp(-torch.exp(m.split(m.decay(x))))
        state, outs = torch.zeros(x.shape[0], 4, 4, 4), []
        for t in range(4):
            kv = k[:, :, t].unsqueeze(-1) @ v[:, :, t].unsqueeze(-2)
            outs.append((q[:, :, t].unsqueeze(-2) @ (m.bonus * kv + state)).squeeze(-2))
            state = kv + w[:, :, t].unsqueeze(-1) * state
        return torch.stack(outs, dim=2)

    model = Attend(mix, decay=nn.Linear(16, 16))
    model.bonus = nn.Parameter(torch.rand(4, 4, 1))
    return export(model, (torch.randn(2, 4, 16),), ['x'], axes={'x': {0: 'batch'}}, opset=14)


class Step(nn.Module):
    """One token of each of two layers; states go in and come out."""

    def __init__(self, turn, heads=2, **parts):
        super().__init__()
        self.turn, self.heads = turn, heads
        self.embedding, self.head = nn.Embedding(20, 8), nn.Linear(8, 20)
        for name, part in parts.items():
            setattr(self, name, part)
        for layer in range(2):
            for name in 'qkvo':
                setattr(self, f'{name}{layer}', nn.Linear(8, 8))

    def part(self, name, layer, x):
        return getattr(self, f'{name}{layer}')(x).view(-1, self.heads, 8 // self.heads)

    def forward(self, ids, *states):
        x, after = self.embedding(ids), []
        for layer in range(2):
            q, k, v = (self.part(name, layer, x) for name in 'qkv')
            mixed, state = self.turn(self, x, q, k, v, states[layer])
            x = x + getattr(self, f'o{layer}')(mixed.reshape(-1, 8))
            after.append(state)
        return (self.head(x), *after)


def step(turn, **parts):
    states = (torch.randn(1, 2, 4, 4), torch.randn(1, 2, 4, 4))
    return export(
        Step(turn, **parts), (torch.tensor([3]), *states), ['ids', 'state0', 'state1'],
        outputs=('logits', 'state0_out', 'state1_out'), opset=14,
    )


@graph
def step_of_linear():
    def turn(m, x, q, k, v, s):
        s = s + k.unsqueeze(-1) * v.unsqueeze(-2)
        return torch.einsum('bhd,bhde->bhe', q, s), s

    return step(turn)


@graph
def step_of_rwkv_6():
    def turn(m, x, r, k, v, s):
        w = torch.exp(-torch.exp(m.decay(x).view(-1, 2, 4)))
        kv = k.unsqueeze(-1) @ v.unsqueeze(-2)
        return (r.unsqueeze(-2) @ (m.bonus * kv + s)).squeeze(-2), kv + w.unsqueeze(-1) * s

    return step(turn, decay=nn.Linear(8, 8), bonus=nn.Parameter(torch.rand(2, 4, 1)))


@graph
def step_of_rwkv_7():
    def turn(m, x, r, k, v, s):
        w = torch.exp(-0.6 * m.decay(x).sigmoid()).view(-1, 2, 1, 4)
        a, kk = m.rate(x).sigmoid().view(-1, 2, 4), F.normalize(k, dim=-1)
        removed = (-kk).unsqueeze(-1) @ (kk * a).unsqueeze(-2)
        s = s * w + s @ removed + v.unsqueeze(-1) @ k.unsqueeze(-2)
        return (s @ r.unsqueeze(-1)).squeeze(-1), s

    return step(turn, decay=nn.Linear(8, 8), rate=nn.Linear(8, 8))


@graph
def step_of_gated_delta():
    def turn(m, x, q, k, v, s):
        q, k = F.normalize(q, dim=-1) * 0.5, F.normalize(k, dim=-1)
        s = s * F.logsigmoid(m.g(x)).exp()[..., None, None]
        answer = (s * k.unsqueeze(-1)).sum(-2)
        s = s + k.unsqueeze(-1) * ((v - answer) * m.beta(x).sigmoid().unsqueeze(-1)).unsqueeze(-2)
        return (s * q.unsqueeze(-1)).sum(-2), s

    return step(turn, g=nn.Linear(8, 2), beta=nn.Linear(8, 2))


@graph
def step_with_all_states_in_one():
    """The states of all layers stand in one tensor, cut apart and put together again."""
    class Packed(Step):
        def forward(self, ids, states):
            x, after = self.embedding(ids), []
            for layer in range(2):
                r, k, v = (self.part(name, layer, x) for name in 'qkv')
                state = states[layer * 4 : layer * 4 + 4].view(1, 2, 4, 4)
                kv = k.unsqueeze(-1) @ v.unsqueeze(-2)
                mixed = (r.unsqueeze(-2) @ (self.bonus * kv + state)).squeeze(-2)
                x = x + getattr(self, f'o{layer}')(mixed.reshape(-1, 8))
                after.append((kv + self.rate.exp() * state).reshape(4, 8))
            return self.head(x), torch.cat(after)

    parts = {'bonus': nn.Parameter(torch.rand(2, 4, 1)), 'rate': nn.Parameter(-torch.rand(2, 4, 1))}
    return export(Packed(None, **parts), (torch.tensor([3]), torch.randn(8, 8)), ['ids', 'states'], outputs=('logits', 'states_out'), opset=14)
