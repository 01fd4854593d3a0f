"""Graphs in which nothing attends: some have a softmax, some have products of two tensors."""
import torch
import torch.nn as nn
import torch.nn.functional as F

from recording import Builder, export, graph

X = torch.randn(2, 5, 8)
IMAGE = torch.randn(2, 3, 8, 8)


class Calls(nn.Module):
    """A module whose forward is a function; `parts` are its modules."""

    def __init__(self, forward, **parts):
        super().__init__()
        for name, part in parts.items():
            setattr(self, name, part)
        self.compute = forward

    def forward(self, *args):
        return self.compute(self, *args)


def linear(rows, columns):
    return nn.Linear(rows, columns)


@graph
def no_classifier():
    return export(nn.Sequential(linear(8, 16), nn.ReLU(), linear(16, 4), nn.Softmax(-1)), (X,), ['x'])


@graph
def no_convolutions():
    model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), linear(8, 5), nn.Softmax(1))
    return export(model, (IMAGE,), ['image'])


@graph
def no_lstm():
    return export(Calls(lambda m, x: m.head(m.rnn(x)[0]).softmax(-1), rnn=nn.LSTM(8, 8, batch_first=True), head=linear(8, 4)), (X,), ['x'])


@graph
def no_gru():
    return export(Calls(lambda m, x: m.head(m.rnn(x)[0]), rnn=nn.GRU(8, 8, batch_first=True), head=linear(8, 4)), (X,), ['x'])


@graph
def no_experts_mixed():
    """A softmax over experts, whose results are mixed by a matrix product."""
    def forward(m, x):
        weights = m.router(x).softmax(-1)
        results = torch.stack([expert(x) for expert in (m.a, m.b, m.c)], dim=2)
        return torch.matmul(weights[:, :, None, :], results)[:, :, 0]

    return export(Calls(forward, router=linear(8, 3), a=linear(8, 8), b=linear(8, 8), c=linear(8, 8)), (X,), ['x'])


@graph
def no_experts_einsum():
    def forward(m, x):
        hidden = F.relu(torch.einsum('btd,edf->btef', x, m.w))
        return torch.einsum('bte,btef->btf', m.router(x).softmax(-1), hidden)

    model = Calls(forward, router=linear(8, 3))
    model.w = nn.Parameter(torch.randn(3, 8, 8))
    return export(model, (X,), ['x'])


@graph
def no_top_experts():
    def forward(m, x):
        values, index = m.router(x).softmax(-1).topk(2, dim=-1)
        results = torch.stack([m.a(x), m.b(x), m.c(x)], dim=2)
        chosen = torch.gather(results, 2, index[..., None].expand(-1, -1, -1, 8))
        return (values[..., None] * chosen).sum(2)

    return export(Calls(forward, router=linear(8, 3), a=linear(8, 8), b=linear(8, 8), c=linear(8, 8)), (X,), ['x'])


@graph
def no_squeeze_excitation():
    def forward(m, image):
        x = m.conv(image)
        return x * torch.sigmoid(m.up(F.relu(m.down(x.mean((2, 3))))))[:, :, None, None]

    return export(Calls(forward, conv=nn.Conv2d(3, 8, 3), down=linear(8, 2), up=linear(2, 8)), (IMAGE,), ['image'])


@graph
def no_learned_pooling():
    """Weights from one learned vector: a product of a tensor with a weight."""
    def forward(m, x):
        weights = m.score(torch.tanh(m.hidden(x))).softmax(1)
        return torch.bmm(weights.transpose(1, 2), x)

    return export(Calls(forward, hidden=linear(8, 8), score=nn.Linear(8, 1, bias=False)), (X,), ['x'])


@graph
def no_additive_scores():
    """Scores from a sum of states, not from a product."""
    def forward(m, x, y):
        scores = m.score(torch.tanh(m.q(y)[:, :, None] + m.k(x)[:, None])).squeeze(-1)
        return torch.bmm(scores.softmax(-1), x)

    return export(Calls(forward, q=linear(8, 8), k=linear(8, 8), score=linear(8, 1)), (X, torch.randn(2, 3, 8)), ['x', 'y'])


@graph
def no_soft_argmax():
    """A softmax over a heat map, times fixed coordinates."""
    def forward(m, image):
        weights = m.conv(image).flatten(2).softmax(-1)
        return torch.matmul(weights, m.grid)

    model = Calls(forward, conv=nn.Conv2d(3, 4, 1))
    model.register_buffer('grid', torch.randn(64, 2))
    return export(model, (IMAGE,), ['image'])


@graph
def no_box_distribution():
    """A box edge as the mean of a distribution, as in recent detectors."""
    def forward(m, image):
        b = image.shape[0]
        x = m.conv(image).view(b, 4, 4, -1).transpose(2, 1).softmax(1)
        return m.project(x).view(b, 4, -1)

    return export(Calls(forward, conv=nn.Conv2d(3, 16, 1), project=nn.Conv2d(4, 1, 1, bias=False)), (IMAGE,), ['image'])


@graph
def no_vlad():
    """Soft assignment of places to learned centres."""
    def forward(m, image):
        weights = m.assign(image).flatten(2).softmax(1)
        return torch.matmul(weights, image.flatten(2).transpose(1, 2))

    return export(Calls(forward, assign=nn.Conv2d(3, 4, 1)), (IMAGE,), ['image'])


@graph
def no_codebook():
    """Soft choice from a learned book: keys and values are weights."""
    def forward(m, x):
        return torch.matmul(torch.matmul(x, m.book.t()).softmax(-1), m.book)

    model = Calls(forward)
    model.book = nn.Parameter(torch.randn(6, 8))
    return export(model, (X,), ['x'])


@graph
def no_similarity():
    """Two towers compared: a softmax of a product of two tensors that multiplies nothing."""
    def forward(m, x, y):
        a, b = F.normalize(m.a(x.mean(1)), dim=-1), F.normalize(m.b(y.mean(1)), dim=-1)
        return (a @ b.t() * 10).softmax(-1)

    return export(Calls(forward, a=linear(8, 8), b=linear(8, 8)), (X, X), ['x', 'y'])


@graph
def no_gram_matrix():
    def forward(m, image):
        x = m.conv(image).flatten(2)
        return torch.bmm(x, x.transpose(1, 2)) / 64

    return export(Calls(forward, conv=nn.Conv2d(3, 4, 3)), (IMAGE,), ['image'])


@graph
def no_graph_convolution():
    """Neighbours are an input."""
    def forward(m, x, neighbours):
        return m.b(torch.bmm(neighbours, F.relu(m.a(torch.bmm(neighbours, x))))).softmax(-1)

    return export(Calls(forward, a=linear(8, 8), b=linear(8, 3)), (X, torch.rand(2, 5, 5)), ['x', 'neighbours'])


@graph
def no_token_mixing():
    def forward(m, x):
        return x + m.channels(x + m.tokens(x.transpose(1, 2)).transpose(1, 2))

    return export(Calls(forward, tokens=linear(5, 5), channels=linear(8, 8)), (X,), ['x'])


@graph
def no_two_factors():
    """A factorised product of two tensors with a third, without softmax or mask: a bilinear fusion."""
    def forward(m, x, y):
        return m.out(m.a(x) * m.b(y)).softmax(-1)

    return export(Calls(forward, a=linear(8, 8), b=linear(8, 8), out=linear(8, 3)), (X, X), ['x', 'y'])


@graph
def no_spatial_transformer():
    """A small matrix made from the input multiplies the input's points."""
    def forward(m, points):
        matrix = m.regress(points.max(1)[0]).view(-1, 3, 3) + torch.eye(3)
        return m.head(torch.bmm(points, matrix)).max(1)[0].softmax(-1)

    return export(Calls(forward, regress=linear(3, 9), head=linear(3, 4)), (torch.randn(2, 6, 3),), ['points'])


@graph
def no_decoder_of_pictures():
    model = nn.Sequential(nn.Conv2d(3, 8, 3, stride=2, padding=1), nn.ReLU(), nn.ConvTranspose2d(8, 3, 4, stride=2, padding=1), nn.Sigmoid())
    return export(model, (IMAGE,), ['image'])


@graph
def no_mixture_density():
    def forward(m, x):
        weights, means = m.weights(x).softmax(-1), m.means(x).view(*x.shape[:2], 3, 4)
        return (weights[..., None] * means).sum(2)

    return export(Calls(forward, weights=linear(8, 3), means=linear(8, 12)), (X,), ['x'])


@graph
def no_backward_alone():
    """The gradient of softmax without the forward pass: the weights come from outside."""
    b = Builder()
    grad = b.node('MatMul', ['gradient', b.node('Transpose', ['v'], perm=(0, 2, 1))])
    product = b.node('ReduceSum', [b.node('Mul', [grad, 'weights']), b.constant([-1])])
    grad_s = b.node('Mul', ['weights', b.node('Sub', [grad, product])])
    last = b.node('MatMul', [grad_s, 'k'])
    shape = ([2, 5, 4],)
    model = b.model({'weights': ([2, 5, 5],), 'gradient': shape, 'v': shape, 'k': shape}, {last: shape})
    return model


@graph
def no_running_mean():
    """A cumulative sum over tokens."""
    def forward(m, x):
        count = torch.arange(1, x.shape[1] + 1)[:, None]
        return m.out(torch.cumsum(m.inner(x), 1) / count)

    return export(Calls(forward, inner=linear(8, 8), out=linear(8, 4)), (X,), ['x'])
