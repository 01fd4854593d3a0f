"""Models of pictures."""
import torch
import torch.nn as nn
import torch.nn.functional as F

from recording import export, graph

IMAGE = torch.randn(2, 3, 8, 8)
FREE = {'image': {0: 'batch'}}


class Packed(nn.Module):
    """q, k and v by one linear layer, as in timm."""

    def __init__(self, width=16, heads=4):
        super().__init__()
        self.heads, self.scale = heads, (width // heads) ** -0.5
        self.qkv, self.proj = nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x):
        b, n, c = x.shape
        qkv = self.qkv(x).reshape(b, n, 3, self.heads, c // self.heads).permute(2, 0, 3, 1, 4)
        q, k, v = qkv.unbind(0)
        weights = ((q @ k.transpose(-2, -1)) * self.scale).softmax(dim=-1)
        return self.proj((weights @ v).transpose(1, 2).reshape(b, n, c))


class Patches(nn.Module):
    def __init__(self, layers, classes=True):
        super().__init__()
        self.patch, self.layers, self.norm = nn.Conv2d(3, 16, 2, stride=2), nn.ModuleList(layers), nn.LayerNorm(16)
        self.cls_token, self.head = nn.Parameter(torch.randn(1, 1, 16)), nn.Linear(16, 5)
        self.classes = classes

    def forward(self, image):
        x = self.patch(image).flatten(2).transpose(1, 2)
        if self.classes:
            x = torch.cat([self.cls_token.expand(x.shape[0], -1, -1), x], dim=1)
        for layer in self.layers:
            x = x + layer(self.norm(x))
        return self.head(x[:, 0]).softmax(-1)


@graph
def vit():
    return export(Patches([Packed(), Packed()]), (IMAGE,), ['image'], axes=FREE)


@graph
def svtr_recogniser():
    """Packed q, k, v taken apart by slices; a classifier for each column."""

    class Mixer(Packed):
        def forward(self, x):
            n, c = x.shape[1:]
            qkv = self.qkv(x).reshape(-1, n, 3, self.heads, c // self.heads).permute(2, 0, 3, 1, 4)
            q, k, v = qkv[0] * self.scale, qkv[1], qkv[2]
            weights = F.softmax(q.matmul(k.permute(0, 1, 3, 2)), dim=-1)
            return self.proj(weights.matmul(v).permute(0, 2, 1, 3).reshape(-1, n, c))

    class Svtr(Patches):
        def forward(self, image):
            x = self.patch(image).mean(2).transpose(1, 2)
            for layer in self.layers:
                x = x + layer(self.norm(x))
            return self.head(x).softmax(-1)

    return export(Svtr([Mixer(), Mixer()]), (IMAGE,), ['image'], axes=FREE, opset=11)


class Window(Packed):
    """Windows of 2 by 2 with a bias for each pair of places; `shift` hides pairs across the border."""

    def __init__(self, shift=False, cosine=False):
        super().__init__()
        self.shift, self.cosine = shift, cosine
        self.relative_position_bias_table = nn.Parameter(torch.randn(9, 4))
        self.logit_scale = nn.Parameter(torch.full((4, 1, 1), 2.0))
        rows = torch.arange(4)
        y, x = rows // 2, rows % 2
        self.register_buffer('index', (y[:, None] - y[None] + 1) * 3 + x[:, None] - x[None] + 1)
        regions = torch.tensor([[0, 0, 0, 0], [0, 0, 1, 1], [0, 1, 0, 1], [0, 1, 2, 3]])
        self.register_buffer('hidden', (regions[:, None] != regions[:, :, None]).float() * -100)

    def forward(self, x):
        b = x.shape[0]
        windows = x.view(b, 2, 2, 2, 2, 16).permute(0, 1, 3, 2, 4, 5).reshape(-1, 4, 16)
        n = windows.shape[1]
        q, k, v = self.qkv(windows).reshape(-1, n, 3, self.heads, 4).permute(2, 0, 3, 1, 4)
        if self.cosine:
            scores = F.normalize(q, dim=-1) @ F.normalize(k, dim=-1).transpose(-2, -1)
            scores = scores * torch.clamp(self.logit_scale, max=4.6).exp()
        else:
            scores = (q * self.scale) @ k.transpose(-2, -1)
        scores = scores + self.relative_position_bias_table[self.index.view(-1)].view(n, n, -1).permute(2, 0, 1)[None]
        if self.shift:
            scores = scores.view(-1, 4, self.heads, n, n) + self.hidden[None, :, None]
            scores = scores.view(-1, self.heads, n, n)
        mixed = self.proj((scores.softmax(-1) @ v).transpose(1, 2).reshape(-1, n, 16))
        return mixed.view(b, 2, 2, 2, 2, 16).permute(0, 1, 3, 2, 4, 5).reshape(b, 16, 16)


@graph
def swin():
    return export(Patches([Window(), Window(shift=True)], classes=False), (IMAGE,), ['image'], axes=FREE)


@graph
def swin_cosine():
    return export(Patches([Window(cosine=True)], classes=False), (IMAGE,), ['image'], axes=FREE)


@graph
def clip_text():
    """A causal mask of numbers kept as a weight."""

    class Attention(Packed):
        def __init__(self):
            super().__init__()
            self.register_buffer('mask', torch.full((6, 6), float('-inf')).triu_(1))

        def forward(self, x):
            b, n, c = x.shape
            q, k, v = self.qkv(x).chunk(3, dim=-1)
            q, k, v = (y.reshape(b, n, self.heads, -1).transpose(1, 2) for y in (q * self.scale, k, v))
            weights = (torch.matmul(q, k.transpose(-1, -2)) + self.mask).softmax(-1)
            return self.proj(torch.matmul(weights, v).transpose(1, 2).reshape(b, n, c))

    class Text(nn.Module):
        def __init__(self):
            super().__init__()
            self.embed, self.layers, self.norm = nn.Embedding(20, 16), nn.ModuleList([Attention(), Attention()]), nn.LayerNorm(16)

        def forward(self, ids):
            x = self.embed(ids)
            for layer in self.layers:
                x = x + layer(self.norm(x))
            return F.normalize(x[torch.arange(x.shape[0]), ids.argmax(-1)], dim=-1)

    return export(Text(), (torch.randint(0, 20, (2, 6)),), ['ids'], axes={'ids': {0: 'batch'}}, opset=14)


@graph
def clip_pooling():
    """The mean of a picture's places asks all of them."""

    class Pool(nn.Module):
        def __init__(self):
            super().__init__()
            self.stem, self.q_proj, self.k_proj, self.v_proj = nn.Conv2d(3, 16, 4, stride=4), *(nn.Linear(16, 16) for _ in range(3))

        def forward(self, image):
            x = self.stem(image).flatten(2).permute(2, 0, 1)
            x = torch.cat([x.mean(dim=0, keepdim=True), x], dim=0)
            n, b, c = x.shape
            q, k, v = (p(y).reshape(-1, b * 4, 4).transpose(0, 1) for p, y in ((self.q_proj, x[:1]), (self.k_proj, x), (self.v_proj, x)))
            weights = torch.bmm(q * 0.5, k.transpose(1, 2)).softmax(-1)
            return torch.bmm(weights, v).transpose(0, 1).reshape(b, c)

    return export(Pool(), (IMAGE,), ['image'], opset=14)


@graph
def sam_decomposed_positions():
    """Biases by row and by column, each a product of q with a table."""

    class Attention(Packed):
        def __init__(self):
            super().__init__()
            self.rel_pos_h, self.rel_pos_w = (nn.Parameter(torch.randn(7, 4)) for _ in range(2))

        def forward(self, x):
            b, n, c = x.shape
            q, k, v = self.qkv(x).reshape(b, n, 3, self.heads, -1).permute(2, 0, 3, 1, 4).reshape(3, b * self.heads, n, -1).unbind(0)
            scores = (q * self.scale) @ k.transpose(-2, -1)
            places = torch.arange(4)
            table = places[:, None] - places[None, :] + 3
            r = q.reshape(b * self.heads, 4, 4, 4)
            by_row = torch.einsum('bhwc,hkc->bhwk', r, self.rel_pos_h[table])
            by_column = torch.einsum('bhwc,wkc->bhwk', r, self.rel_pos_w[table])
            scores = (scores.view(-1, 4, 4, 4, 4) + by_row[..., None] + by_column[:, :, :, None, :]).view(-1, n, n)
            out = (scores.softmax(-1) @ v).view(b, self.heads, n, -1).permute(0, 2, 1, 3).reshape(b, n, c)
            return self.proj(out)

    return export(Patches([Attention()], classes=False), (IMAGE,), ['image'], axes=FREE)


@graph
def non_local_block():
    class NonLocal(nn.Module):
        def __init__(self):
            super().__init__()
            self.theta, self.phi, self.g = (nn.Conv2d(3, 4, 1) for _ in range(3))
            self.out = nn.Conv2d(4, 3, 1)

        def forward(self, image):
            b, _, h, w = image.shape
            theta, phi, g = (p(image).view(b, 4, -1) for p in (self.theta, self.phi, self.g))
            weights = torch.softmax(torch.matmul(theta.permute(0, 2, 1), phi), dim=-1)
            return image + self.out(torch.matmul(weights, g.permute(0, 2, 1)).permute(0, 2, 1).reshape(b, 4, h, w))

    return export(NonLocal(), (IMAGE,), ['image'], axes=FREE)


@graph
def dual_attention():
    """Places ask places and channels ask channels; values stand on the left of the product."""

    class Dual(nn.Module):
        def __init__(self):
            super().__init__()
            self.query, self.key, self.value = nn.Conv2d(3, 2, 1), nn.Conv2d(3, 2, 1), nn.Conv2d(3, 3, 1)

        def forward(self, image):
            b, c, h, w = image.shape
            q, k, v = self.query(image).view(b, -1, h * w).permute(0, 2, 1), self.key(image).view(b, -1, h * w), self.value(image).view(b, -1, h * w)
            places = torch.bmm(v, torch.softmax(torch.bmm(q, k), -1).permute(0, 2, 1)).view(b, c, h, w)
            flat = image.view(b, c, -1)
            energy = torch.bmm(flat, flat.permute(0, 2, 1))
            energy = torch.max(energy, -1, keepdim=True)[0].expand_as(energy) - energy
            return places + torch.bmm(torch.softmax(energy, -1), flat).view(b, c, h, w)

    return export(Dual(), (IMAGE,), ['image'], axes=FREE)


@graph
def reduced_keys():
    """Keys from a coarser picture of the same one, as in PVT and SegFormer."""

    class Attention(nn.Module):
        def __init__(self):
            super().__init__()
            self.q, self.kv, self.sr, self.norm = nn.Linear(16, 16), nn.Linear(16, 32), nn.Conv2d(16, 16, 2, stride=2), nn.LayerNorm(16)

        def forward(self, x):
            b, n, c = x.shape
            q = self.q(x).reshape(b, n, 4, 4).permute(0, 2, 1, 3)
            small = self.norm(self.sr(x.permute(0, 2, 1).reshape(b, c, 4, 4)).reshape(b, c, -1).permute(0, 2, 1))
            kv = self.kv(small).reshape(b, -1, 2, 4, 4).permute(2, 0, 3, 1, 4)
            weights = (q @ kv[0].transpose(-2, -1) * 0.5).softmax(-1)
            return (weights @ kv[1]).transpose(1, 2).reshape(b, n, c)

    return export(Patches([Attention()], classes=False), (IMAGE,), ['image'], axes=FREE)


@graph
def slot_attention():
    """The softmax runs over the slots that ask, not over the places asked."""

    class Slots(nn.Module):
        def __init__(self):
            super().__init__()
            self.slots, self.q, self.k, self.v = nn.Parameter(torch.randn(1, 3, 8)), *(nn.Linear(8, 8) for _ in range(3))

        def forward(self, x):
            q, k, v = self.q(self.slots.expand(x.shape[0], -1, -1)), self.k(x), self.v(x)
            weights = torch.softmax(torch.einsum('bid,bjd->bij', q, k) * 8**-0.5, dim=1) + 1e-8
            return torch.einsum('bij,bjd->bid', weights / weights.sum(-1, keepdim=True), v)

    return export(Slots(), (torch.randn(2, 5, 8),), ['x'], axes={'x': {0: 'batch', 1: 'seq'}})
