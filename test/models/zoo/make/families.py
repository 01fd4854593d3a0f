"""Attention of public models that no plain transformer block has, each for one thing that it alone does."""
import math

import torch
import torch.nn as nn
import torch.nn.functional as F

from recording import export, graph

BATCH_AND_TOKENS = {'x': {0: 'batch', 1: 'seq'}}


def heads_of(x, count=4):
    """`[B, T, H·d]` to `[B, H, T, d]`."""
    return x.view(x.shape[0], x.shape[1], count, -1).transpose(1, 2)


def tokens_of(x):
    """`[B, H, T, d]` to `[B, T, H·d]`."""
    return x.transpose(1, 2).reshape(x.shape[0], x.shape[2], -1)


class Projections(nn.Module):
    def __init__(self, keys=16):
        super().__init__()
        self.q = nn.Linear(16, 16, bias=False)
        self.k = nn.Linear(16, keys, bias=False)
        self.v = nn.Linear(16, keys, bias=False)
        self.o = nn.Linear(16, 16)


class Vits(nn.Module):
    """Relative positions of keys and of values, padded and reshaped into place."""

    def __init__(self):
        super().__init__()
        self.q, self.k, self.v, self.o = [nn.Conv1d(16, 16, 1) for _ in range(4)]
        self.of_keys = nn.Parameter(torch.randn(1, 5, 8))
        self.of_values = nn.Parameter(torch.randn(1, 5, 8))

    def forward(self, x, mask):
        mask = mask.unsqueeze(2) * mask.unsqueeze(-1)
        batch, width, length = x.shape
        q, k, v = [part(x).view(batch, 2, 8, length).transpose(2, 3) for part in (self.q, self.k, self.v)]
        scores = torch.matmul(q / math.sqrt(8), k.transpose(-2, -1))
        near = torch.matmul(q / math.sqrt(8), self.reach(self.of_keys, length).unsqueeze(0).transpose(-2, -1))
        scores = (scores + self.to_absolute(near)).masked_fill(mask == 0, -1e4)
        weights = F.softmax(scores, -1)
        mixed = torch.matmul(weights, v)
        mixed = mixed + torch.matmul(self.to_relative(weights), self.reach(self.of_values, length).unsqueeze(0))
        return self.o(mixed.transpose(2, 3).contiguous().view(batch, width, length))

    def reach(self, table, length):
        beyond = max(length - 3, 0)
        return F.pad(table, [0, 0, beyond, beyond, 0, 0])[:, max(3 - length, 0):max(3 - length, 0) + 2 * length - 1]

    def to_absolute(self, x):
        batch, heads, length, _ = x.size()
        x = F.pad(x, [0, 1, 0, 0, 0, 0, 0, 0]).view([batch, heads, length * 2 * length])
        x = F.pad(x, [0, length - 1, 0, 0, 0, 0]).view([batch, heads, length + 1, 2 * length - 1])
        return x[:, :, :length, length - 1:]

    def to_relative(self, x):
        batch, heads, length, _ = x.size()
        x = F.pad(x, [0, length - 1, 0, 0, 0, 0, 0, 0]).view([batch, heads, length**2 + length * (length - 1)])
        return F.pad(x, [length, 0, 0, 0, 0, 0]).view([batch, heads, length, 2 * length])[:, :, :, 1:]


@graph
def vits_relative_positions():
    axes = {'x': {0: 'batch', 2: 'seq'}, 'mask': {0: 'batch', 2: 'seq'}}
    return export(Vits(), (torch.randn(2, 16, 7), torch.ones(2, 1, 7)), ['x', 'mask'], axes=axes)


class CrossCovariance(nn.Module):
    """XCiT: channels attend to channels."""

    def __init__(self):
        super().__init__()
        self.qkv = nn.Linear(16, 48)
        self.temperature = nn.Parameter(torch.ones(4, 1, 1))

    def forward(self, x):
        batch, tokens, width = x.shape
        q, k, v = self.qkv(x).reshape(batch, tokens, 3, 4, 4).permute(2, 0, 3, 4, 1).unbind(0)
        scores = F.normalize(q, dim=-1) @ F.normalize(k, dim=-1).transpose(-2, -1) * self.temperature
        return (scores.softmax(-1) @ v).permute(0, 3, 1, 2).reshape(batch, tokens, width)


@graph
def cross_covariance_of_channels():
    return export(CrossCovariance(), (torch.randn(2, 9, 16),), ['x'], axes=BATCH_AND_TOKENS)


class HeadsFirst(nn.Module):
    """Zipformer: `[H, B, T, S]`, and one matrix of weights for two tensors of values."""

    def __init__(self):
        super().__init__()
        self.qk = nn.Linear(16, 32)
        self.first, self.second = nn.Linear(16, 16), nn.Linear(16, 16)

    def forward(self, x):
        tokens, batch, _ = x.shape
        q, k = self.qk(x).chunk(2, -1)
        q = q.reshape(tokens, batch, 4, 4).permute(2, 1, 0, 3)
        k = k.reshape(tokens, batch, 4, 4).permute(2, 1, 3, 0)
        weights = torch.matmul(q, k).softmax(-1)
        mixed = 0
        for values in (self.first, self.second):
            v = values(x).reshape(tokens, batch, 4, 4).permute(2, 1, 0, 3)
            mixed = mixed + torch.matmul(weights, v).permute(2, 1, 0, 3).reshape(tokens, batch, 16)
        return mixed


@graph
def heads_before_the_batch():
    return export(HeadsFirst(), (torch.randn(7, 2, 16),), ['x'], axes={'x': {0: 'seq', 1: 'batch'}})


class HeadsBesideTokens(nn.Module):
    """StarCoder: the query heads of a token stand beside it, for they share one key head."""

    def __init__(self):
        super().__init__()
        self.qkv = nn.Linear(16, 24)
        self.o = nn.Linear(16, 16)
        self.register_buffer('seen', torch.tril(torch.ones(40, 40, dtype=torch.bool)))

    def forward(self, x):
        batch, length, _ = x.shape
        q, keys_values = self.qkv(x).split((16, 8), 2)
        k, v = keys_values.split((4, 4), -1)
        empty = torch.empty(batch, length * 4, length)
        scores = torch.baddbmm(empty, q.reshape(batch, length * 4, 4), k.transpose(-1, -2), beta=0, alpha=0.5)
        seen = self.seen[None, :length, None, :length]
        scores = torch.where(seen, scores.view(batch, length, 4, length), torch.full([], -1e9))
        weights = F.softmax(scores, -1).view(batch, length * 4, length)
        return self.o(torch.bmm(weights, v).view(batch, length, 16))


@graph
def heads_beside_the_tokens():
    return export(HeadsBesideTokens(), (torch.randn(2, 7, 16),), ['x'], axes=BATCH_AND_TOKENS)


class Differential(Projections):
    """Two heads' weights, one less a part of the other."""

    def __init__(self):
        super().__init__()
        self.part = nn.Parameter(torch.tensor(0.3))

    def forward(self, x):
        batch, length, _ = x.shape
        q, k, v = heads_of(self.q(x)) * 0.5, heads_of(self.k(x)), heads_of(self.v(x), 2)
        scores = q @ k.transpose(-1, -2) + torch.full((length, length), float('-inf')).triu(1)
        weights = F.softmax(scores, -1).view(batch, 2, 2, length, length)
        return self.o(tokens_of((weights[:, :, 0] - self.part * weights[:, :, 1]) @ v))


@graph
def differential():
    return export(Differential(), (torch.randn(2, 7, 16),), ['x'], axes=BATCH_AND_TOKENS)


class Flow(nn.Module):
    """GMFlow: a matching is read out as the mean of coordinates, which is no attention; then the flow is spread by attention."""

    def __init__(self):
        super().__init__()
        self.q, self.k = nn.Linear(8, 8), nn.Linear(8, 8)

    def forward(self, one, other):
        batch, width, height, across = one.shape
        x = one.view(batch, width, -1).permute(0, 2, 1)
        scores = torch.matmul(x, other.view(batch, width, -1)) / width**0.5
        rows, columns = torch.meshgrid(torch.arange(height), torch.arange(across), indexing='ij')
        grid = torch.stack([columns, rows], 0).float()[None].repeat(batch, 1, 1, 1)
        places = grid.view(batch, 2, -1).permute(0, 2, 1)
        flow = torch.matmul(F.softmax(scores, -1), places) - places
        weights = torch.softmax(torch.matmul(self.q(x), self.k(x).permute(0, 2, 1)) / width**0.5, -1)
        return torch.matmul(weights, flow)


@graph
def flow_spread_after_matching():
    pictures = (torch.randn(2, 8, 4, 4), torch.randn(2, 8, 4, 4))
    return export(Flow(), pictures, ['x', 'y'], axes={'x': {0: 'batch'}, 'y': {0: 'batch'}})


@graph
def flow_spread_after_matching_of_fixed_shape():
    return export(Flow(), (torch.randn(2, 8, 4, 4), torch.randn(2, 8, 4, 4)), ['x', 'y'])


class LocalWindow(Projections):
    """GPT-Neo: a band is cut out of a large square of bytes, and nothing scales the scores."""

    def __init__(self):
        super().__init__()
        seen = torch.tril(torch.ones(40, 40, dtype=torch.uint8))
        self.register_buffer('seen', (seen ^ torch.tril(seen, -8)).view(1, 1, 40, 40))

    def forward(self, x):
        length = x.shape[1]
        q, k, v = heads_of(self.q(x)), heads_of(self.k(x)), heads_of(self.v(x))
        seen = self.seen[:, :, :length, :length].to(torch.bool)
        scores = torch.where(seen, torch.matmul(q, k.transpose(-1, -2)), torch.tensor(-1e9))
        return self.o(tokens_of(torch.matmul(F.softmax(scores, -1), v)))


@graph
def large_band_of_bytes():
    return export(LocalWindow(), (torch.randn(2, 7, 16),), ['x'], axes=BATCH_AND_TOKENS)


class AddedTriangle(Projections):
    """CLIP: minus infinity over the diagonal of a large square of floats."""

    def __init__(self):
        super().__init__()
        self.register_buffer('mask', torch.full((20, 20), float('-inf')).triu(1))

    def forward(self, x):
        q, k, v = heads_of(self.q(x) * 0.5), heads_of(self.k(x)), heads_of(self.v(x))
        return self.o(tokens_of(F.softmax(q @ k.transpose(-1, -2) + self.mask, -1) @ v))


@graph
def large_triangle_of_floats():
    return export(AddedTriangle(), (torch.randn(2, 20, 16),), ['x'], axes={'x': {0: 'batch'}})


class AddedZeros(Projections):
    """GPT-NeoX: the product is added to noughts, which an exporter folds into a large constant."""

    def forward(self, x):
        batch, length, _ = x.shape
        q, k, v = heads_of(self.q(x)), heads_of(self.k(x)), heads_of(self.v(x))
        q, k = q.reshape(batch * 4, length, 4), k.reshape(batch * 4, length, 4)
        scores = torch.baddbmm(torch.zeros(batch * 4, length, length), q, k.transpose(1, 2), beta=1.0, alpha=0.5)
        return self.o(tokens_of(F.softmax(scores.view(batch, 4, length, length), -1) @ v))


@graph
def product_added_to_noughts():
    return export(AddedZeros(), (torch.randn(2, 7, 16),), ['x'])


class LogarithmOfBand(Projections):
    """Mistral before it had a cache: the logarithm of a band of ones."""

    def __init__(self):
        super().__init__(8)

    def forward(self, x):
        length = x.shape[1]
        q, k, v = heads_of(self.q(x)), heads_of(self.k(x), 2), heads_of(self.v(x), 2)
        k, v = [t[:, :, None].expand(-1, -1, 2, -1, -1).reshape(t.shape[0], 4, length, 4) for t in (k, v)]
        mask = torch.log(torch.full((length, length), 1.0).tril(0).triu(-4))
        return self.o(tokens_of(F.softmax(q @ k.transpose(2, 3) / 2.0 + mask[None, None], -1) @ v))


@graph
def logarithm_of_a_band():
    return export(LogarithmOfBand(), (torch.randn(2, 7, 16),), ['x'], axes=BATCH_AND_TOKENS)


class StaticCache(Projections):
    """Keys are written into a cache of fixed length; the positions of the queries are an input."""

    def __init__(self):
        super().__init__(8)

    def forward(self, x, positions, keys, values):
        q, k, v = heads_of(self.q(x)), heads_of(self.k(x), 2), heads_of(self.v(x), 2)
        k, v = keys.index_copy(2, positions[0], k), values.index_copy(2, positions[0], v)
        k, v = [t[:, :, None].expand(t.shape[0], 2, 2, 20, 4).reshape(t.shape[0], 4, 20, 4) for t in (k, v)]
        hidden = torch.arange(20)[None] > positions[0][:, None]
        scores = q @ k.transpose(-1, -2) * 0.5 + (hidden.float() * -1e9)[None, None]
        return self.o(tokens_of(F.softmax(scores, -1) @ v))


@graph
def cache_of_fixed_length():
    inputs = (torch.randn(2, 7, 16), torch.arange(7)[None], torch.randn(2, 2, 20, 4), torch.randn(2, 2, 20, 4))
    axes = {'x': {0: 'batch', 1: 'seq'}, 'positions': {1: 'seq'}, 'keys': {0: 'batch'}, 'values': {0: 'batch'}}
    return export(StaticCache(), inputs, ['x', 'positions', 'keys', 'values'], axes=axes)


class LearnedQueries(nn.Module):
    """DETR's first decoder layer: queries attend to each other before they have seen anything of the picture."""

    def __init__(self):
        super().__init__()
        self.queries = nn.Parameter(torch.randn(5, 16))
        self.own, self.other = Projections(), Projections()

    def forward(self, x):
        asked = self.queries.unsqueeze(0).repeat(x.shape[0], 1, 1)
        told = torch.zeros_like(asked)
        for part, source in ((self.own, None), (self.other, x)):
            keys, values = (told + asked, told) if source is None else (source, source)
            q, k, v = heads_of(part.q(told + asked)), heads_of(part.k(keys)), heads_of(part.v(values))
            told = told + part.o(tokens_of((q * 0.5 @ k.transpose(-1, -2)).softmax(-1) @ v))
        return told


@graph
def learned_queries_of_fixed_shape():
    return export(LearnedQueries(), (torch.randn(1, 9, 16),), ['x'])


class MaskedThenJoined(Projections):
    """OPT and WavLM: the mask is added where batch and heads are apart, the softmax is taken where they are one axis."""

    def forward(self, x, mask):
        batch, length, _ = x.shape
        q, k, v = [heads_of(p(x)).reshape(batch * 4, length, 4) for p in (self.q, self.k, self.v)]
        scores = torch.bmm(q * 0.5, k.transpose(1, 2)).view(batch, 4, length, length)
        scores = scores.masked_fill((mask == 0)[:, None, None, :], -1e9).view(batch * 4, length, length)
        return self.o(tokens_of(torch.bmm(F.softmax(scores, -1), v).view(batch, 4, length, 4)))


@graph
def masked_then_joined():
    axes = {'x': {0: 'batch', 1: 'seq'}, 'mask': {0: 'batch', 1: 'seq'}}
    return export(MaskedThenJoined(), (torch.randn(2, 7, 16), torch.ones(2, 7, dtype=torch.long)), ['x', 'mask'], axes=axes)


class Windows(nn.Module):
    """MaxViT and TimeSformer: windows, or frames, have an axis of their own between batch and heads."""

    def __init__(self):
        super().__init__()
        self.qkv = nn.Linear(16, 48)

    def forward(self, x):
        batch = x.shape[0]
        q, k, v = self.qkv(x).view(batch, 2, 4, 3, 4, 4).permute(3, 0, 1, 4, 2, 5)
        return ((q @ k.transpose(-1, -2) * 0.5).softmax(-1) @ v).transpose(2, 3).reshape(batch, 8, 16)


@graph
def windows_beside_the_batch():
    return export(Windows(), (torch.randn(2, 8, 16),), ['x'], axes={'x': {0: 'batch'}})


class Local(nn.Module):
    """Demucs: the softmax runs over the first of two token axes, beside decays that are a product with distances."""

    def __init__(self):
        super().__init__()
        self.q, self.k, self.v = [nn.Conv1d(16, 16, 1) for _ in range(3)]
        self.decay = nn.Conv1d(16, 8, 1)

    def forward(self, x):
        batch, _, length = x.shape
        places = torch.arange(length)
        distance = -torch.arange(1, 3.0).view(-1, 1, 1) * (places[:, None] - places[None]).abs() / math.sqrt(2)
        q, k, v = [part(x).view(batch, 4, -1, length) for part in (self.q, self.k, self.v)]
        decay = torch.sigmoid(self.decay(x).view(batch, 4, -1, length)) / 2
        scores = torch.einsum('bhct,bhcs->bhts', k, q) / 2 + torch.einsum('fts,bhfs->bhts', distance, decay)
        weights = torch.softmax(scores, 2)
        return torch.einsum('bhts,bhct->bhcs', weights, v).reshape(batch, -1, length)


@graph
def decays_by_distance():
    return export(Local(), (torch.randn(2, 16, 9),), ['x'], axes={'x': {0: 'batch', 2: 'seq'}})
