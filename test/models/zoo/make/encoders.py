"""Encoders of text: every token sees every other."""
import math

import torch
import torch.nn as nn
import torch.nn.functional as F

from recording import export, graph

IDS = torch.randint(0, 20, (2, 5))
MASK = torch.tensor([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]])
TEXT = {'ids': {0: 'batch', 1: 'seq'}, 'mask': {0: 'batch', 1: 'seq'}}


class Embedded(nn.Module):
    """Token ids and their mask through an embedding, layers and a classifier."""

    def __init__(self, layers, width=16, extend=lambda mask: mask):
        super().__init__()
        self.embed, self.layers, self.extend = nn.Embedding(20, width), nn.ModuleList(layers), extend
        self.classifier = nn.Linear(width, 3)

    def forward(self, ids, mask):
        x, mask = self.embed(ids), self.extend(mask)
        for layer in self.layers:
            x = layer(x, mask)
        return torch.softmax(self.classifier(x[:, 0]), -1)


class Block(nn.Module):
    def __init__(self, attention, width=16):
        super().__init__()
        self.attention, self.norm = attention, nn.LayerNorm(width)
        self.dense, self.out = nn.Linear(width, 2 * width), nn.Linear(2 * width, width)

    def forward(self, x, mask):
        x = self.norm(x + self.attention(x, mask))
        return x + self.out(F.gelu(self.dense(x)))


class SelfAttention(nn.Module):
    """As in BERT: scores over the root of the head size, plus a mask of large negative numbers."""

    def __init__(self, width=16, heads=4):
        super().__init__()
        self.heads, self.size = heads, width // heads
        self.query, self.key, self.value = (nn.Linear(width, width) for _ in range(3))
        self.dropout = nn.Dropout(0.1)

    def split(self, x):
        return x.view(*x.size()[:-1], self.heads, self.size).permute(0, 2, 1, 3)

    def scores(self, x, mask):
        q, k = self.split(self.query(x)), self.split(self.key(x))
        return torch.matmul(q, k.transpose(-1, -2)) / math.sqrt(self.size) + mask

    def forward(self, x, mask):
        weights = self.dropout(F.softmax(self.scores(x, mask), dim=-1))
        mixed = torch.matmul(weights, self.split(self.value(x))).permute(0, 2, 1, 3).contiguous()
        return mixed.view(*mixed.size()[:-2], -1)


def additive(mask):
    return (1.0 - mask[:, None, None, :].float()) * -10000.0


@graph
def bert():
    return export(Embedded([Block(SelfAttention()) for _ in range(2)], extend=additive), (IDS, MASK), ['ids', 'mask'], axes=TEXT, opset=11)


@graph
def roberta():
    class Positions(Embedded):
        def __init__(self, *args, **options):
            super().__init__(*args, **options)
            self.positions = nn.Embedding(40, 16)

        def forward(self, ids, mask):
            real = ids.ne(1).int()
            places = (torch.cumsum(real, 1).type_as(real) * real).long() + 1
            x, mask = self.embed(ids) + self.positions(places), self.extend(mask)
            for layer in self.layers:
                x = layer(x, mask)
            return self.classifier(x[:, 0])

    return export(Positions([Block(SelfAttention())], extend=additive), (IDS, MASK), ['ids', 'mask'], axes=TEXT)


@graph
def distilbert():
    class Attention(SelfAttention):
        def scores(self, x, mask):
            q, k = self.split(self.query(x)) / math.sqrt(self.size), self.split(self.key(x))
            scores = torch.matmul(q, k.transpose(2, 3))
            hidden = (mask == 0).view(x.shape[0], 1, 1, x.shape[1]).expand_as(scores)
            return scores.masked_fill(hidden, -float('inf'))

    return export(Embedded([Block(Attention()) for _ in range(2)]), (IDS, MASK), ['ids', 'mask'], axes=TEXT, opset=11)


@graph
def bert_half_precision():
    class Attention(SelfAttention):
        def forward(self, x, mask):
            scores = super().scores(x, mask).half().float()
            weights = F.softmax(scores, dim=-1, dtype=torch.float32).half().float()
            mixed = torch.matmul(weights, self.split(self.value(x)))
            return mixed.permute(0, 2, 1, 3).reshape(x.shape[0], x.shape[1], -1)

    return export(Embedded([Block(Attention())], extend=additive), (IDS, MASK), ['ids', 'mask'], axes=TEXT)


@graph
def bert_of_fixed_shape():
    return export(Embedded([Block(SelfAttention())], extend=additive), (IDS, MASK), ['ids', 'mask'], opset=12)


@graph
def bert_without_constant_folding():
    model = Embedded([Block(SelfAttention())], extend=additive)
    return export(model, (IDS, MASK), ['ids', 'mask'], axes=TEXT, do_constant_folding=False)


@graph
def torch_multihead_attention():
    class Attention(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = nn.MultiheadAttention(16, 4, batch_first=True)

        def forward(self, x, mask):
            return self.inner(x, x, x, key_padding_mask=mask == 0, need_weights=False)[0]

    return export(Embedded([Block(Attention())]), (IDS, MASK), ['ids', 'mask'], axes=TEXT, opset=14)


@graph
def deberta_disentangled():
    """Content to content, content to position and position to content, summed before one softmax."""

    class Attention(SelfAttention):
        def __init__(self):
            super().__init__()
            self.positions = nn.Parameter(torch.randn(16, 16) * 0.3)

        def scores(self, x, mask):
            q, k = self.split(self.query(x)), self.split(self.key(x))
            scale = math.sqrt(self.size * 3)
            content = torch.matmul(q, k.transpose(-1, -2) / scale)
            length = x.shape[1]
            ids = torch.arange(length)
            relative = (ids[:, None] - ids[None, :] + 8).clamp(0, 15)
            index = relative[None, None].expand(x.shape[0], self.heads, length, length)
            keys = self.key(self.positions).view(16, self.heads, self.size).permute(1, 0, 2)[None]
            queries = self.query(self.positions).view(16, self.heads, self.size).permute(1, 0, 2)[None]
            forth = torch.gather(torch.matmul(q, keys.transpose(-1, -2)), -1, index)
            back = torch.gather(torch.matmul(k, queries.transpose(-1, -2)), -1, index).transpose(-1, -2)
            return content + forth / scale + back / scale + mask

    return export(Embedded([Block(Attention())], extend=additive), (IDS, MASK), ['ids', 'mask'], axes={'ids': {0: 'batch'}, 'mask': {0: 'batch'}})


@graph
def conformer_relative_positions():
    """As in Transformer-XL: content and shifted position scores added, then scaled."""

    class Attention(SelfAttention):
        def __init__(self):
            super().__init__()
            self.linear_pos = nn.Linear(16, 16, bias=False)
            self.pos_bias_u, self.pos_bias_v = (nn.Parameter(torch.randn(4, 4) * 0.3) for _ in range(2))
            self.register_buffer('pos', torch.randn(1, 9, 16))

        def shift(self, x):
            zero = torch.zeros((*x.size()[:3], 1), dtype=x.dtype)
            padded = torch.cat([zero, x], dim=-1).view(*x.size()[:2], x.size(3) + 1, x.size(2))
            return padded[:, :, 1:].view_as(x)[:, :, :, : x.size(-1) // 2 + 1]

        def scores(self, x, mask):
            q, k = self.split(self.query(x)).transpose(1, 2), self.split(self.key(x))
            p = self.split(self.linear_pos(self.pos))
            content = torch.matmul((q + self.pos_bias_u).transpose(1, 2), k.transpose(-2, -1))
            place = self.shift(torch.matmul((q + self.pos_bias_v).transpose(1, 2), p.transpose(-2, -1)))
            scores = (content + place) / math.sqrt(self.size)
            return scores.masked_fill(mask[:, None, None, :] == 0, -1e9)

    return export(Embedded([Block(Attention())]), (IDS, MASK), ['ids', 'mask'], opset=14)


@graph
def einsum_attention():
    class Attention(SelfAttention):
        def forward(self, x, mask):
            q, k, v = (p(x).view(*x.shape[:2], self.heads, self.size) for p in (self.query, self.key, self.value))
            scores = torch.einsum('bthd,bshd->bhts', q * self.size**-0.5, k) + mask
            mixed = torch.einsum('bhts,bshd->bthd', scores.softmax(-1), v)
            return mixed.reshape(*x.shape)

    return export(Embedded([Block(Attention())], extend=additive), (IDS, MASK), ['ids', 'mask'], axes=TEXT)


@graph
def talking_heads():
    class Attention(SelfAttention):
        def __init__(self):
            super().__init__()
            self.before, self.after = nn.Linear(4, 4), nn.Linear(4, 4)

        def forward(self, x, mask):
            scores = self.before(super().scores(x, mask).permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
            weights = self.after(scores.softmax(-1).permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
            mixed = torch.matmul(weights, self.split(self.value(x)))
            return mixed.transpose(1, 2).reshape(*x.shape)

    return export(Embedded([Block(Attention())], extend=additive), (IDS, MASK), ['ids', 'mask'], axes=TEXT)
