"""Attention of picture models in pyramids: heads mixed by convolutions, windows behind heads, scales side by side."""
import torch
import torch.nn as nn
import torch.nn.functional as F

from pictures import FREE, IMAGE
from recording import export, graph


class Projected(nn.Module):
    """q, k and v by convolutions of one place."""

    def __init__(self, heads=4):
        super().__init__()
        self.heads, self.stem = heads, nn.Conv2d(3, 16, 2, stride=2)
        self.q, self.k, self.v, self.o = (nn.Conv2d(16, 16, 1) for _ in range(4))

    def parts(self, x):
        shape = x.shape[0], self.heads, 16 // self.heads, -1
        return self.q(x).reshape(shape).transpose(2, 3), self.k(x).reshape(shape), self.v(x).reshape(shape).transpose(2, 3)

    def join(self, mixed, x):
        return self.o(mixed.transpose(2, 3).reshape(x.shape))


@graph
def talking_heads_by_convolutions():
    """EfficientFormer 2: heads are the channels of a convolution over scores."""
    class Attention(Projected):
        def __init__(self):
            super().__init__()
            self.before, self.after = nn.Conv2d(4, 4, 1), nn.Conv2d(4, 4, 1)

        def forward(self, image):
            x = self.stem(image)
            q, k, v = self.parts(x)
            weights = self.after(self.before((q @ k) * 0.5).softmax(-1))
            return self.join(weights @ v, x)

    return export(Attention(), (IMAGE,), ['image'], axes=FREE)


@graph
def scores_of_neighbouring_tokens_mixed():
    """Multi-token attention: a kernel over queries and keys, each head by itself."""
    class Attention(Projected):
        def __init__(self):
            super().__init__()
            self.before = nn.Conv2d(4, 4, 3, padding=1, groups=4)

        def forward(self, image):
            x = self.stem(image)
            q, k, v = self.parts(x)
            return self.join(self.before((q @ k) * 0.5).softmax(-1) @ v, x)

    return export(Attention(), (IMAGE,), ['image'], axes=FREE)


@graph
def one_head_before_mask_units():
    """Hiera's first blocks: the axis of heads has one place, windows stand behind it."""
    class Units(nn.Module):
        def __init__(self):
            super().__init__()
            self.qkv, self.o = nn.Linear(16, 48), nn.Linear(16, 16)

        def forward(self, x):
            q, k, v = self.qkv(x).reshape(x.shape[0], -1, 4, 3, 1, 16).permute(3, 0, 4, 2, 1, 5)
            weights = ((q * 0.25) @ k.transpose(-1, -2)).softmax(-1)
            return self.o((weights @ v).transpose(1, 3).reshape(x.shape[0], -1, 16))

    return export(Units(), (torch.randn(2, 16, 16),), ['x'], axes={'x': {0: 'batch'}})


@graph
def blocks_behind_the_heads():
    """NesT: `[B, H, blocks, T, K]`."""
    class Nested(nn.Module):
        def __init__(self):
            super().__init__()
            self.qkv, self.o = nn.Linear(16, 48), nn.Linear(16, 16)

        def forward(self, x):
            q, k, v = self.qkv(x).reshape(*x.shape[:3], 3, 4, 4).permute(3, 0, 4, 1, 2, 5)
            weights = ((q * 0.5) @ k.transpose(-1, -2)).softmax(-1)
            return self.o((weights @ v).permute(0, 2, 3, 4, 1).reshape(x.shape))

    return export(Nested(), (torch.randn(2, 3, 5, 16),), ['x'], axes={'x': {0: 'batch'}})


@graph
def positions_added_in_place():
    """MViT 2: relative positions are added to all scores but those of the class token, in place."""
    class Pooled(nn.Module):
        def __init__(self):
            super().__init__()
            self.qkv, self.o, self.rows = nn.Linear(16, 48), nn.Linear(16, 16), nn.Parameter(torch.randn(8, 8, 4))

        def forward(self, x):
            q, k, v = self.qkv(x).reshape(x.shape[0], 9, 3, 4, 4).permute(2, 0, 3, 1, 4)
            scores = (q * 0.5) @ k.transpose(-1, -2)
            scores[:, :, 1:, 1:] = scores[:, :, 1:, 1:] + torch.einsum('bhtk,tsk->bhts', q[:, :, 1:], self.rows)
            return self.o((scores.softmax(-1) @ v).transpose(1, 2).reshape(x.shape))

    return export(Pooled(), (torch.randn(2, 9, 16),), ['x'], axes={'x': {0: 'batch'}})


@graph
def lambda_of_queries_by_head():
    """LambdaNetworks: the heads of the queries read one state."""
    class Lambda(nn.Module):
        def __init__(self):
            super().__init__()
            self.stem, self.qkv = nn.Conv2d(3, 16, 2, stride=2), nn.Conv2d(16, 16 + 4 + 6, 1)

        def forward(self, image):
            x = self.stem(image)
            b, n = x.shape[0], 16
            q, k, v = self.qkv(x).split([16, 4, 6], dim=1)
            q = q.reshape(b, 4, 4, n).transpose(-1, -2)
            state = k.reshape(b, 4, n).softmax(-1) @ v.reshape(b, 6, n).transpose(-1, -2)
            return (q @ state.unsqueeze(1)).transpose(-1, -2).reshape(b, 24, 4, 4)

    return export(Lambda(), (IMAGE,), ['image'], axes=FREE)


class Factorised(nn.Module):
    def __init__(self):
        super().__init__()
        self.qkv, self.o = nn.Linear(16, 48), nn.Linear(16, 16)

    def forward(self, x):
        q, k, v = self.qkv(x).reshape(*x.shape[:2], 3, 4, 4).permute(2, 0, 3, 1, 4)
        mixed = 0.5 * q @ (k.softmax(2).transpose(-1, -2) @ v)
        return self.o(mixed.transpose(1, 2).reshape(x.shape))


@graph
def two_scales_side_by_side():
    """CoaT: results at one scale are also added to the tokens of the other, and move no velocity."""
    class Parallel(nn.Module):
        def __init__(self):
            super().__init__()
            self.norms, self.layers = nn.ModuleList(nn.LayerNorm(16) for _ in range(4)), nn.ModuleList(Factorised() for _ in range(4))
            self.grow = nn.Conv2d(3, 16, 2, stride=2)

        def forward(self, image):
            fine = self.grow(image).flatten(2).transpose(1, 2)
            coarse = fine.reshape(-1, 8, 2, 16).mean(2)
            for layer in range(2):
                a = self.layers[2 * layer](self.norms[2 * layer](fine))
                b = self.layers[2 * layer + 1](self.norms[2 * layer + 1](coarse))
                fine = fine + (a + F.interpolate(b.transpose(1, 2), scale_factor=2.0).transpose(1, 2))
                coarse = coarse + (b + a.reshape(-1, 8, 2, 16).mean(2))
            return fine, coarse

    return export(Parallel(), (IMAGE,), ['image'], outputs=('fine', 'coarse'), axes=FREE)


@graph
def objects_asked_with_their_places():
    """RT-DETR's decoder: places found in the picture are added to what asks, layer by layer, and are no tokens that move."""
    class Objects(nn.Module):
        def __init__(self):
            super().__init__()
            self.stem, self.score = nn.Conv2d(3, 16, 2, stride=2), nn.Linear(16, 1)
            self.corner, self.place = nn.Linear(16, 4), nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 16))
            self.q, self.k, self.v, self.o, self.sampled = (nn.Linear(16, 16) for _ in range(5))
            self.norms = nn.ModuleList(nn.LayerNorm(16) for _ in range(2))

        def forward(self, image):
            memory = self.stem(image).flatten(2).transpose(1, 2)
            best = self.score(memory).topk(5, dim=1).indices
            hidden = memory.gather(1, best.expand(-1, -1, 16))
            place = self.place(torch.sigmoid(self.corner(hidden)))
            split = lambda x: x.reshape(x.shape[0], 5, 4, 4).transpose(1, 2)
            q, k, v = split(self.q(hidden + place)), split(self.k(hidden + place)), split(self.v(hidden))
            mixed = ((q @ k.transpose(-1, -2)) * 0.5).softmax(-1) @ v
            hidden = self.norms[0](hidden + self.o(mixed.transpose(1, 2).reshape(hidden.shape)))
            return self.norms[1](hidden + self.sampled(hidden + place))

    return export(Objects(), (IMAGE,), ['image'], axes=FREE)
