"""What other exporters and graph optimisers write, node by node."""
from onnx import TensorProto

from recording import Builder, graph

X = {'x': ([2, 5, 16],)}
OUT = {'out': ([2, 5, 16],)}


def split_heads(b, x, perm=(0, 2, 1, 3), heads=4, width=16):
    return b.node('Transpose', [b.node('Reshape', [x, b.constant([0, 0, heads, width // heads])])], perm=perm)


def qkv(b, x='x', key_perm=(0, 2, 3, 1)):
    """q as [B, H, T, K], k as `key_perm` says, v as [B, H, S, V]."""
    q, k, v = (b.linear(x, 16, 16) for _ in range(3))
    return split_heads(b, q), split_heads(b, k, key_perm), split_heads(b, v)


def finish(b, mixed, opset=13, inputs=None, domains=()):
    """Heads side by side again, a projection, and the model."""
    rows = b.node('Reshape', [b.node('Transpose', [mixed], perm=(0, 2, 1, 3)), b.constant([0, 0, 16])])
    b.nodes.append(_named(b, 'MatMul', [rows, b.weight(16, 16)], 'out'))
    return b.model(inputs or X, OUT, opset, domains)


def _named(b, op, inputs, output, **attributes):
    from onnx import helper

    return helper.make_node(op, inputs, [output], f'last_{op}', **attributes)


@graph
def keras_bert_einsum():
    """tf2onnx keeps Keras' Einsums; names have slashes of another framework."""
    b = Builder()
    q, k, v = (b.node('Add', [b.node('Einsum', ['x', b.weight(16, 4, 4)], equation='abc,cde->abde'), b.weight(4, 4)]) for _ in range(3))
    q = b.node('Mul', [q, b.constant(0.5)])
    scores = b.node('Einsum', [k, q], equation='aecd,abcd->acbe', name='model/bert/layer_0/attention/einsum/Einsum')
    mask = b.node('Cast', ['mask'], to=1)
    mask = b.node('Unsqueeze', [mask, b.constant([1, 2])])
    mask = b.node('Mul', [b.node('Sub', [b.constant(1.0), mask]), b.constant(-1e9)])
    weights = b.node('Softmax', [b.node('Add', [scores, mask])], axis=3, name='model/bert/layer_0/attention/softmax/Softmax')
    mixed = b.node('Einsum', [weights, v], equation='acbe,aecd->abcd')
    b.nodes.append(_named(b, 'Einsum', [mixed, b.weight(4, 4, 16)], 'out', equation='abcd,cde->abe'))
    return b.model({**X, 'mask': ([2, 5], TensorProto.INT32)}, OUT)


@graph
def keras_bert_flattened():
    """tf2onnx of older Keras: tokens of all sentences in one axis, each matrix product on two axes."""
    b = Builder()
    flat = b.node('Reshape', ['x', b.constant([-1, 16])])
    q, k, v = (b.node('Reshape', [b.linear(flat, 16, 16), b.constant([2, 5, 4, 4])]) for _ in range(3))
    q, k, v = (b.node('Transpose', [y], perm=(0, 2, 1, 3)) for y in (q, k, v))
    turned = b.node('Transpose', [k], perm=(0, 1, 3, 2))
    scores = b.node('Mul', [b.node('MatMul', [q, turned]), b.constant(0.5)])
    mask = b.node('Reshape', ['mask', b.constant([2, 1, 5])])
    both = b.node('Mul', [b.node('Cast', [mask], to=1), b.constant([[[1.0]] * 5])])
    both = b.node('Unsqueeze', [both, b.constant([1])])
    scores = b.node('Add', [scores, b.node('Mul', [b.node('Sub', [b.constant(1.0), both]), b.constant(-10000.0)])])
    return finish(b, b.node('MatMul', [b.node('Softmax', [scores], axis=3), v]), inputs={**X, 'mask': ([2, 5], TensorProto.INT32)})


@graph
def softmax_by_exponentials():
    """Softmax written out: less the row's maximum, exponential, over the row's sum."""
    b = Builder()
    q, k, v = qkv(b)
    scores = b.node('Div', [b.node('MatMul', [q, k]), b.constant(2.0)])
    powers = b.node('Exp', [b.node('Sub', [scores, b.node('ReduceMax', [scores], axes=[-1])])])
    weights = b.node('Div', [powers, b.node('ReduceSum', [powers, b.constant([-1])])])
    return finish(b, b.node('MatMul', [weights, v]))


@graph
def softmax_divided_last():
    """The sum of a row divides the mixed values, not the weights."""
    b = Builder()
    q, k, v = qkv(b)
    scores = b.node('Mul', [b.node('MatMul', [q, k]), b.constant(0.5)])
    powers = b.node('Exp', [b.node('Sub', [scores, b.node('ReduceMax', [scores], axes=[-1])])])
    mixed = b.node('Div', [b.node('MatMul', [powers, v]), b.node('ReduceSum', [powers, b.constant([-1])])])
    return finish(b, mixed)


@graph
def products_by_sums():
    """Both products as element-wise multiplication and a sum: a single query."""
    b = Builder()
    k, v = b.linear('x', 16, 16), b.linear('x', 16, 16)
    q = b.node('ReduceMean', [b.linear('x', 16, 16)], axes=[1])
    scores = b.node('ReduceSum', [b.node('Mul', [q, k]), b.constant([-1])], keepdims=1)
    weights = b.node('Softmax', [b.node('Mul', [scores, b.constant(0.25)])], axis=1)
    b.nodes.append(_named(b, 'ReduceSum', [b.node('Mul', [weights, v]), b.constant([1])], 'out', keepdims=1))
    return b.model(X, {'out': ([2, 1, 16],)})


@graph
def quantised_integers():
    """Dynamic quantisation: integers are multiplied, then scaled back."""
    b = Builder()
    q, k, v = qkv(b)
    q, q_scale, q_zero = b.node('DynamicQuantizeLinear', [q], 3)
    k, k_scale, k_zero = b.node('DynamicQuantizeLinear', [k], 3)
    whole = b.node('Cast', [b.node('MatMulInteger', [q, k, q_zero, k_zero])], to=1)
    scores = b.node('Div', [b.node('Mul', [whole, b.node('Mul', [q_scale, k_scale])]), b.constant(2.0)])
    w, w_scale, w_zero = b.node('DynamicQuantizeLinear', [b.node('Softmax', [scores], axis=-1)], 3)
    v, v_scale, v_zero = b.node('DynamicQuantizeLinear', [v], 3)
    mixed = b.node('Cast', [b.node('MatMulInteger', [w, v, w_zero, v_zero])], to=1)
    return finish(b, b.node('Mul', [mixed, b.node('Mul', [w_scale, v_scale])]))


def through(b, x, scale=0.05):
    step, zero = b.constant(scale), b.constant(128, 'uint8')
    return b.node('DequantizeLinear', [b.node('QuantizeLinear', [x, step, zero]), step, zero])


@graph
def quantised_and_back():
    """Quantised and dequantised around each product."""
    b = Builder()
    q, k, v = qkv(b)
    scores = through(b, b.node('MatMul', [through(b, q), through(b, k)]))
    weights = through(b, b.node('Softmax', [b.node('Mul', [scores, b.constant(0.5)])], axis=-1), 0.004)
    return finish(b, through(b, b.node('MatMul', [weights, through(b, v)])))


@graph
def quantised_products():
    """Products of integers that stay integers."""
    b = Builder()
    q, k, v = qkv(b)
    step, zero = b.constant(0.05), b.constant(128, 'uint8')
    q, k, v = (b.node('QuantizeLinear', [y, step, zero]) for y in (q, k, v))
    scores = b.node('QLinearMatMul', [q, step, zero, k, step, zero, step, zero])
    weights = b.node('Softmax', [b.node('DequantizeLinear', [scores, step, zero])], axis=-1)
    small, nought = b.constant(0.004), b.constant(0, 'uint8')
    weights = b.node('QuantizeLinear', [weights, small, nought])
    mixed = b.node('QLinearMatMul', [weights, small, nought, v, step, zero, step, zero])
    return finish(b, b.node('DequantizeLinear', [mixed, step, zero]))


@graph
def optimised_products():
    """As an optimiser leaves it: the transpose and the scale inside the product, the mask inside the softmax."""
    b = Builder()
    q, k, v = qkv(b, key_perm=(0, 2, 1, 3))
    scores = b.node('FusedMatMul', [q, k], domain='com.microsoft', transB=1, alpha=0.5)
    mask = b.node('Mul', [b.node('Sub', [b.constant(1.0), 'mask']), b.constant(-10000.0)])
    weights = b.node('BiasSoftmax', [scores, mask], domain='com.microsoft', axis=3, is_inner_broadcast=0)
    inputs = {**X, 'mask': ([2, 1, 1, 5],)}
    return finish(b, b.node('MatMul', [weights, v]), inputs=inputs, domains=['com.microsoft'])


@graph
def tokens_before_the_batch_in_a_fused_product():
    """Fairseq's layout after an optimiser: the product itself puts the batch before the tokens; heads are split off for the mask."""
    b = Builder()
    free = lambda *shape: b.constant(list(shape))
    first = b.node('Transpose', ['x'], perm=[1, 0, 2])
    q, k, v = (b.node('Reshape', [b.linear(first, 16, 16), free(0, -1, 4)]) for _ in range(3))
    k, v = (b.node('Transpose', [y], perm=[1, 0, 2]) for y in (k, v))
    scores = b.node('FusedMatMul', [q, k], domain='com.microsoft', transBatchA=1, transB=1, alpha=0.5)
    tokens = b.node('Gather', [b.node('Shape', [first]), free(0)], axis=0)
    apart = b.node('Concat', [free(-1, 4), tokens, tokens], axis=0)
    hidden = b.node('Unsqueeze', [b.node('Equal', ['mask', b.constant(0)]), free(1, 2)])
    scores = b.node('Where', [hidden, b.constant(-1e9), b.node('Reshape', [scores, apart])])
    weights = b.node('Softmax', [b.node('Reshape', [scores, b.node('Concat', [free(-1), tokens, tokens], axis=0)])], axis=-1)
    mixed = b.node('Transpose', [b.node('MatMul', [weights, v])], perm=[1, 0, 2])
    joined = b.node('Reshape', [mixed, b.node('Concat', [tokens, free(-1, 16)], axis=0)])
    output = b.linear(joined, 16, 16)
    inputs = {'x': (['batch', 'seq', 16],), 'mask': (['batch', 'seq'], TensorProto.INT64)}
    return b.model(inputs, {output: (None,)}, domains=['com.microsoft'])


@graph
def trained_forth_and_back():
    """A training graph: the backward pass multiplies the same weights with gradients."""
    b = Builder()
    q, k, v = qkv(b, key_perm=(0, 2, 1, 3))
    scores = b.node('FusedMatMul', [q, k], domain='com.microsoft', transB=1, alpha=0.5)
    weights = b.node('Softmax', [scores], axis=-1)
    dropped, kept = b.node('Dropout', [weights, b.constant(0.1), b.constant(True, 'bool')], 2)
    mixed = b.node('MatMul', [dropped, v])
    grad_v = b.node('FusedMatMul', [dropped, 'gradient'], domain='com.microsoft', transA=1)
    grad_w = b.node('FusedMatMul', ['gradient', v], domain='com.microsoft', transB=1)
    grad_w = b.node('DropoutGrad', [grad_w, kept, b.constant(0.1)], domain='com.microsoft')
    grad_s = b.node('SoftmaxGrad_13', [grad_w, weights], domain='com.microsoft', axis=-1)
    grad_q = b.node('FusedMatMul', [grad_s, k], domain='com.microsoft', alpha=0.5)
    grad_k = b.node('FusedMatMul', [grad_s, q], domain='com.microsoft', transA=1, alpha=0.5)
    b.nodes.append(_named(b, 'Sum', [grad_q, grad_k, grad_v], 'gradients'))
    b.nodes.append(_named(b, 'Identity', [mixed], 'out'))
    shape = ([2, 4, 5, 4],)
    return b.model({**X, 'gradient': shape}, {'out': shape, 'gradients': shape}, domains=['com.microsoft'])


@graph
def trained_with_plain_operators():
    """The gradient of softmax written out: weights times (gradient less its weighted sum)."""
    b = Builder()
    q, k, v = qkv(b)
    weights = b.node('Softmax', [b.node('Mul', [b.node('MatMul', [q, k]), b.constant(0.5)])], axis=-1)
    mixed = b.node('MatMul', [weights, v])
    grad_v = b.node('MatMul', [b.node('Transpose', [weights], perm=(0, 1, 3, 2)), 'gradient'])
    grad_w = b.node('MatMul', ['gradient', b.node('Transpose', [v], perm=(0, 1, 3, 2))])
    product = b.node('Mul', [grad_w, weights])
    grad_s = b.node('Mul', [weights, b.node('Sub', [grad_w, b.node('ReduceSum', [product, b.constant([-1])])])])
    grad_q = b.node('MatMul', [grad_s, b.node('Transpose', [k], perm=(0, 1, 3, 2))])
    b.nodes.append(_named(b, 'Sum', [grad_q, grad_v], 'gradients'))
    b.nodes.append(_named(b, 'Identity', [mixed], 'out'))
    shape = ([2, 4, 5, 4],)
    return b.model({**X, 'gradient': shape}, {'out': shape, 'gradients': shape})


@graph
def keys_on_the_left():
    """Scores are k·q, the softmax runs over the second-last axis, values stand on the left."""
    b = Builder()
    q, k, v = (b.linear('x', 16, 16) for _ in range(3))
    q, v = split_heads(b, q, (0, 2, 3, 1)), split_heads(b, v, (0, 2, 3, 1))
    k = split_heads(b, k)
    weights = b.node('Softmax', [b.node('Mul', [b.node('MatMul', [k, q]), b.constant(0.5)])], axis=2)
    mixed = b.node('Transpose', [b.node('MatMul', [v, weights])], perm=(0, 1, 3, 2))
    return finish(b, mixed)


@graph
def heads_joined_in_the_batch():
    """Slices of the width, joined along the batch, as early TensorFlow transformers do."""
    b = Builder()
    q, k, v = (b.node('Concat', b.node('Split', [b.linear('x', 16, 16)], 4, axis=2), axis=0) for _ in range(3))
    scores = b.node('Div', [b.node('MatMul', [q, b.node('Transpose', [k], perm=(0, 2, 1))]), b.constant(2.0)])
    mixed = b.node('MatMul', [b.node('Softmax', [scores], axis=-1), v])
    b.nodes.append(_named(b, 'Concat', b.node('Split', [mixed], 4, axis=0), 'out', axis=2))
    return b.model(X, OUT)


@graph
def weights_as_constant_nodes():
    """No initializer at all."""
    from onnx import helper

    b = Builder()
    q, k, v = qkv(b)
    model = finish(b, b.node('MatMul', [b.node('Softmax', [b.node('Div', [b.node('MatMul', [q, k]), b.constant(2.0)])], axis=3), v]), opset=12)
    constants = [helper.make_node('Constant', [], [w.name], f'Constant_{w.name}', value=w) for w in model.graph.initializer]
    nodes = [*constants, *model.graph.node]
    del model.graph.initializer[:], model.graph.node[:]
    model.graph.node.extend(nodes)
    return model
