"""Language models as their public code and quantisers write them, where that differs from the plain form."""
import math

import numpy
import torch
import torch.nn as nn
import torch.nn.functional as F
from onnx import TensorProto

from memories import Attend
from recording import Builder, export, graph
from states import FREE, X


def rotated(x):
    length, half = x.shape[-2], x.shape[-1] // 2
    angles = torch.arange(length).float()[:, None] / 100 ** (torch.arange(half).float() / half)
    angles = torch.cat([angles, angles], dim=-1)
    return x * angles.cos() + torch.cat([-x[..., half:], x[..., :half]], dim=-1) * angles.sin()


class Falcon(nn.Module):
    """Falcon 40B: groups of heads and their key head packed in one weight; keys are repeated before they are rotated."""

    def __init__(self):
        super().__init__()
        self.query_key_value, self.dense = nn.Linear(16, 32, bias=False), nn.Linear(16, 16, bias=False)

    def forward(self, x):
        batch, length, _ = x.shape
        packed = self.query_key_value(x).view(batch, length, -1, 4, 4)
        q, k, v = packed[:, :, :, :-2], packed[:, :, :, [-2]], packed[:, :, :, [-1]]
        k, v = k.expand(q.shape), v.expand(q.shape)
        q, k, v = (part.flatten(2, 3).transpose(1, 2) for part in (q, k, v))
        scores = rotated(q) @ rotated(k).transpose(-1, -2) / math.sqrt(4)
        hidden = torch.full((length, length), float('-inf')).triu(1)
        return self.dense((F.softmax(scores + hidden, dim=-1) @ v).transpose(1, 2).flatten(2))


@graph
def heads_repeated_then_rotated():
    return export(Falcon(), (X,), ['x'], axes=FREE, opset=14)


@graph
def window_and_padding_of_fixed_length():
    """Mistral of fixed length: the exporter keeps the window as a table of its own, which the triangle and the padding join."""

    def mix(m, q, k, v, seen):
        place = torch.arange(8)
        window = (place[:, None] >= place) & (place[:, None] - place < 4)
        visible = window & seen[:, None, None, :].bool()
        scores = rotated(q) @ rotated(k).transpose(-1, -2) / math.sqrt(4)
        return F.softmax(scores.masked_fill(~visible, torch.finfo(torch.float32).min), dim=-1) @ v

    class Mistral(Attend):
        def forward(self, x, seen):
            return self.join(self.function(self, *self.parts(x), seen))

    return export(Mistral(mix), (torch.randn(2, 8, 16), torch.ones(2, 8, dtype=torch.long)), ['x', 'seen'], opset=17)


@graph
def cache_scattered():
    """Opset 24: new keys and values are scattered into a cache of fixed length, then attended to in plain operators."""
    b = Builder()

    def heads(count):
        x = b.node('Reshape', [b.linear('x', 16, 4 * count), b.constant([0, 0, count, 4])])
        return b.node('Transpose', [x], perm=[0, 2, 1, 3])

    q, k, v = heads(4), heads(4), heads(4)
    keys, values = (b.node('TensorScatter', [past, new]) for past, new in (('past_k', k), ('past_v', v)))
    scores = b.node('MatMul', [q, b.node('Transpose', [keys], perm=[0, 1, 3, 2])])
    scores = b.node('Mul', [scores, b.constant(numpy.float32(0.5))])
    scores = b.node('Where', ['visible', scores, b.constant(numpy.float32(-1e9))])
    mixed = b.node('MatMul', [b.node('Softmax', [scores], axis=-1), values])
    joined = b.node('Reshape', [b.node('Transpose', [mixed], perm=[0, 2, 1, 3]), b.constant([0, 0, 16])])
    b.node('Identity', [b.linear(joined, 16, 16)])
    b.nodes[-1].output[0] = 'output'
    cache = (['batch', 4, 12, 4],)
    visible = (['batch', 1, 'seq', 12], TensorProto.BOOL)
    inputs = {'x': (['batch', 'seq', 16],), 'past_k': cache, 'past_v': cache, 'visible': visible}
    made = b.model(inputs, {'output': (['batch', 'seq', 16],)})
    made.opset_import[0].version = 24
    return made


@graph
def quantised_for_each_projection():
    """DistilBERT after a quantiser that gives every projection its own scale: q and k have no quantised tensor in common."""
    b = Builder()

    def whole(*factors):
        made = [b.node('DynamicQuantizeLinear', [factor], outputs=3) for factor in factors]
        return made[0] if len(made) == 1 else made

    def product(a, c, scale):
        both = b.node('MatMulInteger', [a[0], c[0], a[2], c[2]])
        return b.node('Mul', [b.node('Cast', [both], to=1), scale])

    def projection(x):
        a = whole(x)
        weight = b.random.integers(-9, 9, (16, 16)).astype('int8')
        c = [b.constant(weight, 'int8'), None, b.constant(numpy.int8(0), 'int8')]
        made = product(a, c, b.node('Mul', [a[1], b.constant(numpy.float32(0.05))]))
        return b.node('Add', [made, b.weight(16)])

    def heads(order):
        made = b.node('Reshape', [projection('x'), b.constant([0, -1, 4, 4])])
        return b.node('Transpose', [made], perm=order)

    def of_activations(left, right):
        a, c = whole(left, right)
        return product(a, c, b.node('Mul', [a[1], c[1]]))

    q = b.node('Div', [heads([0, 2, 1, 3]), b.constant(numpy.float32(2))])
    scores = of_activations(q, heads([0, 2, 3, 1]))
    mixed = of_activations(b.node('Softmax', [scores], axis=3), heads([0, 2, 1, 3]))
    joined = b.node('Reshape', [b.node('Transpose', [mixed], perm=[0, 2, 1, 3]), b.constant([0, -1, 16])])
    b.node('Identity', [projection(joined)])
    b.nodes[-1].output[0] = 'output'
    return b.model({'x': (['batch', 'seq', 16],)}, {'output': (['batch', 'seq', 16],)}, opset=13)


@torch.jit.script
def gated_delta_steps(q, k, v, g, beta):
    """Qwen3-Next: what each token reads is put into a tensor made before the first."""
    state = torch.zeros([q.size(0), q.size(1), q.size(3), v.size(3)])
    out = torch.zeros([q.size(0), q.size(1), q.size(2), v.size(3)])
    for t in range(q.size(2)):
        state = state * g[:, :, t].exp().unsqueeze(-1).unsqueeze(-1)
        memory = (state * k[:, :, t].unsqueeze(-1)).sum(dim=-2)
        delta = (v[:, :, t] - memory) * beta[:, :, t].unsqueeze(-1)
        state = state + k[:, :, t].unsqueeze(-1) * delta.unsqueeze(-2)
        out[:, :, t] = (state * q[:, :, t].unsqueeze(-1)).sum(dim=-2)
    return out


@graph
def loop_gated_delta_put_into_a_tensor():
    def mix(m, x, q, k, v):
        q, k = F.normalize(q, dim=-1) * 0.5, F.normalize(k, dim=-1)
        g, beta = F.logsigmoid(m.g(x)).transpose(1, 2), torch.sigmoid(m.beta(x)).transpose(1, 2)
        return gated_delta_steps(q, k, v, g, beta)

    return export(Attend(mix, g=nn.Linear(16, 4), beta=nn.Linear(16, 4)), (X,), ['x'], axes=FREE, opset=14)


@torch.jit.script
def channelwise_delta_steps(q, k, v, g, beta):
    """Kimi's delta attention: the strength multiplies the key, not the difference; results are joined one by one."""
    state = torch.zeros([q.size(0), q.size(1), q.size(3), v.size(3)])
    out = torch.zeros([0, q.size(0), q.size(1), v.size(3)])
    for t in range(q.size(2)):
        key = k[:, :, t]
        state = state * g[:, :, t].unsqueeze(-1).exp()
        delta = v[:, :, t] - (key.unsqueeze(-1) * state).sum(-2)
        state = state + torch.einsum('bhk,bhv->bhkv', beta[:, :, t].unsqueeze(-1) * key, delta)
        out = torch.cat([out, torch.einsum('bhk,bhkv->bhv', q[:, :, t], state).unsqueeze(0)], 0)
    return out


@graph
def loop_gated_delta_joined_one_by_one():
    def mix(m, x, q, k, v):
        k = F.normalize(k, dim=-1)
        g, beta = m.split(F.logsigmoid(m.g(x))), torch.sigmoid(m.beta(x)).transpose(1, 2)
        return channelwise_delta_steps(q, k, v, g, beta).permute(1, 2, 0, 3)

    return export(Attend(mix, g=nn.Linear(16, 16), beta=nn.Linear(16, 4)), (X,), ['x'], axes=FREE, opset=14)
