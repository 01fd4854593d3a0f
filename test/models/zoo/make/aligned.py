"""Attention of sequences aligned to each other, of sorted or pooled tokens, and of windows whose mask the graph makes."""
import torch
import torch.nn as nn

from families import Projections, heads_of, tokens_of
from recording import export, graph


class SoftAlignment(nn.Module):
    """ESIM: one table of products, read both ways, each row masked before its softmax and divided again after it."""

    def weights(self, scores, mask):
        rows = scores.reshape(-1, scores.shape[-1])
        mask = mask.unsqueeze(1).expand_as(scores).contiguous().float().view(-1, mask.shape[-1])
        weights = (rows * mask).softmax(-1) * mask
        return (weights / (weights.sum(-1, keepdim=True) + 1e-13)).view(*scores.shape)

    def forward(self, first, second, of_first, of_second):
        scores = first.bmm(second.transpose(2, 1).contiguous())
        back = scores.transpose(1, 2).contiguous()
        return self.weights(scores, of_second).bmm(second), self.weights(back, of_first).bmm(first)


@graph
def alignment_both_ways():
    args = (torch.randn(2, 6, 16), torch.randn(2, 5, 16), torch.ones(2, 6), torch.ones(2, 5))
    axes = {'first': {0: 'batch', 1: 's'}, 'second': {0: 'batch', 1: 't'}, 'of_first': {0: 'batch', 1: 's'}, 'of_second': {0: 'batch', 1: 't'}}
    return export(SoftAlignment(), args, list(axes), outputs=('a', 'b'), axes=axes)


class Sorted(Projections):
    """Reformer: tokens sorted by hash, chunks that see the one before, `exp(scores - logsumexp)` for a softmax."""

    def __init__(self):
        super().__init__()
        self.register_buffer('turns', torch.randn(4, 4, 2))

    def forward(self, x):
        qk, v = heads_of(self.q(x)), heads_of(self.v(x))
        turned = torch.einsum('bhtd,hdr->bhtr', qk, self.turns)
        order = torch.argsort(torch.cat([turned, -turned], -1).argmax(-1) * 8 + torch.arange(8), dim=-1)
        q, v = (t.gather(2, order.unsqueeze(-1).expand(-1, -1, -1, 4)).reshape(2, 4, 2, 4, 4) for t in (qk, v))
        k = q / q.norm(dim=-1, keepdim=True)
        k, v = (torch.cat([torch.cat([t[:, :, -1:], t[:, :, :-1]], 2), t], 3) for t in (k, v))
        scores = torch.matmul(q, k.transpose(-1, -2)) / 2
        weights = torch.exp(scores - torch.logsumexp(scores, -1, keepdim=True))
        mixed = torch.matmul(weights, v).flatten(2, 3)
        back = torch.argsort(order, dim=-1)
        return self.o(tokens_of(mixed.gather(2, back.unsqueeze(-1).expand(-1, -1, -1, 4))))


@graph
def sorted_by_hash_in_chunks():
    return export(Sorted(), (torch.randn(2, 8, 16),), ['x'])


class Chosen(Projections):
    """Informer: the queries that stand out are answered, each with its own row of the triangle; the others get a mean."""

    def forward(self, x):
        q, k, v = heads_of(self.q(x)), heads_of(self.k(x)), heads_of(self.v(x))
        top = q.square().sum(-1).topk(3, dim=-1).indices
        spread = top.unsqueeze(-1).expand(-1, -1, -1, 4)
        rows = torch.triu(torch.full((x.shape[1], x.shape[1]), -1e9), 1)[top]
        weights = (torch.matmul(q.gather(2, spread), k.transpose(-1, -2)) / 2 + rows).softmax(-1)
        means = v.cumsum(2) / torch.arange(1, x.shape[1] + 1).view(-1, 1)
        return self.o(tokens_of(means.scatter(2, spread, torch.matmul(weights, v))))


@graph
def rows_of_a_triangle_for_chosen_queries():
    return export(Chosen(), (torch.randn(2, 8, 16),), ['x'], axes={'x': {0: 'batch', 1: 'seq'}})


@graph
def pooled_queries_in_mask_units():
    """Hiera: units behind the heads, queries the largest of each pair of tokens."""
    class Hiera(nn.Module):
        def __init__(self):
            super().__init__()
            self.qkv, self.o = nn.Linear(16, 48), nn.Linear(16, 16)

        def forward(self, x):
            q, k, v = self.qkv(x).reshape(x.shape[0], -1, 4, 3, 4, 4).permute(3, 0, 4, 2, 1, 5)
            q = q.view(x.shape[0], 4, 4, 2, -1, 4).max(dim=3).values
            weights = ((q * 0.5) @ k.transpose(-1, -2)).softmax(-1)
            return self.o((weights @ v).transpose(1, 3).reshape(x.shape[0], -1, 16))

    return export(Hiera(), (torch.randn(2, 16, 16),), ['x'])


@graph
def rolled_windows_with_a_mask_made_in_the_graph():
    """Swin as transformers exports it: regions are counted into a table of zeros, windows compared by their regions."""
    class Windows(nn.Module):
        def __init__(self):
            super().__init__()
            self.qkv, self.o, self.table = nn.Linear(16, 48), nn.Linear(16, 16), nn.Parameter(torch.randn(9, 4))
            self.register_buffer('places', torch.randint(0, 9, (16,)))

        def cut(self, x):
            return x.view(-1, 2, 2, 2, 2, x.shape[-1]).permute(0, 1, 3, 2, 4, 5).contiguous().view(-1, 4, x.shape[-1])

        def regions(self):
            table, count = torch.zeros(1, 4, 4, 1), 0
            parts = (slice(0, -2), slice(-2, -1), slice(-1, None))
            for rows in parts:
                for columns in parts:
                    table[:, rows, columns, :] = count
                    count += 1
            apart = self.cut(table).squeeze(-1)
            apart = apart.unsqueeze(1) - apart.unsqueeze(2)
            return apart.masked_fill(apart != 0, -100.0).masked_fill(apart == 0, 0.0)

        def forward(self, x):
            batch = x.shape[0]
            q, k, v = (heads_of(t) for t in self.qkv(self.cut(torch.roll(x, (-1, -1), (1, 2)))).chunk(3, -1))
            scores = torch.matmul(q, k.transpose(-1, -2)) / 2 + self.table[self.places].view(4, 4, -1).permute(2, 0, 1).unsqueeze(0)
            scores = (scores.view(batch, 4, 4, 4, 4) + self.regions().unsqueeze(1).unsqueeze(0)).view(-1, 4, 4, 4)
            mixed = self.o(tokens_of(torch.matmul(scores.softmax(-1), v)))
            mixed = mixed.view(batch, 2, 2, 2, 2, 16).permute(0, 1, 3, 2, 4, 5).contiguous().view(batch, 4, 4, 16)
            return torch.roll(mixed, (1, 1), (1, 2))

    return export(Windows(), (torch.randn(2, 4, 4, 16),), ['x'], axes={'x': {0: 'batch'}})
