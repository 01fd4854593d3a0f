"""Attention without softmax over keys, as vision models, kernel methods and diffusion models write it: one state for all tokens."""
import math

import torch
import torch.nn as nn
import torch.nn.functional as F

from recording import Builder, export, graph
from states import FREE, Heads, X, phi

IMAGE = torch.randn(2, 8, 4, 4)


class Attend(Heads):
    """Heads whose mixing is a function of the module, the tokens and q, k, v `[B, H, T, d]`."""

    def __init__(self, mix, **parts):
        super().__init__()
        self.function = mix
        for name, part in parts.items():
            setattr(self, name, part)

    def mix(self, x, q, k, v):
        return self.function(self, x, q, k, v)


class Pixels(nn.Module):
    """1×1 convolutions to q, k and v of a picture; `mix` gets them as `[B, heads, size, pixels]`."""

    def __init__(self, mix, heads=2, size=4):
        super().__init__()
        self.heads, self.size, self.function = heads, size, mix
        self.qkv, self.out = nn.Conv2d(8, 3 * heads * size, 1, bias=False), nn.Conv2d(heads * size, 8, 1)

    def forward(self, x):
        b, _, height, width = x.shape
        q, k, v = (part.view(b, self.heads, self.size, height * width) for part in self.qkv(x).chunk(3, dim=1))
        return self.out(self.function(q, k, v).reshape(b, self.heads * self.size, height, width))


@graph
def linear_of_a_diffusion_model():
    """Softmax over the features of q and over the pixels of k, by Einsum."""
    def mix(q, k, v):
        q, k = q.softmax(-2) * 0.5, k.softmax(-1)
        context = torch.einsum('bhdn,bhen->bhde', k, v / 16)
        return torch.einsum('bhde,bhdn->bhen', context, q)

    return export(Pixels(mix), (IMAGE,), ['x'])


@graph
def linear_of_efficient_attention():
    """Two softmaxes, one over features and one over tokens, by matrix products of free lengths."""
    def mix(m, x, q, k, v):
        context = torch.matmul(k.softmax(-2).transpose(-1, -2), v)
        return torch.matmul(q.softmax(-1), context)

    return export(Attend(mix), (X,), ['x'], axes=FREE)


@graph
def linear_with_a_column_of_ones():
    """EfficientViT: a row of ones beside the values sums the weights in the same product."""
    def mix(q, k, v):
        q, k = F.relu(q), F.relu(k)
        v = F.pad(v, (0, 0, 0, 1), mode='constant', value=1.0)
        mixed = torch.matmul(torch.matmul(v, k.transpose(-1, -2)), q)
        return mixed[:, :, :-1] / (mixed[:, :, -1:] + 1e-6)

    return export(Pixels(mix), (IMAGE,), ['x'], opset=15)


@graph
def linear_with_a_column_of_ones_last():
    """The same with tokens before features, ones concatenated."""
    def mix(m, x, q, k, v):
        q, k = F.relu(q), F.relu(k)
        v = torch.cat([v, torch.ones_like(v[..., :1])], dim=-1)
        mixed = torch.matmul(q, torch.matmul(k.transpose(-1, -2), v))
        return mixed[..., :-1] / (mixed[..., -1:] + 1e-6)

    return export(Attend(mix), (X,), ['x'], axes=FREE)


@graph
def linear_focused():
    """FLatten: powers of normalised features; the mean of the keys divides, as a factor."""
    def mix(m, x, q, k, v):
        def focus(t):
            t = F.relu(t) + 1e-6
            size = t.norm(dim=-1, keepdim=True)
            t = t ** 3
            return t / t.norm(dim=-1, keepdim=True) * size
        q, k = focus(q), focus(k)
        z = 1 / (torch.matmul(q, k.mean(dim=-2, keepdim=True).transpose(-2, -1)) + 1e-6)
        n = x.shape[1]
        return torch.matmul(q, torch.matmul(k.transpose(-2, -1) * (n ** -0.5), v * (n ** -0.5))) * z

    return export(Attend(mix), (X,), ['x'])


class Performer(nn.Module):
    """Positive random features of the softmax kernel, as performer-pytorch writes them."""

    def __init__(self, causal):
        super().__init__()
        self.causal = causal
        self.register_buffer('projection', torch.randn(6, 4))

    def features(self, x, query):
        scale = x.shape[-1] ** -0.25
        dash = torch.einsum('...id,...jd->...ij', scale * x, self.projection.expand(x.shape[0], x.shape[1], 6, 4))
        diagonal = ((x ** 2).sum(dim=-1) / 2.0 * scale ** 2).unsqueeze(-1)
        top = dash.amax(dim=-1, keepdim=True) if query else dash.amax(dim=(-1, -2), keepdim=True)
        return 6 ** -0.5 * (torch.exp(dash - diagonal - top) + 1e-4)

    def forward(self, q, k, v):
        q, k = self.features(q, True), self.features(k, False)
        if not self.causal:
            divisor = 1.0 / torch.einsum('...nd,...d->...n', q, k.sum(dim=-2))
            context = torch.einsum('...nd,...ne->...de', k, v)
            return torch.einsum('...de,...nd,...n->...ne', context, q, divisor)
        total = k.cumsum(dim=-2)
        divisor = 1.0 / torch.einsum('...nd,...nd->...n', q, total + 1e-6)
        context = torch.einsum('...nd,...ne->...nde', k, v).cumsum(dim=-3)
        return torch.einsum('...nde,...nd,...n->...ne', context, q, divisor)


@graph
def linear_of_random_features():
    return export(Attend(lambda m, x, q, k, v: m.kernel(q, k, v), kernel=Performer(False)), (X,), ['x'], axes=FREE)


@graph
def linear_of_random_features_running():
    return export(Attend(lambda m, x, q, k, v: m.kernel(q, k, v), kernel=Performer(True)), (X,), ['x'], axes=FREE)


@graph
def linear_by_einsum_of_fast_transformers():
    """elu+1 on `[B, T, H, d]` with Einsums and a factor that divides."""
    class Fast(nn.Module):
        def __init__(self):
            super().__init__()
            self.q, self.k, self.v, self.out = (nn.Linear(16, 16) for _ in range(4))

        def forward(self, x):
            q, k, v = (part(x).view(x.shape[0], x.shape[1], 4, 4) for part in (self.q, self.k, self.v))
            q, k = phi(q), phi(k)
            kv = torch.einsum('nshd,nshm->nhmd', k, v)
            z = 1 / (torch.einsum('nlhd,nhd->nlh', q, k.sum(dim=1)) + 1e-6)
            return self.out(torch.einsum('nlhd,nhmd,nlh->nlhm', q, kv, z).reshape(x.shape[0], x.shape[1], 16))

    return export(Fast(), (X,), ['x'], axes=FREE)


@graph
def linear_of_local_features():
    """LoFTR: values over their number, by Einsum, and from another picture."""
    class Cross(nn.Module):
        def __init__(self):
            super().__init__()
            self.q, self.k, self.v, self.out = (nn.Linear(16, 16, bias=False) for _ in range(4))

        def forward(self, x, source):
            q = phi(self.q(x).view(x.size(0), -1, 4, 4))
            k = phi(self.k(source).view(x.size(0), -1, 4, 4))
            v = self.v(source).view(x.size(0), -1, 4, 4)
            length = v.size(1)
            kv = torch.einsum('nshd,nshv->nhdv', k, v / length)
            z = 1 / (torch.einsum('nlhd,nhd->nlh', q, k.sum(dim=1)) + 1e-6)
            mixed = torch.einsum('nlhd,nhdv,nlh->nlhv', q, kv, z) * length
            return self.out(mixed.reshape(x.size(0), -1, 16))

    axes = {'x': {0: 'batch', 1: 'target'}, 'source': {0: 'batch', 1: 'source'}}
    return export(Cross(), (X, torch.randn(2, 7, 16)), ['x', 'source'], axes=axes)


@graph
def linear_of_cosines():
    """cosFormer: features times the cosine and the sine of their place, all tokens at once."""
    def mix(m, x, q, k, v):
        q, k = F.relu(q), F.relu(k)
        angle = (torch.arange(x.shape[1], dtype=torch.float32) + 1)[:, None] * (math.pi / 2 / 8)
        q = torch.cat([q * angle.sin(), q * angle.cos()], dim=-1)
        k = torch.cat([k * angle.sin(), k * angle.cos()], dim=-1)
        kv = torch.einsum('bhld,bhlm->bhdm', k, v)
        z = 1 / torch.clamp_min(torch.einsum('bhld,bhd->bhl', q, k.sum(dim=2)), 1e-6)
        return torch.einsum('bhld,bhdm,bhl->bhlm', q, kv, z)

    return export(Attend(mix), (X,), ['x'], axes=FREE)


@graph
def dot_product_non_local():
    """A non-local block that divides by the number of pixels instead of a softmax."""
    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.theta, self.phi, self.g, self.out = (nn.Conv2d(a, b, 1) for a, b in ((8, 4), (8, 4), (8, 4), (4, 8)))

        def forward(self, x):
            q = self.theta(x).flatten(2).transpose(1, 2)
            k, v = self.phi(x).flatten(2), self.g(x).flatten(2).transpose(1, 2)
            mixed = torch.matmul(torch.matmul(q, k) / k.shape[-1], v)
            return x + self.out(mixed.transpose(1, 2).reshape(x.shape[0], 4, *x.shape[2:]))

    return export(Block(), (IMAGE,), ['x'])


@graph
def linear_masked_of_given_tensors():
    """q, k and v are fed as they are: nothing tells features from tokens but the mask."""
    b = Builder()
    scores = b.node('MatMul', ['q', b.node('Transpose', ['k'], perm=[0, 1, 3, 2])])
    seen = b.node('Trilu', [scores], upper=0)
    out = b.node('MatMul', [seen, 'v'])
    return b.model({name: ([2, 2, 5, 4],) for name in 'qkv'}, {out: ([2, 2, 5, 4],)}, 14)


@graph
def nystrom_landmarks():
    """Nyströmformer: three softmaxes and an inverse by iteration."""
    def mix(m, x, q, k, v):
        q, k = q * 0.7, k * 0.7
        b, h, n, d = q.shape
        ql, kl = (t.reshape(b, h, 3, n // 3, d).mean(dim=-2) for t in (q, k))
        first = torch.matmul(q, kl.transpose(-1, -2)).softmax(-1)
        second = torch.matmul(ql, kl.transpose(-1, -2)).softmax(-1)
        third = torch.matmul(ql, k.transpose(-1, -2)).softmax(-1)
        identity = torch.eye(3)
        value = 1 / torch.max(torch.sum(second, dim=-2)) * second.transpose(-1, -2)
        for _ in range(2):
            kv = torch.matmul(second, value)
            value = torch.matmul(0.25 * value, 13 * identity - torch.matmul(kv, 15 * identity - torch.matmul(kv, 7 * identity - kv)))
        return torch.matmul(torch.matmul(first, value), torch.matmul(third, v))

    return export(Attend(mix), (torch.randn(2, 6, 16),), ['x'])
