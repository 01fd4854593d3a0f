"""Encoders with decoders: attention to itself and to another sequence."""
import math

import torch
import torch.nn as nn
import torch.nn.functional as F

from recording import export, graph

SOURCE, TARGET = torch.randint(0, 20, (2, 6)), torch.randint(0, 20, (2, 4))
MASK = torch.ones(2, 6, dtype=torch.int64)
FREE = {'ids': {0: 'batch', 1: 'source'}, 'mask': {0: 'batch', 1: 'source'}, 'decoder_ids': {0: 'batch', 1: 'target'}}


class T5Attention(nn.Module):
    """No scale; a learned bias by relative position is added to the scores."""

    def __init__(self, width=16, heads=4, causal=False, biased=False):
        super().__init__()
        self.heads, self.size, self.causal = heads, width // heads, causal
        self.q, self.k, self.v, self.o = (nn.Linear(width, width, bias=False) for _ in range(4))
        self.relative_attention_bias = nn.Embedding(8, heads) if biased else None

    def split(self, x):
        return x.view(x.shape[0], -1, self.heads, self.size).transpose(1, 2)

    def bias(self, rows, columns):
        relative = torch.arange(columns)[None, :] - torch.arange(rows)[:, None]
        buckets = 0
        if not self.causal:
            buckets = (relative > 0).long() * 4
            relative = relative.abs()
        else:
            relative = -torch.min(relative, torch.zeros_like(relative))
        small = relative < 2
        large = 2 + (torch.log(relative.float().clamp(min=1) / 2) / math.log(4) * 2).long()
        buckets = buckets + torch.where(small, relative, torch.min(large, torch.full_like(large, 3)))
        return self.relative_attention_bias(buckets).permute(2, 0, 1)[None]

    def forward(self, x, mask, source=None):
        q = self.split(self.q(x))
        k, v = (self.split(p(x if source is None else source)) for p in (self.k, self.v))
        scores = torch.matmul(q, k.transpose(3, 2))
        position = mask if self.relative_attention_bias is None else self.bias(q.shape[2], k.shape[2]) + mask
        weights = F.softmax((scores + position).float(), dim=-1).type_as(scores)
        mixed = torch.matmul(weights, v).transpose(1, 2).contiguous()
        return self.o(mixed.view(mixed.shape[0], -1, self.heads * self.size))


class T5(nn.Module):
    def __init__(self):
        super().__init__()
        self.shared = nn.Embedding(20, 16)
        self.encoder = T5Attention(biased=True)
        self.self_attention, self.cross_attention = T5Attention(causal=True, biased=True), T5Attention()
        self.norms = nn.ModuleList([nn.LayerNorm(16) for _ in range(5)])
        self.head = nn.Linear(16, 20)

    def forward(self, ids, mask, decoder_ids):
        seen = (1.0 - mask[:, None, None, :].float()) * -1e9
        x = self.shared(ids)
        x = self.norms[3](x + self.encoder(self.norms[0](x), seen))
        y, t = self.shared(decoder_ids), decoder_ids.shape[1]
        places = torch.arange(t)
        past = places[None, None, :].repeat(y.shape[0], t, 1) <= places[None, :, None]
        y = y + self.self_attention(self.norms[1](y), (1.0 - past[:, None].float()) * -1e9)
        y = y + self.cross_attention(self.norms[2](y), seen, x)
        return self.head(self.norms[4](y))


@graph
def t5():
    return export(T5(), (SOURCE, MASK, TARGET), ['ids', 'mask', 'decoder_ids'], axes=FREE, opset=13)


class BartAttention(nn.Module):
    """q scaled before; heads folded into the batch; `bmm`."""

    def __init__(self, width=16, heads=4):
        super().__init__()
        self.heads, self.size = heads, width // heads
        self.k_proj, self.v_proj, self.q_proj, self.out_proj = (nn.Linear(width, width) for _ in range(4))

    def shape(self, x, length, batch):
        return x.view(batch, length, self.heads, self.size).transpose(1, 2).contiguous()

    def forward(self, x, mask=None, source=None, past=None):
        b, t, _ = x.size()
        q = self.shape(self.q_proj(x) * self.size**-0.5, t, b)
        if past is not None and source is not None:
            k, v = past
        else:
            k, v = (self.shape(p(x if source is None else source), -1, b) for p in (self.k_proj, self.v_proj))
            if past is not None:
                k, v = torch.cat([past[0], k], dim=2), torch.cat([past[1], v], dim=2)
        flat = (b * self.heads, -1, self.size)
        q, k, v = q.view(*flat), k.reshape(*flat), v.reshape(*flat)
        weights = torch.bmm(q, k.transpose(1, 2))
        s = k.size(1)
        if mask is not None:
            weights = (weights.view(b, self.heads, t, s) + mask).view(b * self.heads, t, s)
        weights = F.dropout(F.softmax(weights, dim=-1), p=0.1, training=self.training)
        out = torch.bmm(weights, v).view(b, self.heads, t, self.size).transpose(1, 2)
        return self.out_proj(out.reshape(b, t, -1))


def causal(t):
    mask = torch.full((t, t), torch.finfo(torch.float32).min)
    places = torch.arange(t)
    return mask.masked_fill(places < (places + 1).view(t, 1), 0)[None, None]


class Bart(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed_tokens = nn.Embedding(20, 16)
        self.encoder = nn.ModuleList([BartAttention(), BartAttention()])
        self.decoder = nn.ModuleList([nn.ModuleDict({'self_attn': BartAttention(), 'encoder_attn': BartAttention()}) for _ in range(2)])
        self.norm, self.head = nn.LayerNorm(16), nn.Linear(16, 20)

    def forward(self, ids, mask, decoder_ids):
        hidden = (1.0 - mask[:, None, None, :].float()) * torch.finfo(torch.float32).min
        x = self.embed_tokens(ids)
        for layer in self.encoder:
            x = self.norm(x + layer(x, hidden))
        y, past = self.embed_tokens(decoder_ids), causal(decoder_ids.shape[1])
        for layer in self.decoder:
            y = self.norm(y + layer['self_attn'](y, past))
            y = self.norm(y + layer['encoder_attn'](y, hidden, x))
        return self.head(y)


@graph
def bart():
    return export(Bart(), (SOURCE, MASK, TARGET), ['ids', 'mask', 'decoder_ids'], axes=FREE, opset=14)


@graph
def whisper_encoder():
    class Encoder(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv1, self.conv2 = nn.Conv1d(8, 16, 3, padding=1), nn.Conv1d(16, 16, 3, stride=2, padding=1)
            self.positions = nn.Parameter(torch.randn(6, 16) * 0.1)
            self.norm, self.layers = nn.LayerNorm(16), nn.ModuleList([BartAttention(), BartAttention()])

        def forward(self, mel):
            x = F.gelu(self.conv2(F.gelu(self.conv1(mel)))).permute(0, 2, 1) + self.positions
            for layer in self.layers:
                x = x + layer(self.norm(x))
            return x

    return export(Encoder(), (torch.randn(1, 8, 12),), ['mel'], axes={'mel': {0: 'batch'}}, opset=14)


class WhisperDecoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed, self.norm, self.head = nn.Embedding(20, 16), nn.LayerNorm(16), nn.Linear(16, 20)
        self.self_attn, self.encoder_attn = BartAttention(), BartAttention()

    def forward(self, ids, states):
        x = self.embed(ids)
        x = x + self.self_attn(self.norm(x), causal(ids.shape[1]))
        return self.head(x + self.encoder_attn(self.norm(x), None, states))


@graph
def whisper_decoder():
    axes = {'ids': {0: 'batch', 1: 'target'}, 'states': {0: 'batch', 1: 'source'}}
    return export(WhisperDecoder(), (TARGET, torch.randn(2, 6, 16)), ['ids', 'states'], axes=axes, opset=14)


@graph
def whisper_decoder_with_past():
    class Stepping(WhisperDecoder):
        def forward(self, ids, past_k, past_v, cross_k, cross_v):
            x = self.embed(ids)
            x = x + self.self_attn(self.norm(x), None, None, (past_k, past_v))
            return self.head(x + self.encoder_attn(self.norm(x), None, x, (cross_k, cross_v)))

    names = ['ids', 'past_k', 'past_v', 'cross_k', 'cross_v']
    tensors = (TARGET[:, :1], *(torch.randn(2, 4, n, 4) for n in (3, 3, 6, 6)))
    axes = {'ids': {0: 'batch'}, **{n: {0: 'batch', 2: n.split('_')[0]} for n in names[1:]}}
    return export(Stepping(), tensors, names, axes=axes, opset=14)


@graph
def detr():
    """Queries learned, positions added to q and k but not to v."""

    class Detr(nn.Module):
        def __init__(self):
            super().__init__()
            self.backbone = nn.Conv2d(3, 16, 4, stride=4)
            self.encoder, self.decoder_self, self.decoder_cross = (nn.MultiheadAttention(16, 4) for _ in range(3))
            self.query_embed, self.pos = nn.Embedding(3, 16), nn.Parameter(torch.randn(16, 1, 16))
            self.norm, self.head = nn.LayerNorm(16), nn.Linear(16, 4)

        def forward(self, image):
            x = self.backbone(image).flatten(2).permute(2, 0, 1)
            places = x + self.pos
            x = self.norm(x + self.encoder(places, places, x)[0])
            queries = self.query_embed.weight.unsqueeze(1).repeat(1, image.shape[0], 1)
            y = torch.zeros_like(queries)
            y = self.norm(y + self.decoder_self(y + queries, y + queries, y)[0])
            y = self.norm(y + self.decoder_cross(y + queries, x + self.pos, x)[0])
            return self.head(y).softmax(-1)

    return export(Detr(), (torch.randn(2, 3, 16, 16),), ['image'], axes={'image': {0: 'batch'}}, opset=14)


@graph
def learned_latents():
    """A few learned vectors ask a sequence of any length, as in Perceiver and Q-Former."""

    class Latents(nn.Module):
        def __init__(self):
            super().__init__()
            self.latents, self.attention = nn.Parameter(torch.randn(1, 3, 16)), BartAttention()

        def forward(self, x):
            return self.attention(self.latents.expand(x.shape[0], -1, -1), None, x)

    return export(Latents(), (torch.randn(2, 5, 16),), ['x'], axes={'x': {0: 'batch', 1: 'seq'}}, opset=14)


@graph
def recurrent_with_attention():
    """A recurrent decoder that looks back at the encoder's states by dot products."""

    class Luong(nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder, self.decoder = nn.LSTM(8, 8, batch_first=True), nn.LSTM(8, 8, batch_first=True)
            self.head = nn.Linear(16, 5)

        def forward(self, source, target):
            states, last = self.encoder(source)
            y, _ = self.decoder(target, last)
            weights = torch.softmax(torch.bmm(y, states.transpose(1, 2)), dim=-1)
            return self.head(torch.cat([torch.bmm(weights, states), y], dim=-1))

    return export(Luong(), (torch.randn(2, 6, 8), torch.randn(2, 4, 8)), ['source', 'target'], opset=14)
