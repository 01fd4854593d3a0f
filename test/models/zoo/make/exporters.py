"""Attention as exporters and quantisers other than PyTorch's first one write it, with their plumbing of shapes."""
import numpy
from onnx import TensorProto, helper

from recording import Builder, graph

X, OUT = {'x': (['batch', 'seq', 16],)}, {'out': (['batch', 'seq', 16],)}
MASK = {'mask': (['batch', 'seq'], TensorProto.INT64)}
MICROSOFT = ('com.microsoft',)
TO_THE_END = 2**63 - 1


def last(b, op, inputs, **attributes):
    b.nodes.append(helper.make_node(op, inputs, ['out'], f'last_{op}', **attributes))


def heads(b, x, perm=(0, 2, 1, 3), count=4):
    """`[B, T, W]` through a projection to `[B, H, T, 4]`, or as `perm` says."""
    rows = b.node('Reshape', [b.linear(x, 16, 4 * count), b.constant([0, 0, count, 4])])
    return b.node('Transpose', [rows], perm=perm) if perm else rows


def finish(b, mixed):
    rows = b.node('Reshape', [b.node('Transpose', [mixed], perm=(0, 2, 1, 3)), b.constant([0, 0, 16])])
    last(b, 'MatMul', [rows, b.weight(16, 16)])


def padding(b, by=-10000.0):
    """`(1 - mask) * by` as `[B, 1, 1, S]`."""
    seen = b.node('Cast', [b.node('Unsqueeze', ['mask', b.constant([1, 2])])], to=1)
    return b.node('Mul', [b.node('Sub', [b.constant(1.0), seen]), b.constant(by)])


def size(b, x, axis):
    return b.node('Slice', [b.node('Shape', [x]), b.constant([axis]), b.constant([axis + 1])])


def shape(b, *parts):
    return b.node('Concat', [part if isinstance(part, str) else b.constant([part]) for part in parts], axis=0)


@graph
def softmax_over_rows():
    """tf2onnx of TensorFlow's own softmax: rows of one matrix, dimensions as int32, projections on two axes."""
    b = Builder()

    def dimensions(x):
        whole = b.node('Cast', [b.node('Shape', [x])], to=TensorProto.INT32)
        cut = (b.node('Slice', [whole, b.constant([at]), b.constant([at + 1]), b.constant([0])]) for at in range(2))
        return [b.node('Squeeze', [part], axes=[0]) for part in cut]

    def pack(*parts):
        parts = [b.node('Unsqueeze', [p], axes=[0]) if isinstance(p, str) else b.constant([p], 'int32') for p in parts]
        return b.node('Cast', [b.node('Concat', parts, axis=0)], to=TensorProto.INT64)

    def dense(x):
        batch, seq = dimensions(x)
        rows = b.linear(b.node('Reshape', [x, b.constant([-1, 16])]), 16, 16)
        return b.node('Add', [b.node('Reshape', [rows, pack(batch, seq, 16)]), b.weight(16)])

    batch, _ = dimensions('x')
    split = [b.node('Reshape', [dense('x'), pack(batch, -1, 4, 4)]) for _ in range(3)]
    q, k, v = (b.node('Transpose', [y], perm=perm) for y, perm in zip(split, ((0, 2, 1, 3), (0, 2, 3, 1), (0, 2, 1, 3))))
    seen = b.node('Cast', [b.node('Unsqueeze', ['mask'], axes=[1, 2])], to=1)
    mask = b.node('Mul', [b.node('Sub', [b.constant(1.0), seen]), b.constant(-1e9)])
    scores = b.node('Add', [b.node('MatMul', [b.node('Mul', [q, b.constant(0.5)]), k]), mask])
    whole = b.node('Shape', [scores])
    rows = b.node('Reshape', [scores, b.node('Concat', [b.constant([-1]), b.node('Slice', [whole, b.constant([3]), b.constant([4])])], axis=0)])
    weights = b.node('Reshape', [b.node('Softmax', [rows], axis=1), whole])
    mixed = b.node('Transpose', [b.node('MatMul', [weights, v])], perm=(0, 2, 1, 3))
    last(b, 'Add', [dense(b.node('Reshape', [mixed, pack(batch, -1, 16)])), 'x'])
    return b.model({**X, **MASK}, OUT, 12)


@graph
def quantised_operators():
    """Every operator on integers, as the optimiser leaves a statically quantised model: sums, factors, the softmax."""
    b = Builder()
    step, zero = b.constant(0.05), b.constant(128, 'uint8')
    small, nought = b.constant(1 / 256), b.constant(0, 'uint8')
    x = b.node('QuantizeLinear', ['x', step, zero])

    def project(perm):
        weight = b.constant(b.random.integers(-50, 50, (16, 16)), 'int8')
        rows = b.node('QLinearMatMul', [x, step, zero, weight, b.constant(0.01), b.constant(0, 'int8'), step, zero])
        bias = b.constant(b.random.integers(100, 150, 16), 'uint8')
        rows = b.node('QLinearAdd', [rows, step, zero, bias, step, zero, step, zero], domain='com.microsoft')
        return b.node('Transpose', [b.node('Reshape', [rows, b.constant([0, 0, 4, 4])])], perm=perm)

    q, k, v = project((0, 2, 1, 3)), project((0, 2, 3, 1)), project((0, 2, 1, 3))
    scores = b.node('QLinearMatMul', [q, step, zero, k, step, zero, step, zero])
    half = [b.constant(250, 'uint8'), b.constant(0.002), nought]
    scores = b.node('QLinearMul', [scores, step, zero, *half, step, zero], domain='com.microsoft')
    mask = b.node('QuantizeLinear', [padding(b), step, zero])
    scores = b.node('QLinearAdd', [scores, step, zero, mask, step, zero, step, zero], domain='com.microsoft')
    weights = b.node('QLinearSoftmax', [scores, step, zero, small, nought], domain='com.microsoft', axis=3, opset=13)
    mixed = b.node('QLinearMatMul', [weights, small, nought, v, step, zero, step, zero])
    rows = b.node('Reshape', [b.node('Transpose', [mixed], perm=(0, 2, 1, 3)), b.constant([0, 0, 16])])
    last(b, 'DequantizeLinear', [rows, step, zero])
    return b.model({**X, **MASK}, OUT, 17, MICROSOFT)


@graph
def quantised_as_they_come():
    """The optimiser joins the quantiser of the left operand with the product."""
    b = Builder()
    q, k, v = (heads(b, 'x') for _ in range(3))
    keys = b.node('DynamicQuantizeLinear', [b.node('Transpose', [k], perm=(0, 1, 3, 2))], 3)
    scores = b.node('DynamicQuantizeMatMul', [q, *keys], domain='com.microsoft')
    weights = b.node('Softmax', [b.node('Mul', [scores, b.constant(0.5)])], axis=-1)
    values = b.node('DynamicQuantizeLinear', [v], 3)
    finish(b, b.node('DynamicQuantizeMatMul', [weights, *values], domain='com.microsoft'))
    return b.model(X, OUT, 17, MICROSOFT)


@graph
def quantised_factors():
    """Not only activations are quantised and turned back: also the numbers that scale the scores and make the mask."""
    b = Builder()
    step, zero = b.constant(0.05), b.constant(128, 'uint8')

    def through(x):
        return b.node('DequantizeLinear', [b.node('QuantizeLinear', [x, step, zero]), step, zero])

    def number(value):
        return b.node('DequantizeLinear', [b.constant(128, 'uint8'), b.constant(value / 128), b.constant(0, 'uint8')])

    q, k, v = (through(heads(b, 'x')) for _ in range(3))
    scores = through(b.node('MatMul', [q, through(b.node('Transpose', [k], perm=(0, 1, 3, 2)))]))
    seen = through(b.node('Cast', [b.node('Unsqueeze', ['mask', b.constant([1, 2])])], to=1))
    mask = through(b.node('Mul', [through(b.node('Sub', [number(1.0), seen])), number(-10000.0)]))
    scores = through(b.node('Add', [through(b.node('Div', [scores, number(2.0)])), mask]))
    finish(b, through(b.node('MatMul', [through(b.node('Softmax', [scores], axis=-1)), v])))
    return b.model({**X, **MASK}, OUT, 17)


@graph
def grouped_queries_by_einsum():
    """Flax: queries that share a key head have an axis of their own, which keys have not."""
    b = Builder()
    q = b.node('Reshape', [b.linear('x', 16, 16), b.constant([0, 0, 2, 2, 4])])
    k, v = (heads(b, 'x', None, 2) for _ in range(2))
    scores = b.node('Mul', [b.node('Einsum', [q, k], equation='BTKGH,BSKH->BKGTS'), b.constant(0.5)])
    mixed = b.node('Einsum', [b.node('Softmax', [scores], axis=-1), v], equation='BKGTS,BSKH->BTKGH')
    last(b, 'MatMul', [b.node('Reshape', [mixed, b.constant([0, 0, 16])]), b.weight(16, 16)])
    return b.model(X, OUT)


@graph
def causal_by_given_positions():
    """Each sequence says where its queries stand; keys count from the past on; one key head for two query heads."""
    b = Builder()
    q, k, v = heads(b, 'x'), heads(b, 'x', count=2), heads(b, 'x', count=2)

    def repeated(x, past, present):
        b.nodes.append(helper.make_node('Concat', [past, x], [present], axis=-2))
        batch, keys = (b.node('Shape', [present], start=at, end=at + 1) for at in (0, 2))
        wide = b.node('Expand', [b.node('Unsqueeze', [present, b.constant([2])]), shape(b, batch, 2, 2, keys, 4)])
        return b.node('Reshape', [wide, shape(b, batch, 4, keys, 4)], allowzero=1)

    k, v = repeated(k, 'past_k', 'present_k'), repeated(v, 'past_v', 'present_v')
    keys = b.node('Range', [b.constant(0), b.node('Squeeze', [size(b, 'present_k', 2)]), b.constant(1)])
    seen = b.node('LessOrEqual', [b.node('Reshape', [keys, b.constant([1, 1, 1, -1])]), b.node('Unsqueeze', ['positions', b.constant([1, 3])])])
    root = b.constant([0.5**0.5])
    scores = b.node('MatMul', [b.node('Mul', [q, root]), b.node('Mul', [b.node('Transpose', [k], perm=(0, 1, 3, 2)), root])])
    weights = b.node('Softmax', [b.node('Add', [scores, b.node('Where', [seen, b.constant(0.0), b.constant(-numpy.inf)])])], axis=-1)
    finish(b, b.node('MatMul', [b.node('Where', [b.node('IsNaN', [weights]), b.constant(0.0), weights]), v]))
    past, present = (['batch', 2, 'past', 4],), (['batch', 2, 'past + seq', 4],)
    inputs = {**X, 'past_k': past, 'past_v': past, 'positions': (['batch', 'seq'], TensorProto.INT64)}
    return b.model(inputs, {**OUT, 'present_k': present, 'present_v': present}, 18)


@graph
def segments_by_relative_shift():
    """Transformer-XL: tokens first, keys of the segment before, positions counted down, padded and viewed into place."""
    b = Builder()
    both = b.node('Concat', ['memory', 'x'], axis=0)
    queries, batch, keys = size(b, 'x', 0), size(b, 'x', 1), size(b, both, 0)
    q, k, v = b.node('Split', [b.linear(both, 16, 48), b.constant([16, 16, 16])], 3, axis=-1)
    q = b.node('Slice', [q, b.node('Neg', [queries]), b.constant([TO_THE_END]), b.constant([0])])
    q = b.node('Reshape', [q, shape(b, queries, batch, 4, 4)])
    k, v = (b.node('Reshape', [y, shape(b, keys, batch, 4, 4)]) for y in (k, v))
    down = b.node('Range', [b.node('Sub', [b.node('Squeeze', [keys]), b.constant(1)]), b.constant(-1), b.constant(-1)])
    phase = b.node('Mul', [b.node('Unsqueeze', [b.node('Cast', [down], to=1), b.constant([1])]), b.weight(1, 8)])
    waves = b.node('Concat', [b.node('Sin', [phase]), b.node('Cos', [phase])], axis=-1)
    r = b.node('Reshape', [b.linear(waves, 16, 16), shape(b, keys, 4, 4)])
    content = b.node('Einsum', [b.node('Add', [q, b.weight(4, 4)]), k], equation='ibnd,jbnd->ijbn')
    place = b.node('Einsum', [b.node('Add', [q, b.weight(4, 4)]), r], equation='ibnd,jnd->ijbn')
    noughts = b.node('Expand', [b.constant(0.0), shape(b, queries, 1, batch, 4)])
    shifted = b.node('Reshape', [b.node('Concat', [noughts, place], axis=1), shape(b, b.node('Add', [keys, b.constant([1])]), queries, batch, 4)])
    shifted = b.node('Slice', [shifted, b.constant([1]), b.constant([TO_THE_END]), b.constant([0])])
    shifted = b.node('Reshape', [shifted, b.node('Shape', [place])])
    beyond = b.node('Squeeze', [b.node('Sub', [keys, queries])])
    hidden = b.node('Trilu', [b.node('Expand', [b.constant(1.0), shape(b, queries, keys)]), b.node('Add', [beyond, b.constant(1)])], upper=1)
    hidden = b.node('Unsqueeze', [b.node('Cast', [hidden], to=TensorProto.BOOL), b.constant([2, 3])])
    scores = b.node('Where', [hidden, b.constant(-1e30), b.node('Mul', [b.node('Add', [content, shifted]), b.constant(0.5)])])
    mixed = b.node('Einsum', [b.node('Softmax', [scores], axis=1), v], equation='ijbn,jbnd->ibnd')
    last(b, 'Add', ['x', b.linear(b.node('Reshape', [mixed, shape(b, queries, batch, 16)]), 16, 16)])
    tokens = (['seq', 'batch', 16],)
    return b.model({'x': tokens, 'memory': (['before', 'batch', 16],)}, {'out': tokens}, 14)


@graph
def mask_turned_by_einsum():
    """XLNet: tokens first, two scores for each pair, padding that an Einsum of one operand puts in the scores' order."""
    b = Builder()
    q, k, v, r = (b.node('Einsum', ['x', b.weight(16, 4, 4)], equation='ibh,hnd->ibnd') for _ in range(4))
    content, place = (b.node('Einsum', [b.node('Add', [q, b.weight(4, 4)]), y], equation='ibnd,jbnd->bnij') for y in (k, r))
    seq = size(b, 'x', 0)
    itself = b.node('Neg', [b.node('EyeLike', [b.node('Expand', [b.constant(0.0), shape(b, seq, seq)])])])
    hidden = b.node('Add', [b.node('Unsqueeze', ['mask', b.constant([0, 3])]), b.node('Unsqueeze', [itself, b.constant([2, 3])])])
    hidden = b.node('Cast', [b.node('Greater', [hidden, b.constant(0.0)])], to=1)
    hidden = b.node('Mul', [b.constant(1e30), b.node('Einsum', [hidden], equation='ijbn->bnij')])
    scores = b.node('Sub', [b.node('Mul', [b.node('Add', [content, place]), b.constant(0.5)]), hidden])
    mixed = b.node('Einsum', [b.node('Softmax', [scores], axis=3), v], equation='bnij,jbnd->ibnd')
    last(b, 'Add', ['x', b.node('Einsum', [mixed, b.weight(16, 4, 4)], equation='ibnd,hnd->ibh')])
    tokens = (['seq', 'batch', 16],)
    return b.model({'x': tokens, 'mask': (['seq', 'batch'],)}, {'out': tokens}, 14)


@graph
def criss_cross():
    """Column and row of a pixel under one softmax; the two mixtures are added, then the picture to their sum."""
    b = Builder()
    q, k, v = (b.node('Conv', ['x', b.weight(n, 16, 1, 1)]) for n in (4, 4, 16))
    batch, high, wide = (size(b, 'x', axis) for axis in (0, 2, 3))
    columns, rows = b.node('Mul', [batch, wide]), b.node('Mul', [batch, high])

    def along(x, turn, count, length):
        return b.node('Reshape', [b.node('Transpose', [x], perm=turn), shape(b, count, -1, length)])

    column = [along(y, (0, 3, 1, 2), columns, high) for y in (q, k, v)]
    row = [along(y, (0, 2, 1, 3), rows, wide) for y in (q, k, v)]
    down, across = (b.node('MatMul', [b.node('Transpose', [y[0]], perm=(0, 2, 1)), y[1]]) for y in (column, row))
    itself = b.node('Mul', [b.node('EyeLike', [b.node('Expand', [b.constant(0.0), shape(b, high, high)])]), b.constant(-1e9)])
    down = b.node('Reshape', [b.node('Add', [down, itself]), shape(b, batch, wide, high, high)])
    down = b.node('Transpose', [down], perm=(0, 2, 1, 3))
    across = b.node('Reshape', [across, shape(b, batch, high, wide, wide)])
    weights = b.node('Softmax', [b.node('Concat', [down, across], axis=3)], axis=3)
    down = b.node('Transpose', [b.node('Slice', [weights, b.constant([0]), high, b.constant([3])])], perm=(0, 2, 1, 3))
    across = b.node('Slice', [weights, high, b.node('Add', [high, wide]), b.constant([3])])
    down, across = b.node('Reshape', [down, shape(b, columns, high, high)]), b.node('Reshape', [across, shape(b, rows, wide, wide)])
    mixed = [b.node('MatMul', [y[2], b.node('Transpose', [w], perm=(0, 2, 1))]) for y, w in ((column, down), (row, across))]
    down = b.node('Transpose', [b.node('Reshape', [mixed[0], shape(b, batch, wide, -1, high)])], perm=(0, 2, 3, 1))
    across = b.node('Transpose', [b.node('Reshape', [mixed[1], shape(b, batch, high, -1, wide)])], perm=(0, 2, 1, 3))
    joined = b.node('Mul', [b.weight(1), b.node('Add', [down, across])])
    last(b, 'Conv', [b.node('Add', [joined, 'x']), b.weight(16, 16, 1, 1)])
    picture = (['batch', 16, 'high', 'wide'],)
    return b.model({'x': picture}, {'out': picture}, 14)
