"""Attention as one operator."""
from onnx import TensorProto

from recording import Builder, graph

MICROSOFT = 'com.microsoft'
INT32 = TensorProto.INT32


def single(op, inputs, given=(), outputs=1, domain=MICROSOFT, shape=None, opset=17, **attributes):
    """
    One node between graph inputs and the output `out`.

    inputs: name -> (shape,) or (shape, dtype); a name in `given` may be '' (left out) or a weight's shape
    """
    b = Builder()
    fed = [b.weight(*item) if isinstance(item, tuple) else item for item in (given or inputs)]
    made = b.node(op, fed, outputs, name=op, domain=domain, **attributes)
    first = made if outputs == 1 else made[0]
    return b.model(inputs, {first: (shape,)}, opset, [domain] if domain else [])


WIDE = ([2, 5, 16],)


@graph
def fused_attention_of_four_axes():
    shapes = {'q': ([2, 4, 5, 8],), 'k': ([2, 2, 5, 8],), 'v': ([2, 2, 5, 8],)}
    return single('Attention', shapes, domain='', opset=23, is_causal=1)


@graph
def fused_attention_of_three_axes():
    shapes = {'x': WIDE, 'y': ([2, 7, 16],), 'mask': ([2, 7], TensorProto.BOOL)}
    return single('Attention', shapes, ['x', 'y', 'y', 'mask'], domain='', opset=23, q_num_heads=4, kv_num_heads=4, softcap=20.0)


@graph
def fused_attention_with_its_probabilities():
    shapes = {'q': ([2, 4, 5, 8],), 'k': ([2, 4, 5, 8],), 'v': ([2, 4, 5, 8],)}
    return single('Attention', shapes, outputs=4, domain='', opset=23, qk_matmul_output_mode=3)


@graph
def fused_packed_weights():
    inputs = {'x': WIDE, 'mask': ([2, 5], INT32)}
    return single('Attention', inputs, ['x', (16, 48), (48,), 'mask'], num_heads=4)


@graph
def fused_packed_weights_causal():
    inputs = {'x': WIDE, 'past': ([2, 2, 4, 3, 4],)}
    return single('Attention', inputs, ['x', (16, 48), (48,), '', 'past'], outputs=2, num_heads=4, unidirectional=1)


@graph
def fused_many_heads():
    return single('MultiHeadAttention', {'q': WIDE, 'k': WIDE, 'v': WIDE, 'mask': ([2, 5], INT32)}, ['q', 'k', 'v', '', 'mask'], num_heads=4)


@graph
def fused_many_heads_packed():
    return single('MultiHeadAttention', {'qkv': ([2, 5, 4, 3, 4],)}, num_heads=4)


@graph
def fused_many_heads_cross():
    b = Builder()
    q = b.linear('x', 16, 16)
    k, v = b.linear('y', 16, 16), b.linear('y', 16, 16)
    out = b.node('MultiHeadAttention', [q, k, v], domain=MICROSOFT, num_heads=4)
    return b.model({'x': WIDE, 'y': ([2, 7, 16],)}, {out: WIDE}, 17, [MICROSOFT])


@graph
def fused_grouped_queries():
    inputs = {
        'q': WIDE, 'k': ([2, 5, 8],), 'v': ([2, 5, 8],), 'past_k': ([2, 2, 0, 4],), 'past_v': ([2, 2, 0, 4],),
        'lengths': ([2], INT32), 'total': ([1], INT32),
    }
    return single('GroupQueryAttention', inputs, outputs=3, num_heads=4, kv_num_heads=2, local_window_size=3, softcap=30.0)


@graph
def fused_grouped_queries_packed_and_rotated():
    inputs = {'qkv': ([2, 5, 32],), 'past_k': ([2, 2, 0, 4],), 'past_v': ([2, 2, 0, 4],), 'lengths': ([2], INT32), 'total': ([1], INT32)}
    given = ['qkv', '', '', 'past_k', 'past_v', 'lengths', 'total', (8, 2), (8, 2)]
    return single('GroupQueryAttention', inputs, given, outputs=3, num_heads=4, kv_num_heads=2, do_rotary=1)


@graph
def fused_decoder_step():
    inputs = {
        'q': ([2, 1, 16],), 'k': ([2, 1, 16],), 'v': ([2, 1, 16],), 'past_k': ([2, 4, 8, 4],), 'past_v': ([2, 4, 8, 4],), 'length': ([1], INT32),
    }
    given = ['q', 'k', 'v', '', '', 'past_k', 'past_v', 'length']
    return single('DecoderMaskedMultiHeadAttention', inputs, given, outputs=3, num_heads=4, past_present_share_buffer=1)


@graph
def fused_decoder():
    inputs = {'x': ([5, 2, 16],), 'y': ([7, 2, 16],), 'flag': ([1], TensorProto.BOOL)}
    given = ['x', 'y', (16, 16), (16, 32), (48,), '', '', '', 'flag', 'flag', 'flag', 'flag']
    return single('DecoderAttention', inputs, given, outputs=3, num_heads=4)


@graph
def fused_without_padding():
    inputs = {'x': ([9, 16],), 'offsets': ([2, 5], INT32), 'lengths': ([3], INT32)}
    return single('PackedAttention', inputs, ['x', (16, 48), (48,), 'offsets', 'lengths'], num_heads=4)


@graph
def fused_many_heads_without_padding():
    inputs = {'q': ([9, 16],), 'k': ([9, 16],), 'v': ([9, 16],), 'offsets': ([2, 5], INT32), 'lengths': ([3], INT32)}
    return single('PackedMultiHeadAttention', inputs, ['q', 'k', 'v', '', 'offsets', 'lengths'], num_heads=4)


@graph
def fused_quantised():
    b = Builder()
    x = b.node('QuantizeLinear', ['x', b.constant(0.05), b.constant(128, 'uint8')])
    weight = b.constant(b.random.integers(-9, 9, (16, 48)), 'int8')
    scale, zero = b.constant(0.05), b.constant(0, 'int8')
    given = [x, weight, b.weight(48), scale, scale, '', b.constant(128, 'uint8'), zero]
    out = b.node('QAttention', given, domain=MICROSOFT, num_heads=4, unidirectional=1)
    return b.model({'x': WIDE}, {out: WIDE}, 17, [MICROSOFT])


@graph
def fused_sparse():
    inputs = {
        'q': WIDE, 'k': ([2, 5, 8],), 'v': ([2, 5, 8],), 'past_k': ([2, 2, 8, 4],), 'past_v': ([2, 2, 8, 4],), 'rows': ([1, 3], INT32),
        'columns': ([1, 3], INT32), 'total': ([1], INT32), 'lengths': ([2], INT32),
    }
    return single('SparseAttention', inputs, outputs=3, num_heads=4, kv_num_heads=2, sparse_block_size=16)


@graph
def fused_paged():
    inputs = {
        'q': ([9, 16],), 'k': ([9, 8],), 'v': ([9, 8],), 'key_cache': ([4, 16, 2, 4],), 'value_cache': ([4, 16, 2, 4],),
        'starts': ([3], INT32), 'pasts': ([2], INT32), 'blocks': ([2, 2], INT32),
    }
    return single('PagedAttention', inputs, outputs=3, num_heads=4, kv_num_heads=2)


@graph
def fused_flexible():
    shapes = {'q': ([2, 4, 5, 8],), 'k': ([2, 4, 5, 8],), 'v': ([2, 4, 5, 8],)}
    return single('FlexAttention', shapes, domain='ai.onnx.preview', scale=0.5)


def linear_operator(rule, *given):
    inputs = {'q': WIDE, 'k': WIDE, 'v': WIDE, 'decay': ([2, 5, 4],), 'beta': ([2, 5, 4],)}
    used = {name: spec for name, spec in inputs.items() if name in ('q', 'k', 'v', *given)}
    fed = ['q', 'k', 'v', '', 'decay' if 'decay' in given else '', 'beta' if 'beta' in given else '']
    return single('LinearAttention', used, fed, outputs=2, q_num_heads=4, kv_num_heads=4, update_rule=rule)


@graph
def fused_linear():
    return linear_operator('linear')


@graph
def fused_gated():
    return linear_operator('gated', 'decay')


@graph
def fused_delta():
    return linear_operator('delta', 'beta')


@graph
def fused_gated_delta_after_convolution():
    b = Builder()
    shape = ([2, 16, 5],)
    mixed = b.node('CausalConvWithState', ['x', b.weight(16, 1, 4), b.weight(16), ''], 2, domain=MICROSOFT, activation='silu')[0]
    q, k, v = (b.linear(b.node('Transpose', [mixed], perm=[0, 2, 1]), 16, 16) for _ in range(3))
    out = b.node('LinearAttention', [q, k, v, '', 'decay', 'beta'], 2, domain=MICROSOFT, q_num_heads=4, kv_num_heads=4, update_rule='gated_delta')[0]
    inputs = {'x': shape, 'decay': ([2, 5, 4],), 'beta': ([2, 5, 4],)}
    return b.model(inputs, {out: WIDE}, 17, [MICROSOFT])
