"""Attention-23 and its successors written out in standard operators, as the operator's own function body has it."""
from onnx import TensorProto, helper

from recording import Builder, graph

FLOAT, BOOL, INT = TensorProto.FLOAT, TensorProto.BOOL, TensorProto.INT64


class Body(Builder):
    def c(self, value, dtype='int64'):
        return self.constant([value], dtype)

    def span(self, x, start, end=None):
        ends = {} if end is None else {'end': end}
        return self.node('Shape', [x], start=start, **ends)


def expanded(q, k, v, heads=None, mask=None, boolean=False, causal='', softcap=0.0, scale=None, past=None, nonpad=False,
             repeat='tile', opset=18, before_own=None):
    """
    q, k, v: shapes. heads: (q heads, key heads) where the inputs have three axes. causal: '', 'trilu' or 'range', as older
    and newer versions make the triangle. repeat: 'tile' or 'expand' for grouped queries. before_own: how many keys before its
    own a query sees (opset 25)
    """
    b = Body()
    inputs = {'Q': (q,), 'K': (k,), 'V': (v,)}
    zero, one, last = b.c(0), b.c(1), b.c(-1)
    if heads:
        batch, length, keys = b.span('Q', 0, 1), b.span('Q', -2, -1), b.span('K', -2, -1)
        def split(x, tokens, count):
            shape = b.node('Concat', [batch, tokens, b.c(count), last], axis=0)
            return b.node('Transpose', [b.node('Reshape', [x, shape])], perm=(0, 2, 1, 3))
        query, key, value = split('Q', length, heads[0]), split('K', keys, heads[1]), split('V', keys, heads[1])
    else:
        query, key, value = (b.node('Identity', [x]) for x in 'QKV')
        length, keys = b.span('Q', -2, -1), b.span('K', -2, -1)
    q_heads, k_heads = b.span(query, 1, 2), b.span(key, 1, 2)
    if scale is None:
        size = b.node('Cast', [b.span(query, 3, 4)], to=FLOAT)
        factor = b.node('Div', [b.c(1.0, 'float32'), b.node('Sqrt', [size])])
    else:
        factor = b.node('Identity', [b.constant(scale, 'float32')])
    factor = b.node('Cast', [b.node('Sqrt', [factor])], to=FLOAT)
    if past:
        inputs.update(past_key=(past,), past_value=(past,))
        key = b.node('Concat', ['past_key', key], axis=2)
        value = b.node('Concat', ['past_value', value], axis=2)
        before = b.span('past_key', 2, 3)
    else:
        key, value, before = b.node('Identity', [key]), b.node('Identity', [value]), b.c(0)
    all_keys = b.span(key, -2, -1)
    bias_shape = b.node('Concat', [length, all_keys], axis=0)
    none, hidden = b.c(0.0, 'float32'), b.c(float('-inf'), 'float32')
    if mask:
        inputs['attn_mask'] = (mask, BOOL if boolean else FLOAT)
        short = b.node('Where', ['attn_mask', none, hidden]) if boolean else b.node('Identity', ['attn_mask'])
        lacking = b.node('Sub', [all_keys, b.span('attn_mask', -1)])
        pads = b.node('Concat', [zero, lacking], axis=0)
        bias = b.node('Pad', [short, pads, b.node('CastLike', [hidden, short]), last])
    else:
        bias = b.node('ConstantOfShape', [bias_shape])
    if causal == 'trilu':
        ones = b.node('ConstantOfShape', [bias_shape], value=helper.make_tensor('value', BOOL, [1], [1]))
        seen = b.node('Trilu', [ones, zero], upper=0)
        bias = b.node('Add', [bias, b.node('Where', [seen, none, hidden])])
    elif causal == 'range':
        nought, unit = b.node('Squeeze', [zero, zero]), b.node('Squeeze', [one, zero])
        rows = b.node('Range', [nought, b.node('Gather', [bias_shape, nought]), unit])
        columns = b.node('Range', [nought, b.node('Gather', [bias_shape, unit]), unit])
        rows = b.node('Add', [b.node('Unsqueeze', [rows, one]), before])
        later = b.node('Less', [rows, b.node('Unsqueeze', [columns, zero])])
        bias = b.node('Add', [bias, b.node('Where', [later, hidden, none])])
    else:
        bias = b.node('Identity', [bias])
    if before_own is not None:
        nought, unit = b.node('Squeeze', [zero, zero]), b.node('Squeeze', [one, zero])
        rows = b.node('Range', [nought, b.node('Squeeze', [length, zero]), unit])
        columns = b.node('Range', [nought, b.node('Squeeze', [all_keys, zero]), unit])
        places = b.node('Add', [b.node('Unsqueeze', [rows, one]), before])
        apart = b.node('Sub', [places, b.node('Unsqueeze', [columns, zero])])
        near = b.node('LessOrEqual', [apart, b.node('Squeeze', [b.c(before_own), zero])])
        bias = b.node('Add', [bias, b.node('CastLike', [b.node('Where', [near, none, hidden]), bias])])
    if nonpad:
        inputs['nonpad_kv_seqlen'] = ([q[0]], INT)
        counted = b.node('Range', [b.constant(0), b.node('Squeeze', [keys]), b.constant(1)])
        kept = b.node('Less', [counted, b.node('Unsqueeze', ['nonpad_kv_seqlen', one])])
        wide = b.node('Unsqueeze', [b.node('Where', [kept, none, hidden]), one])
        bias = b.node('Add', [bias, b.node('Unsqueeze', [wide, one])])
    bias = b.node('Cast', [bias], to=FLOAT)
    unlike = b.node('Not', [b.node('Equal', [q_heads, k_heads])])
    times = b.node('Cast', [b.node('Div', [q_heads, k_heads])], to=INT)
    even = b.node('Equal', [b.node('Mod', [q_heads, k_heads]), zero])
    times = b.node('Where', [b.node('And', [unlike, even]), times, one])
    if repeat == 'tile':
        shape = b.node('Concat', [one, times, one, one], axis=0)
        key, value = b.node('Tile', [key, shape]), b.node('Tile', [value, shape])
    else:
        def grouped(x):
            wide = b.node('Unsqueeze', [x, b.c(2)])
            shape = b.node('Concat', [b.span(x, 0, 1), k_heads, times, all_keys, b.span(x, 3, 4)], axis=0)
            flat = b.node('Concat', [b.span(x, 0, 1), q_heads, all_keys, b.span(x, 3, 4)], axis=0)
            return b.node('Reshape', [b.node('Expand', [wide, shape]), flat])
        key, value = grouped(key), grouped(value)
    turned = b.node('Mul', [b.node('Transpose', [key], perm=(0, 1, 3, 2)), factor])
    scores = b.node('Cast', [b.node('MatMul', [b.node('Mul', [query, factor]), turned])], to=FLOAT)
    scores = b.node('Add', [scores, bias])
    if softcap:
        cap = b.node('Cast', [b.c(softcap, 'float32')], to=FLOAT)
        scores = b.node('Mul', [b.node('Tanh', [b.node('Div', [scores, cap])]), cap])
    else:
        scores = b.node('Identity', [scores])
    weights = b.node('Softmax', [b.node('Cast', [scores], to=FLOAT)], name='attention/Softmax')
    mixed = b.node('MatMul', [b.node('Cast', [weights], to=FLOAT), value])
    if heads:
        rows = b.node('Transpose', [mixed], perm=(0, 2, 1, 3))
        shape = b.node('Concat', [zero, zero, last], axis=0)
        b.nodes.append(helper.make_node('Reshape', [rows, shape], ['Y'], 'last'))
        result = [q[0], q[1], None]
    else:
        b.nodes.append(helper.make_node('Identity', [mixed], ['Y'], 'last'))
        result = [q[0], q[1], q[2], v[3]]
    return b.model(inputs, {'Y': (result,)}, opset)


FOUR, KEYS = [2, 3, 4, 8], [2, 3, 6, 8]


@graph
def expanded_four_axes():
    return expanded(FOUR, KEYS, KEYS)


@graph
def expanded_causal_by_triangle():
    return expanded(FOUR, [2, 3, 4, 8], [2, 3, 4, 8], causal='trilu')


@graph
def expanded_causal_in_a_window():
    return expanded(FOUR, FOUR, FOUR, causal='range', before_own=2)


@graph
def expanded_causal_by_positions_with_past():
    return expanded(FOUR, FOUR, FOUR, causal='range', past=[2, 3, 5, 8])


@graph
def expanded_boolean_mask_and_other_value_size():
    return expanded(FOUR, KEYS, [2, 3, 6, 10], mask=[2, 1, 4, 6], boolean=True)


@graph
def expanded_grouped_queries_soft_cap():
    return expanded([2, 9, 4, 8], KEYS, KEYS, softcap=2.0, mask=[4, 6])


@graph
def expanded_three_axes_grouped_queries():
    return expanded([2, 4, 72], [2, 6, 24], [2, 6, 24], heads=(9, 3), causal='trilu')


@graph
def expanded_grouped_queries_by_expand():
    return expanded([2, 9, 4, 8], KEYS, KEYS, repeat='expand', scale=0.25, causal='range')


@graph
def expanded_without_padding():
    return expanded(FOUR, KEYS, KEYS, nonpad=True)


@graph
def expanded_mask_of_zeros_and_past():
    return expanded([2, 4, 24], [2, 6, 24], [2, 6, 24], heads=(3, 3), past=[2, 3, 12, 8], mask=[4, 18])


@graph
def softmax_over_the_query_axis():
    """An axis counted for merged heads and kept when they were split: the graph runs, and the finder says what it does."""
    from by_hand import X, finish, qkv

    b = Builder()
    q, k, v = qkv(b)
    scores = b.node('Add', [b.node('MatMul', [b.node('Div', [q, b.constant(2.0)]), k]), b.weight(5, 5)])
    weights = b.node('Softmax', [scores], axis=2, name='softmax_qk')
    return finish(b, b.node('MatMul', [weights, v]), inputs=X)


@graph
def scores_in_half_precision_with_the_scale_outside():
    """A diffusion transformer's block: q and k come from outside, scores are widened before the scale."""
    b = Builder()
    scores = b.node('MatMul', ['q', 'k'])
    scaled = b.node('Mul', [b.node('Cast', [scores], to=FLOAT), b.constant(100.0)])
    weights = b.node('Cast', [b.node('Softmax', [scaled], axis=-1, name='attn/Softmax')], to=10)
    mixed = b.node('MatMul', [weights, b.node('Cast', ['v'], to=10)])
    b.nodes.append(helper.make_node('Reshape', [b.node('Transpose', [mixed], perm=(0, 2, 1, 3)), b.constant([2, 4, 32])], ['out'], 'last'))
    return b.model({'q': ([2, 4, 4, 8], 10), 'k': ([2, 4, 8, 4], 10), 'v': ([2, 4, 4, 8],)}, {'out': ([2, 4, 32], 10)}, 17)
