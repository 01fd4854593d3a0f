"""Attention whose scores are put together from several products, cut along diagonals, or have axes that no plain head has."""
import math

import numpy
import torch
import torch.nn as nn
import torch.nn.functional as F
from onnx import TensorProto, helper

from families import Projections, tokens_of
from recording import Builder, export, graph


class PositionSensitive(nn.Module):
    """Axial-DeepLab: scores of content, of queries and of keys with positions stand side by side, are normalised and summed."""

    def __init__(self):
        super().__init__()
        self.qkv, self.norm = nn.Conv1d(16, 32, 1, bias=False), nn.BatchNorm2d(12)
        self.positions = nn.Parameter(torch.randn(8, 11))
        self.register_buffer('places', (torch.arange(6)[None] - torch.arange(6)[:, None] + 5).view(-1))

    def forward(self, x):
        batch, _, rows, columns = x.shape
        x = x.permute(0, 3, 1, 2).reshape(batch * columns, 16, rows)
        q, k, v = self.qkv(x).reshape(batch * columns, 4, 8, rows).split([2, 2, 4], dim=2)
        of_q, of_k, of_v = self.positions.index_select(1, self.places).view(8, rows, rows).split([2, 2, 4], dim=0)
        scores = torch.cat([
            torch.einsum('bgci,bgcj->bgij', q, k),
            torch.einsum('bgci,cij->bgij', q, of_q),
            torch.einsum('bgci,cij->bgij', k, of_k).transpose(2, 3),
        ], dim=1)
        weights = self.norm(scores).view(batch * columns, 3, 4, rows, rows).sum(dim=1).softmax(dim=3)
        mixed = torch.einsum('bgij,bgcj->bgci', weights, v) + torch.einsum('bgij,cij->bgci', weights, of_v)
        return mixed.reshape(batch, columns, 16, rows).permute(0, 2, 3, 1)


@graph
def axial_with_summed_positions():
    return export(PositionSensitive(), (torch.randn(2, 16, 6, 5),), ['x'], axes={'x': {0: 'batch'}})


class Diagonals(Projections):
    """Longformer: chunks of twice the window overlap, and their products' diagonals become rows of a band."""
    window = 4

    def hide(self, rows):
        return rows

    def forward(self, x):
        w, (batch, length, _) = self.window, x.shape
        parts = (part(x).view(batch, length, 4, 4).transpose(1, 2).reshape(batch * 4, length, 4) for part in (self.q, self.k, self.v))
        q, k, v = parts
        count = length // w - 1
        pieces = lambda t: torch.stack([t[:, i * w : (i + 2) * w] for i in range(count)], 1)
        skewed = torch.einsum('bcxd,bcyd->bcxy', pieces(q / 2), pieces(k))
        skewed = F.pad(skewed, (0, 0, 0, 1)).view(batch * 4, count, 2 * w, 2 * w + 1)
        band = torch.zeros(batch * 4, count + 1, w, 2 * w + 1)
        band[:, :-1, :, w:] = skewed[:, :, :w, : w + 1]
        band[:, -1, :, w:] = skewed[:, -1, w:, : w + 1]
        band[:, 1:, :, :w] = skewed[:, :, -(w + 1) : -1, w + 1 :]
        band[:, 0, 1:w, 1:w] = skewed[:, 0, : w - 1, 1 - w :]
        weights = self.hide(band.view(batch, 4, length, 2 * w + 1).transpose(2, 1)).softmax(-1)
        weights = weights.transpose(1, 2).reshape(batch * 4, count + 1, w, 2 * w + 1)
        weights = F.pad(weights, (0, w + 1)).view(batch * 4, count + 1, -1)[:, :, :-w]
        weights = weights.view(batch * 4, count + 1, w, 3 * w + 1)[:, :, :, :-1]
        v = F.pad(v, (0, 0, w, w), value=-1.0)
        values = torch.stack([v[:, i * w : (i + 3) * w] for i in range(count + 1)], 1)
        mixed = torch.einsum('bcwd,bcdh->bcwh', weights, values).reshape(batch, 4, length, 4)
        return self.o(tokens_of(mixed))


@graph
def chunks_along_the_diagonal():
    return export(Diagonals(), (torch.randn(2, 16, 16),), ['x'])


@graph
def ends_of_a_band_hidden():
    """What lies before the first token and after the last: triangles of a table whose columns are distances."""
    class Hidden(Diagonals):
        def hide(self, rows):
            w, table = self.window, torch.zeros_like(rows[:, :, :1])
            before = torch.ones_like(rows[0, :w, 0, : w + 1]).tril().flip(0)[None, :, None, :]
            table[:, :w, :, : w + 1] = before * -1e9
            table[:, -w:, :, -(w + 1) :] = before.flip((1, 3)) * -1e9
            return rows + table

    return export(Hidden(), (torch.randn(2, 16, 16),), ['x'])


class Absorbed(nn.Module):
    """DeepSeek's decoder step: queries meet the compressed keys that all heads share, and their rotated part apart."""

    def __init__(self):
        super().__init__()
        self.q, self.compress, self.norm = nn.Linear(16, 48, bias=False), nn.Linear(16, 12, bias=False), nn.LayerNorm(8)
        self.expand, self.o = nn.Parameter(torch.randn(4, 16, 8)), nn.Linear(32, 16)

    def forward(self, x, compressed, rotated):
        q, turned = self.q(x).view(x.shape[0], x.shape[1], 4, 12).split([8, 4], dim=-1)
        latent, key = self.compress(x).split([8, 4], dim=-1)
        compressed, rotated = torch.cat([compressed, self.norm(latent)], 1), torch.cat([rotated, key], 1)
        q = torch.einsum('bthd,hdc->bthc', q, self.expand[:, :8])
        scores = torch.einsum('bthc,bsc->bths', q, compressed) + torch.einsum('bthr,bsr->bths', turned, rotated)
        mixed = torch.einsum('bths,bsc->bthc', (scores / math.sqrt(12)).softmax(-1), compressed)
        mixed = torch.einsum('bthc,hdc->bthd', mixed, self.expand[:, 8:])
        return self.o(mixed.flatten(2)), compressed, rotated


@graph
def compressed_keys_of_all_heads():
    args = (torch.randn(2, 1, 16), torch.randn(2, 5, 8), torch.randn(2, 5, 4))
    axes = {'x': {0: 'batch'}, 'compressed': {0: 'batch', 1: 'past'}, 'rotated': {0: 'batch', 1: 'past'}}
    return export(Absorbed(), args, list(axes), outputs=('y', 'compressed_out', 'rotated_out'), axes=axes)


class Glimpse(nn.Module):
    """A router of tours: heads first, then an axis for several steps that is always 1; then a pointer, which mixes nothing."""

    def __init__(self):
        super().__init__()
        self.nodes, self.q, self.o = nn.Linear(16, 48, bias=False), nn.Linear(16, 16), nn.Linear(16, 16)

    def forward(self, asking, nodes, visited):
        batch, count, _ = nodes.shape
        k, v, logits = self.nodes(nodes).chunk(3, dim=-1)
        split = lambda t: t.view(batch, count, 4, 4).permute(2, 0, 1, 3)[:, :, None]
        q = self.q(asking).view(batch, 1, 4, 1, 4).permute(2, 0, 1, 3, 4)
        scores = torch.matmul(q, split(k).transpose(-2, -1)) / 2
        scores = scores.masked_fill(visited[None, :, None, None, :], -1e9)
        mixed = torch.matmul(scores.softmax(-1), split(v)).permute(1, 2, 3, 0, 4).reshape(batch, 1, 1, 16)
        pointed = torch.matmul(self.o(mixed), logits[:, None].transpose(-2, -1)).squeeze(-2) / 4
        return (torch.tanh(pointed) * 10).masked_fill(visited[:, None], -1e9).log_softmax(-1)


@graph
def glimpse_of_a_pointer_network():
    args = (torch.randn(2, 16), torch.randn(2, 7, 16), torch.zeros(2, 7, dtype=torch.bool))
    axes = {'asking': {0: 'batch'}, 'nodes': {0: 'batch', 1: 'count'}, 'visited': {0: 'batch', 1: 'count'}}
    return export(Glimpse(), args, list(axes), axes=axes)


class Triangle(Projections):
    """AlphaFold: rows of pairs attend, each row masked by its own pairs, all biased by other pairs, gated."""

    def __init__(self):
        super().__init__()
        self.bias, self.gate = nn.Linear(16, 4, bias=False), nn.Linear(16, 16)

    def forward(self, pairs, mask):
        split = lambda t: t.view(*t.shape[:-1], 4, 4).transpose(-2, -3)
        q, k, v = (split(part(pairs)) for part in (self.q, self.k, self.v))
        scores = torch.matmul(q / 2, k.permute(0, 1, 2, 4, 3)) + (1e9 * (mask - 1))[:, :, None, None, :]
        scores = scores + self.bias(pairs).permute(0, 3, 1, 2).unsqueeze(1)
        mixed = torch.matmul(scores.softmax(-1), v).transpose(-2, -3).flatten(-2)
        return self.o(mixed * torch.sigmoid(self.gate(pairs)))


@graph
def triangle_of_pairs():
    axes = {'pairs': {0: 'batch', 1: 'i', 2: 'j'}, 'mask': {0: 'batch', 1: 'i', 2: 'j'}}
    return export(Triangle(), (torch.randn(1, 5, 5, 16), torch.ones(1, 5, 5)), list(axes), axes=axes)


class Matched(Projections):
    """LoFTR: one picture's pixels read the state of another's, whose padding is taken out of keys and values."""

    def forward(self, x, source, mask):
        q, k, v = (part.view(part.shape[0], -1, 4, 4) for part in (self.q(x), self.k(source), self.v(source)))
        q, k = F.elu(q) + 1, (F.elu(k) + 1) * mask[:, :, None, None]
        length = v.size(1)
        state = torch.einsum('nshd,nshv->nhdv', k, v * mask[:, :, None, None] / length)
        size = 1 / (torch.einsum('nlhd,nhd->nlh', q, k.sum(dim=1)) + 1e-6)
        return self.o((torch.einsum('nlhd,nhdv,nlh->nlhv', q, state, size) * length).flatten(2))


@graph
def linear_across_with_masked_keys():
    axes = {'x': {0: 'batch', 1: 'seq'}, 'source': {0: 'batch', 1: 'other'}, 'mask': {0: 'batch', 1: 'other'}}
    return export(Matched(), (torch.randn(2, 8, 16), torch.randn(2, 5, 16), torch.ones(2, 5)), list(axes), axes=axes)


def with_mask_in_typed_fields(mask, dtype, hide):
    """A mask of the longest length, its numbers not in `raw_data`; cut out for the tokens at hand."""
    b = Builder(5)
    split = lambda t: b.node('Transpose', [b.node('Reshape', [t, b.constant([0, -1, 4, 4])])], perm=[0, 2, 1, 3])
    q, k, v = (split(b.linear('x', 16, 16)) for _ in range(3))
    scores = b.node('MatMul', [q, b.node('Transpose', [k], perm=[0, 1, 3, 2])])
    b.weights.append(helper.make_tensor('mask', dtype, [1, 1, *mask.shape], mask.ravel().tolist()))
    cut = b.node('Slice', ['mask', b.constant([0, 0]), b.constant([8, 8]), b.constant([2, 3])])
    weights = b.node('Softmax', [hide(b, b.node('Div', [scores, b.constant(numpy.float32(2))]), cut)], axis=-1)
    mixed = b.node('Transpose', [b.node('MatMul', [weights, v])], perm=[0, 2, 1, 3])
    joined = b.node('Reshape', [mixed, b.constant([0, -1, 16])])
    b.nodes.append(helper.make_node('MatMul', [joined, b.weight(16, 16)], ['output'], 'out'))
    return b.model({'x': (['batch', 8, 16],)}, {'output': (['batch', 8, 16],)}, opset=17)


@graph
def large_triangle_in_float_data():
    def hide(b, scores, cut):
        return b.node('Add', [scores, cut])

    return with_mask_in_typed_fields((1 - numpy.tri(40, dtype='float32')) * -1e9, TensorProto.FLOAT, hide)


@graph
def large_band_in_int64_data():
    def hide(b, scores, cut):
        return b.node('Where', [b.node('Cast', [cut], to=TensorProto.BOOL), scores, b.constant(numpy.float32(-1e9))])

    return with_mask_in_typed_fields((numpy.tri(40) - numpy.tri(40, k=-6)).astype('int64'), TensorProto.INT64, hide)


@graph
def large_triangle_of_halves_in_int32_data():
    def hide(b, scores, cut):
        return b.node('Add', [scores, b.node('Cast', [cut], to=TensorProto.FLOAT)])

    return with_mask_in_typed_fields((1 - numpy.tri(40, dtype='float32')) * -6e4, TensorProto.FLOAT16, hide)
