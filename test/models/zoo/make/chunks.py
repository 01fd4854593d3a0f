"""Memories in their parallel forms: tokens of a chunk weighed one by one, what came before read from a state."""
import math

import torch
import torch.nn as nn
import torch.nn.functional as F

from recording import export, graph
from memories import Attend

X = torch.randn(2, 8, 16)
CHUNK = 4


def whole(mix, **parts):
    """A module over a fixed length: the loops over chunks are unrolled by the trace."""
    return export(Attend(mix, **parts), (X,), ['x'], opset=14)


def chunks(*tensors):
    """`[B, H, T, d]` to `[B, H, chunks, CHUNK, d]`."""
    return [t.reshape(t.shape[0], t.shape[1], -1, CHUNK, t.shape[-1]) for t in tensors]


def joined(x):
    return x.reshape(x.shape[0], x.shape[1], -1, x.shape[-1])


@graph
def chunked_retention():
    """RetNet: one mask of powers inside a chunk, a state from chunk to chunk."""
    def mix(m, x, q, k, v):
        q, k, v = chunks(q, k * 0.5, v)
        places, rate = torch.arange(CHUNK).float(), m.rate.view(4, 1, 1)
        mask = torch.exp((places[:, None] - places[None, :]) * rate) * torch.tril(torch.ones(CHUNK, CHUNK))
        inner = (q @ k.transpose(-1, -2) * mask[None, :, None]) @ v
        written = k.transpose(-1, -2) @ (v * torch.exp(rate * (CHUNK - 1 - places)).view(4, 1, CHUNK, 1))
        state, states = torch.zeros(2, 4, 4, 4), []
        for i in range(2):
            states.append(state)
            state = state * torch.exp(rate * CHUNK) + written[:, :, i]
        reach = torch.exp(rate * (places + 1)).view(4, 1, CHUNK, 1)
        return joined(inner + (q * reach) @ torch.stack(states, 2))

    return whole(mix, rate=nn.Parameter(-torch.rand(4)))


@graph
def chunked_gated_by_channel():
    """Gated linear attention: queries and keys times powers of a running sum that starts anew in each chunk."""
    def mix(m, x, q, k, v):
        q, k, v, g = chunks(q * 0.5, k, v, m.split(F.logsigmoid(m.gate(x)) / 16))
        total = g.cumsum(-2)
        state, outs = torch.zeros(2, 4, 4, 4), []
        for i in range(2):
            qi, ki, vi, gi = q[:, :, i], k[:, :, i], v[:, :, i], total[:, :, i]
            within = ((qi * gi.exp()) @ (ki * (-gi).exp()).transpose(-1, -2)).tril()
            outs.append((qi * gi.exp()) @ state + within @ vi)
            state = state * gi[:, :, -1, :, None].exp() + (ki * (gi[:, :, -1:] - gi).exp()).transpose(-1, -2) @ vi
        return joined(torch.stack(outs, 2))

    return whole(mix, gate=nn.Linear(16, 16))


@graph
def gated_by_channel_in_parallel():
    """The same with all tokens in one chunk: nothing but a masked product."""
    def mix(m, x, q, k, v):
        decay = m.split(F.logsigmoid(m.gate(x)) / 16).cumsum(2).exp()
        scores = torch.matmul(q * decay * 0.5, (k / decay).transpose(-1, -2))
        return torch.matmul(scores.masked_fill(~torch.ones(8, 8, dtype=torch.bool).tril(), 0), v)

    return whole(mix, gate=nn.Linear(16, 16))


@graph
def rwkv_6_in_parallel():
    """A token's own pair has a bonus of its own: the masked product leaves the diagonal out."""
    def mix(m, x, r, k, v):
        w = m.split(-torch.exp(m.decay(x)))
        total = w.cumsum(2)
        before = torch.matmul(r * (total - w).exp(), (k * (-total).exp()).transpose(-1, -2)).tril(-1)
        return torch.matmul(before, v) + (r * m.bonus[:, None, :] * k).sum(-1, keepdim=True) * v

    return whole(mix, decay=nn.Linear(16, 16), bonus=nn.Parameter(torch.rand(4, 4)))


def solved(keys, strong, mask, decay=None):
    """The inverse of `1 + tril(β k kᵀ)` row by row, as reference code of the delta rule finds it."""
    scores = strong @ keys.transpose(-1, -2)
    matrix = -(scores if decay is None else scores * decay).masked_fill(mask, 0)
    for i in range(1, CHUNK):
        row, above = matrix[..., i, :i].clone(), matrix[..., :i, :i].clone()
        matrix[..., i, :i] = row + (row.unsqueeze(-1) * above).sum(-2)
    return matrix + torch.eye(CHUNK)


def triangle(diagonal):
    return torch.triu(torch.ones(CHUNK, CHUNK, dtype=torch.bool), diagonal=diagonal)


@graph
def chunked_delta():
    """DeltaNet as flash-linear-attention's plain chunkwise code has it."""
    def mix(m, x, q, k, v):
        beta = m.beta(x).sigmoid().transpose(1, 2).unsqueeze(-1)
        k = F.normalize(k, dim=-1)
        q, k, strong, v = chunks(q * 0.5, k, k * beta, v * beta)
        inverse = solved(k, strong, triangle(0))
        u, w = inverse @ v, inverse @ strong
        state, out = torch.zeros(2, 4, 4, 4), torch.zeros_like(v)
        for i in range(2):
            within = (q[:, :, i] @ k[:, :, i].transpose(-1, -2)).masked_fill(triangle(1), 0)
            values = u[:, :, i] - w[:, :, i] @ state
            out[:, :, i] = q[:, :, i] @ state + within @ values
            state = state + k[:, :, i].transpose(-1, -2) @ values
        return joined(out)

    return whole(mix, beta=nn.Linear(16, 4))


@graph
def chunked_gated_delta():
    """Qwen3-Next's layer as transformers computes it without kernels."""
    def mix(m, x, q, k, v):
        beta = m.beta(x).sigmoid().transpose(1, 2).unsqueeze(-1)
        g = (-m.rate.exp() * F.softplus(m.step(x))).transpose(1, 2)
        q, k = F.normalize(q, dim=-1) * 0.5, F.normalize(k, dim=-1)
        q, k, strong, v = chunks(q, k, k * beta, v * beta)
        g = g.reshape(2, 4, -1, CHUNK).cumsum(-1)
        decay = (g.unsqueeze(-1) - g.unsqueeze(-2)).tril().exp().tril()
        inverse = solved(k, strong, triangle(0), decay)
        v, w = inverse @ v, inverse @ (strong * g.exp().unsqueeze(-1))
        state, out = torch.zeros(2, 4, 4, 4), torch.zeros_like(v)
        for i in range(2):
            qi, ki, gi = q[:, :, i], k[:, :, i], g[:, :, i]
            within = (qi @ ki.transpose(-1, -2) * decay[:, :, i]).masked_fill(triangle(1), 0)
            values = v[:, :, i] - w[:, :, i] @ state
            out[:, :, i] = (qi * gi[..., None].exp()) @ state + within @ values
            left = (gi[..., -1, None] - gi).exp()[..., None]
            state = state * gi[..., -1, None, None].exp() + (ki * left).transpose(-1, -2) @ values
        return joined(out)

    return whole(mix, beta=nn.Linear(16, 4), step=nn.Linear(16, 4), rate=nn.Parameter(torch.rand(4)))


@graph
def delta_in_parallel():
    """All tokens in one chunk, the inverse by squaring."""
    def mix(m, x, q, k, v):
        beta = m.beta(x).sigmoid().transpose(1, 2).unsqueeze(-1)
        k = F.normalize(k, dim=-1)
        power = -torch.matmul(k * beta, k.transpose(-1, -2)).tril(-1)
        inverse = torch.eye(8) + power
        for _ in range(2):
            power = torch.matmul(power, power)
            inverse = torch.matmul(inverse, torch.eye(8) + power)
        return torch.matmul(torch.matmul(q, k.transpose(-1, -2)).tril(), torch.matmul(inverse, v * beta))

    return whole(mix, beta=nn.Linear(16, 4))


@graph
def matrix_lstm_in_parallel():
    """xLSTM: a table of gates that a row's largest keeps in range, and a floor under the sum of a row."""
    def mix(m, x, q, k, v):
        write, forget = (gate(x).transpose(1, 2).unsqueeze(-1) for gate in (m.write, m.forget))
        total = torch.cat([torch.zeros(2, 4, 1, 1), F.logsigmoid(forget).cumsum(-2)], dim=-2).repeat(1, 1, 1, 9)
        apart = (total - total.transpose(-2, -1))[:, :, 1:, 1:]
        past = torch.tril(torch.ones(8, 8, dtype=torch.bool))
        table = torch.where(past, apart, torch.tensor(-float('inf'))) + write.transpose(-2, -1)
        largest = table.max(dim=-1, keepdim=True)[0]
        scores = q @ (k / math.sqrt(4)).transpose(-2, -1) * torch.exp(table - largest)
        size = torch.maximum(scores.sum(-1, keepdim=True).abs(), torch.exp(-largest))
        return scores / (size + 1e-6) @ v

    return whole(mix, write=nn.Linear(16, 4), forget=nn.Linear(16, 4))


class Mamba2(nn.Module):
    """One block; `mix` gets x `[B, T, H, P]`, step sizes and logarithms of decays `[B, T, H]`, keys and queries `[B, T, H, N]`."""

    def __init__(self, mix):
        super().__init__()
        self.mix, self.inner, self.out = mix, nn.Linear(16, 44), nn.Linear(16, 16)
        self.conv = nn.Conv1d(24, 24, 4, groups=24, padding=3)
        self.rate, self.skip, self.bias = (nn.Parameter(torch.rand(4)) for _ in range(3))

    def forward(self, x):
        batch, length, _ = x.shape
        z, mixed, step = self.inner(x).split([16, 24, 4], dim=-1)
        mixed = F.silu(self.conv(mixed.transpose(1, 2))[..., :length].transpose(1, 2))
        x, keys, queries = mixed.split([16, 4, 4], dim=-1)
        x, step = x.reshape(batch, length, 4, 4), F.softplus(step + self.bias)
        y = self.mix(x, step, -torch.exp(self.rate) * step, keys.unsqueeze(2), queries.unsqueeze(2))
        return self.out((y + x * self.skip[:, None]).reshape(batch, length, 16) * F.silu(z))


def segments(x):
    """Sums of every run of tokens: `[.., T]` to `[.., T, T]`."""
    length = x.size(-1)
    x = x.unsqueeze(-1).expand(*x.shape, length)
    x = x.masked_fill(~torch.ones(length, length, dtype=torch.bool).tril(-1), 0).cumsum(-2)
    return x.masked_fill(~torch.ones(length, length, dtype=torch.bool).tril(), -math.inf)


def by_sums(x, step, a, keys, queries, rows=None):
    """As transformers writes it: every product by a sum of many axes."""
    batch = x.shape[0]
    keys, queries, x = keys.repeat(1, 1, 4, 1), queries.repeat(1, 1, 4, 1), x * step[..., None]
    x, keys, queries = (t.reshape(batch, -1, CHUNK, 4, t.shape[-1]) for t in (x, keys, queries))
    a = a.reshape(batch if rows is None else rows, -1, CHUNK, 4).permute(0, 3, 1, 2)
    total, table = a.cumsum(-1), torch.exp(segments(a))
    scores = (queries[:, :, :, None] * keys[:, :, None]).sum(-1)
    weights = (scores[..., None] * table.permute(0, 2, 3, 4, 1)[..., None]).sum(-1)
    within = (weights[..., None] * x[:, :, None]).sum(3)
    left = torch.exp(total[..., -1:] - total).permute(0, 2, 3, 1)
    states = ((keys * left[..., None])[..., None, :] * x[..., None]).sum(2)
    states = torch.cat([torch.zeros_like(states[:, :1]), states], dim=1)
    over = torch.exp(segments(F.pad(total[..., -1], (1, 0)))).transpose(1, 3)
    states = (over[..., None, None] * states[:, :, None]).sum(1)[:, :-1]
    before = (queries[..., None, :] * states[:, :, None]).sum(-1) * torch.exp(total).permute(0, 2, 3, 1)[..., None]
    return (within + before).reshape(batch, 8, 4, 4)


@graph
def chunked_mamba_2():
    return export(Mamba2(by_sums), (X,), ['x'], opset=14)


@graph
def chunked_mamba_2_of_two_batches():
    """The batch has the name of one input's in one place, and of another's in the next."""
    class Masked(Mamba2):
        def forward(self, x, mask):
            self.mix = lambda *parts: by_sums(*parts, rows=mask.shape[0])
            return super().forward(x * mask[..., None])

    axes = {'x': {0: 'batch'}, 'mask': {0: 'rows'}}
    return export(Masked(by_sums), (X, torch.ones(2, 8)), ['x', 'mask'], axes=axes, opset=14)


@graph
def chunked_mamba_2_by_einsum_of_four():
    """The paper's own listing."""
    def mix(x, step, a, keys, queries):
        x, keys, queries = x * step[..., None], keys.expand(-1, -1, 4, -1), queries.expand(-1, -1, 4, -1)
        x, keys, queries = (t.reshape(2, -1, CHUNK, 4, t.shape[-1]) for t in (x, keys, queries))
        a = a.reshape(2, -1, CHUNK, 4).permute(0, 3, 1, 2)
        total = a.cumsum(-1)
        within = torch.einsum('bclhn,bcshn,bhcls,bcshp->bclhp', queries, keys, torch.exp(segments(a)), x)
        states = torch.einsum('bclhn,bhcl,bclhp->bchpn', keys, torch.exp(total[..., -1:] - total), x)
        states = torch.cat([torch.zeros_like(states[:, :1]), states], dim=1)
        over = torch.exp(segments(F.pad(total[..., -1], (1, 0))))
        states = torch.einsum('bhzc,bchpn->bzhpn', over, states)[:, :-1]
        before = torch.einsum('bclhn,bchpn,bhcl->bclhp', queries, states, torch.exp(total))
        return (within + before).reshape(2, 8, 4, 4)

    return export(Mamba2(mix), (X,), ['x'], opset=14)


@graph
def selective_scan_by_running_sums():
    """Mamba without a loop: what is written times powers, summed over all tokens, and divided by the powers again."""
    class Mamba(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner, self.select, self.step = nn.Linear(16, 32), nn.Linear(16, 9), nn.Linear(1, 16)
            self.rate, self.skip, self.out = nn.Parameter(torch.randn(16, 4)), nn.Parameter(torch.ones(16)), nn.Linear(16, 16)

        def forward(self, x):
            x, z = self.inner(x).chunk(2, dim=-1)
            step, keys, queries = self.select(x).split([1, 4, 4], dim=-1)
            step = F.softplus(self.step(step))
            decay = torch.einsum('bld,dn->bldn', step, -torch.exp(self.rate))
            written = torch.einsum('bld,bld,bln->bldn', step, x, keys)
            left = F.pad(decay[:, 1:], (0, 0, 0, 0, 0, 1)).flip(1).cumsum(1).exp().flip(1)
            state = (written * left).cumsum(1) / (left + 1e-12)
            return self.out((torch.einsum('bldn,bln->bld', state, queries) + x * self.skip) * F.silu(z))

    return export(Mamba(), (X,), ['x'], axes={'x': {0: 'batch'}}, opset=14)
