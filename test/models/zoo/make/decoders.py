"""Decoders of text: a token sees those before it."""
import math

import torch
import torch.nn as nn
import torch.nn.functional as F

from recording import export, graph

IDS = torch.randint(0, 20, (2, 5))
FREE = {'ids': {0: 'batch', 1: 'seq'}}


class Decoder(nn.Module):
    def __init__(self, layers, width=16):
        super().__init__()
        self.embed, self.layers = nn.Embedding(20, width), nn.ModuleList(layers)
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, 20, bias=False)

    def forward(self, ids, *rest):
        x = self.embed(ids)
        for layer in self.layers:
            x = x + layer(self.norm(x), *rest)
        return self.head(x)


class Conv1D(nn.Module):
    """GPT-2's linear layer: the weight stands the other way round."""

    def __init__(self, outputs, inputs):
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.randn(inputs, outputs) * 0.3), nn.Parameter(torch.zeros(outputs))

    def forward(self, x):
        size = (*x.size()[:-1], self.bias.size(0))
        return torch.addmm(self.bias, x.view(-1, x.size(-1)), self.weight).view(size)


class Gpt2(nn.Module):
    def __init__(self, width=16, heads=4, longest=24, old=False):
        super().__init__()
        self.heads, self.size, self.old = heads, width // heads, old
        self.c_attn, self.c_proj = Conv1D(3 * width, width), Conv1D(width, width)
        self.register_buffer('bias', torch.tril(torch.ones(longest, longest, dtype=torch.uint8)).view(1, 1, longest, longest))

    def split(self, x):
        return x.view(*x.size()[:-1], self.heads, self.size).permute(0, 2, 1, 3)

    def forward(self, x, past=None, mask=None):
        q, k, v = (self.split(part) for part in self.c_attn(x).split(x.size(-1), dim=2))
        if past is not None:
            k, v = torch.cat((past[0], k), dim=-2), torch.cat((past[1], v), dim=-2)
        scores = torch.matmul(q, k.transpose(-1, -2)) / (v.size(-1) ** 0.5)
        t, s = q.size(-2), k.size(-2)
        seen = self.bias[:, :, s - t : s, :s]
        if self.old:
            scores = scores * seen.float() - 1e4 * (1 - seen.float())
        else:
            scores = torch.where(seen.bool(), scores, torch.tensor(-1e4))
        if mask is not None:
            scores = scores + (1.0 - mask[:, None, None, :].float()) * -10000.0
        mixed = torch.matmul(F.softmax(scores, dim=-1), v).permute(0, 2, 1, 3).contiguous()
        return self.c_proj(mixed.view(*mixed.size()[:-2], -1))


@graph
def gpt2_without_past():
    return export(Decoder([Gpt2(), Gpt2()]), (IDS,), ['ids'], axes=FREE, opset=11)


@graph
def gpt2_old_mask():
    return export(Decoder([Gpt2(old=True)]), (IDS,), ['ids'], axes=FREE, opset=11)


@graph
def gpt2_with_past():
    past = torch.randn(2, 2, 4, 3, 4)
    axes = {**FREE, 'past': {1: 'batch', 3: 'past'}, 'mask': {0: 'batch', 1: 'total'}}
    return export(Decoder([Gpt2()]), (IDS, past, torch.ones(2, 8, dtype=torch.int64)), ['ids', 'past', 'mask'], axes=axes, opset=11)


@graph
def megatron():
    """Tokens first, heads folded into the batch, packed q, k, v for each head."""

    class Attention(nn.Module):
        def __init__(self, width=16, heads=4):
            super().__init__()
            self.heads, self.size = heads, width // heads
            self.query_key_value, self.dense = nn.Linear(width, 3 * width), nn.Linear(width, width)

        def forward(self, x, mask):
            x = x.transpose(0, 1)
            t, b, _ = x.size()
            mixed = self.query_key_value(x).view(t, b, self.heads, 3 * self.size)
            q, k, v = torch.split(mixed, self.size, dim=-1)
            q, k = (y.reshape(t, b * self.heads, -1) for y in (q, k))
            scores = torch.bmm(q.transpose(0, 1), k.transpose(0, 1).transpose(1, 2)) * (1 / math.sqrt(self.size))
            scores = scores.view(b, self.heads, t, t).masked_fill(mask, -10000.0)
            weights = F.softmax(scores, dim=-1).view(b * self.heads, t, t)
            out = torch.bmm(weights, v.reshape(t, b * self.heads, -1).transpose(0, 1))
            out = out.view(b, self.heads, t, self.size).permute(2, 0, 1, 3).reshape(t, b, -1)
            return self.dense(out).transpose(0, 1)

    class Model(Decoder):
        def forward(self, ids):
            t = ids.size(1)
            return super().forward(ids, torch.tril(torch.ones(t, t))[None, None] < 0.5)

    return export(Model([Attention(), Attention()]), (IDS,), ['ids'], axes=FREE, opset=14)


@graph
def bloom_alibi():
    class Attention(nn.Module):
        def __init__(self, width=16, heads=4):
            super().__init__()
            self.heads, self.size = heads, width // heads
            self.query_key_value, self.dense = nn.Linear(width, 3 * width), nn.Linear(width, width)

        def forward(self, x, alibi, hidden):
            b, t, _ = x.shape
            packed = self.query_key_value(x).view(b, t, self.heads, 3, self.size)
            q, k, v = packed[..., 0, :], packed[..., 1, :], packed[..., 2, :]
            q = q.transpose(1, 2).reshape(b * self.heads, t, self.size)
            k = k.permute(0, 2, 3, 1).reshape(b * self.heads, self.size, t)
            v = v.transpose(1, 2).reshape(b * self.heads, t, self.size)
            scores = alibi.baddbmm(batch1=q, batch2=k, beta=1.0, alpha=1 / math.sqrt(self.size))
            scores = scores.view(b, self.heads, t, t)
            scores = torch.masked_fill(scores, hidden, torch.finfo(scores.dtype).min)
            weights = F.softmax(scores, dim=-1, dtype=torch.float32).view(b * self.heads, t, t)
            out = torch.bmm(weights, v).view(b, self.heads, t, self.size)
            return self.dense(out.permute(0, 2, 1, 3).reshape(b, t, -1))

    class Model(Decoder):
        def forward(self, ids, mask):
            b, t = ids.shape
            slopes = torch.tensor([0.5, 0.25, 0.125, 0.0625])
            places = ((mask.cumsum(dim=-1) - 1) * mask)[:, None, :]
            alibi = (slopes[..., None] * places).reshape(b * 4, 1, t)
            ids_of = torch.arange(t)
            hidden = (ids_of[:, None] < ids_of[None, :])[None, None] | (mask == 0)[:, None, None, :]
            return super().forward(ids, alibi, hidden)

    mask = torch.ones(2, 5, dtype=torch.int64)
    return export(Model([Attention()]), (IDS, mask), ['ids', 'mask'], axes={**FREE, 'mask': {0: 'batch', 1: 'seq'}}, opset=14)


def rotate_half(x):
    half = x.shape[-1] // 2
    return torch.cat((-x[..., half:], x[..., :half]), dim=-1)


class Grouped(nn.Module):
    """Grouped queries with rotary positions, as in Llama, Qwen and Gemma."""

    def __init__(self, width=16, heads=4, kv_heads=2, bias=False, cap=None, window=None):
        super().__init__()
        self.heads, self.kv_heads, self.size, self.cap, self.window = heads, kv_heads, width // heads, cap, window
        self.q_proj = nn.Linear(width, width, bias=bias)
        self.k_proj, self.v_proj = (nn.Linear(width, kv_heads * self.size, bias=bias) for _ in range(2))
        self.o_proj = nn.Linear(width, width, bias=False)
        self.register_buffer('inv_freq', 1.0 / (10000 ** (torch.arange(0, self.size, 2).float() / self.size)))

    def rotary(self, places):
        angles = places[:, :, None].float() * self.inv_freq[None, None, :]
        both = torch.cat((angles, angles), dim=-1)[:, None]
        return both.cos(), both.sin()

    def repeat(self, x):
        b, g, t, d = x.shape
        n = self.heads // self.kv_heads
        return x if n == 1 else x[:, :, None].expand(b, g, n, t, d).reshape(b, g * n, t, d)

    def forward(self, x, mask, places, past_k=None, past_v=None):
        b, t, _ = x.shape
        q = self.q_proj(x).view(b, t, self.heads, self.size).transpose(1, 2)
        k = self.k_proj(x).view(b, t, self.kv_heads, self.size).transpose(1, 2)
        v = self.v_proj(x).view(b, t, self.kv_heads, self.size).transpose(1, 2)
        cos, sin = self.rotary(places)
        q, k = q * cos + rotate_half(q) * sin, k * cos + rotate_half(k) * sin
        if past_k is not None:
            k, v = torch.cat([past_k, k], dim=2), torch.cat([past_v, v], dim=2)
        k, v = self.repeat(k), self.repeat(v)
        scores = torch.matmul(q, k.transpose(2, 3)) / math.sqrt(self.size)
        if self.cap:
            scores = torch.tanh(scores / self.cap) * self.cap
        scores = scores + mask
        weights = F.softmax(scores, dim=-1, dtype=torch.float32).to(q.dtype)
        return self.o_proj(torch.matmul(weights, v).transpose(1, 2).reshape(b, t, -1))


class Causal(Decoder):
    def __init__(self, layers, window=None):
        super().__init__(layers)
        self.window = window

    def forward(self, ids, mask, *past):
        b, t = ids.shape
        s = mask.shape[1]
        rows, columns = torch.arange(s - t, s)[:, None], torch.arange(s)[None, :]
        hidden = columns > rows
        if self.window:
            hidden = hidden | (columns <= rows - self.window)
        hidden = hidden[None, None] | (mask == 0)[:, None, None, :]
        bias = torch.zeros(b, 1, t, s).masked_fill(hidden, torch.finfo(torch.float32).min)
        places = (mask.cumsum(-1) - 1)[:, s - t :]
        return super().forward(ids, bias, places, *past)


def grouped(layers, past=False, window=None, opset=14):
    mask = torch.ones(2, 8 if past else 5, dtype=torch.int64)
    args = (IDS, mask, torch.randn(2, 2, 3, 4), torch.randn(2, 2, 3, 4)) if past else (IDS, mask)
    axes = {**FREE, 'mask': {0: 'batch', 1: 'total'}, 'past_k': {0: 'batch', 2: 'past'}, 'past_v': {0: 'batch', 2: 'past'}}
    return export(Causal(layers, window), args, ['ids', 'mask', 'past_k', 'past_v'][: len(args)], axes=axes, opset=opset)


@graph
def llama():
    return grouped([Grouped(), Grouped()])


@graph
def llama_with_past():
    return grouped([Grouped()], past=True)


@graph
def qwen_of_many_heads():
    return grouped([Grouped(heads=8, kv_heads=2, bias=True)])


@graph
def gemma_soft_cap_and_window():
    return grouped([Grouped(cap=50.0)], window=3)


@graph
def multi_query():
    """One key head for all queries, broadcast by the product itself."""

    class Attention(Grouped):
        def repeat(self, x):
            return x

    return grouped([Attention(kv_heads=1)])


@graph
def scaled_dot_product_of_torch_2():
    """As newer exporters write `scaled_dot_product_attention`: the root of the scale on both sides, the scale from shapes."""

    class Attention(Grouped):
        def forward(self, x, mask, places):
            b, t, _ = x.shape
            q, k, v = (p(x).view(b, t, self.heads, self.size).transpose(1, 2) for p in (self.q_proj, self.k_proj, self.v_proj))
            root = torch.sqrt(1 / torch.sqrt(torch.tensor(q.shape[-1], dtype=torch.float32)))
            weights = torch.softmax(torch.matmul(q * root, k.transpose(-1, -2) * root) + mask, dim=-1)
            weights = torch.where(torch.isnan(weights), torch.zeros(1), weights)
            return self.o_proj(torch.matmul(weights, v).transpose(1, 2).reshape(b, t, -1))

    return grouped([Attention(kv_heads=4)])


@graph
def heads_one_by_one():
    """Each head a module of its own, as in hand-written tutorials."""

    class Head(nn.Module):
        def __init__(self):
            super().__init__()
            self.key, self.query, self.value = (nn.Linear(16, 4, bias=False) for _ in range(3))
            self.register_buffer('tril', torch.tril(torch.ones(24, 24)))

        def forward(self, x):
            t = x.shape[1]
            scores = self.query(x) @ self.key(x).transpose(-2, -1) * 4**-0.5
            scores = scores.masked_fill(self.tril[:t, :t] == 0, float('-inf'))
            return F.softmax(scores, dim=-1) @ self.value(x)

    class Heads(nn.Module):
        def __init__(self):
            super().__init__()
            self.heads, self.proj = nn.ModuleList([Head() for _ in range(4)]), nn.Linear(16, 16)

        def forward(self, x):
            return self.proj(torch.cat([head(x) for head in self.heads], dim=-1))

    return export(Decoder([Heads()]), (IDS,), ['ids'], axes=FREE)


@graph
def attention_sinks():
    """A learned score for each head joins the keys before the softmax and leaves after it."""

    class Attention(Grouped):
        def __init__(self):
            super().__init__(kv_heads=4)
            self.sinks = nn.Parameter(torch.randn(4))

        def forward(self, x, mask, places):
            b, t, _ = x.shape
            q, k, v = (p(x).view(b, t, 4, 4).transpose(1, 2) for p in (self.q_proj, self.k_proj, self.v_proj))
            scores = torch.matmul(q, k.transpose(2, 3)) * 0.5 + mask
            joined = torch.cat([scores, self.sinks.view(1, 4, 1, 1).expand(b, 4, t, 1)], dim=-1)
            weights = joined.softmax(-1)[..., :-1]
            return self.o_proj(torch.matmul(weights, v).transpose(1, 2).reshape(b, t, -1))

    return grouped([Attention()])
