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
    shapes = {'x': WIDE, 'y': ([2, 7, 16],), 'mask': ([2, 1, 5, 7], TensorProto.BOOL)}
    return single('Attention', shapes, ['x', 'y', 'y', 'mask'], domain='', opset=23, q_num_heads=4, kv_num_heads=4, softcap=20.0)


@graph
def fused_attention_with_its_probabilities():
    shapes = {'q': ([2, 4, 5, 8],), 'k': ([2, 4, 5, 8],), 'v': ([2, 4, 5, 8],)}
    return single('Attention', shapes, outputs=4, domain='', opset=23, qk_matmul_output_mode=3)


@graph
def fused_attention_with_past():
    shapes = {'x': WIDE, 'k': ([2, 5, 8],), 'v': ([2, 5, 8],), 'past_k': ([2, 2, 3, 4],), 'past_v': ([2, 2, 3, 4],)}
    given = ['x', 'k', 'v', '', 'past_k', 'past_v']
    return single('Attention', shapes, given, domain='', opset=23, q_num_heads=4, kv_num_heads=2, is_causal=1, outputs=3)


@graph
def fused_attention_with_past_not_handed_on():
    shapes = {'x': WIDE, 'k': ([2, 5, 8],), 'v': ([2, 5, 8],), 'mask': ([5, 8],), 'past_k': ([2, 2, 3, 4],), 'past_v': ([2, 2, 3, 4],)}
    given = ['x', 'k', 'v', 'mask', 'past_k', 'past_v']
    return single('Attention', shapes, given, domain='', opset=23, q_num_heads=4, kv_num_heads=2)


@graph
def fused_attention_causal_over_more_keys():
    shapes = {'q': ([2, 4, 5, 8],), 'k': ([2, 4, 7, 8],), 'v': ([2, 4, 7, 6],)}
    return single('Attention', shapes, domain='', opset=23, is_causal=1, scale=0.4)


@graph
def fused_attention_of_padded_keys():
    shapes = {'q': ([2, 4, 5, 8],), 'k': ([2, 4, 7, 8],), 'v': ([2, 4, 7, 8],), 'lengths': ([2], TensorProto.INT64)}
    return single('Attention', shapes, ['q', 'k', 'v', '', '', '', 'lengths'], domain='', opset=24)


@graph
def fused_attention_causal_of_padded_keys():
    """Keys that are cached outside: the last query is the last key of its sequence; the third has fewer than queries."""
    shapes = {'q': ([3, 4, 3, 8],), 'k': ([3, 2, 7, 8],), 'v': ([3, 2, 7, 8],), 'lengths': ([3], TensorProto.INT64)}
    return single('Attention', shapes, ['q', 'k', 'v', '', '', '', 'lengths'], domain='', opset=24, is_causal=1)


@graph
def fused_attention_in_a_window():
    shapes = {name: ([2, 4, 5, 8],) for name in 'qkv'}
    return single('Attention', shapes, domain='', opset=25, is_causal=1, left_window_size=2)


@graph
def fused_attention_in_a_window_to_both_sides():
    shapes = {name: ([2, 4, 5, 8],) for name in 'qkv'}
    return single('Attention', shapes, domain='', opset=25, left_window_size=1, right_window_size=2)


@graph
def fused_packed_weights():
    inputs = {'x': WIDE, 'mask': ([2, 5], INT32)}
    return single('Attention', inputs, ['x', (16, 48), (48,), 'mask'], num_heads=4)


@graph
def fused_packed_weights_causal():
    inputs = {'x': WIDE, 'past': ([2, 2, 4, 3, 4],)}
    return single('Attention', inputs, ['x', (16, 48), (48,), '', 'past'], outputs=2, num_heads=4, unidirectional=1)


@graph
def fused_packed_weights_of_other_value_size():
    inputs = {'x': WIDE, 'lengths': ([2], INT32), 'bias': ([1, 4, 5, 5],)}
    given = ['x', (16, 56), (56,), 'lengths', '', 'bias']
    return single('Attention', inputs, given, num_heads=4, qkv_hidden_sizes=[16, 16, 24], mask_filter_value=-5000.0, scale=0.4)


@graph
def fused_packed_weights_between_bounds():
    inputs = {'x': WIDE, 'bounds': ([4], INT32)}
    return single('Attention', inputs, ['x', (16, 48), (48,), 'bounds'], num_heads=4)


@graph
def fused_packed_weights_with_past_and_a_mask_for_each_query():
    inputs = {'x': WIDE, 'seen': ([2, 5, 8], INT32), 'past': ([2, 2, 4, 3, 4],)}
    return single('Attention', inputs, ['x', (16, 48), (48,), 'seen', 'past'], outputs=2, num_heads=4, unidirectional=1)


@graph
def fused_many_heads_packed_keys():
    return single('MultiHeadAttention', {'q': WIDE, 'kv': ([2, 7, 4, 2, 4],)}, num_heads=4)


@graph
def fused_many_heads_packed_with_bias():
    return single('MultiHeadAttention', {'qkv': ([2, 5, 4, 3, 4],)}, ['qkv', '', '', (48,)], num_heads=4)


@graph
def fused_many_heads_with_bias():
    inputs = {'q': WIDE, 'k': ([2, 7, 16],), 'v': ([2, 7, 24],), 'lengths': ([2], INT32), 'added': ([1, 1, 5, 7],)}
    return single('MultiHeadAttention', inputs, ['q', 'k', 'v', (56,), 'lengths', 'added'], num_heads=4)


@graph
def fused_many_heads_with_keys_of_an_encoder():
    """k and v come by heads, projected once; the bias is for q alone."""
    inputs = {'q': WIDE, 'k': ([2, 4, 7, 4],), 'v': ([2, 4, 7, 4],)}
    return single('MultiHeadAttention', inputs, ['q', 'k', 'v', (48,)], num_heads=4)


@graph
def fused_many_heads_with_bias_and_past():
    inputs = {'q': WIDE, 'k': WIDE, 'v': WIDE, 'seen': ([2, 5, 8], INT32), 'past_k': ([2, 4, 3, 4],), 'past_v': ([2, 4, 3, 4],)}
    given = ['q', 'k', 'v', (48,), 'seen', '', 'past_k', 'past_v']
    return single('MultiHeadAttention', inputs, given, outputs=3, num_heads=4, unidirectional=1)


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
        'q': ([2, 5, 32],), 'k': ([2, 5, 16],), 'v': ([2, 5, 16],), 'past_k': ([2, 2, 0, 8],), 'past_v': ([2, 2, 0, 8],),
        'lengths': ([2], INT32), 'total': ([1], INT32),
    }
    return single('GroupQueryAttention', inputs, outputs=3, num_heads=4, kv_num_heads=2, local_window_size=3, softcap=30.0)


@graph
def fused_grouped_queries_rotated_with_past():
    """A decoding step of two sequences, whose pasts differ in length, in buffers with room to spare."""
    inputs = {
        'q': ([2, 1, 64],), 'k': ([2, 1, 32],), 'v': ([2, 1, 32],), 'past_k': ([2, 2, 9, 16],), 'past_v': ([2, 2, 9, 16],),
        'lengths': ([2], INT32), 'total': ([1], INT32),
    }
    given = [*inputs, (12, 8), (12, 8)]
    return single('GroupQueryAttention', inputs, given, outputs=3, num_heads=4, kv_num_heads=2, do_rotary=1, rotary_interleaved=1)


@graph
def fused_grouped_queries_partly_rotated_by_positions():
    """Half of each head is rotated; a second stretch of a prompt, with a bias on the scores."""
    inputs = {
        'qkv': ([1, 3, 256],), 'past_k': ([1, 2, 4, 32],), 'past_v': ([1, 2, 4, 32],), 'lengths': ([1], INT32), 'total': ([1], INT32),
        'positions': ([1, 3], TensorProto.INT64), 'bias': ([1, 1, 3, 7],),
    }
    given = ['qkv', '', '', 'past_k', 'past_v', 'lengths', 'total', (12, 8), (12, 8), 'positions', 'bias']
    return single('GroupQueryAttention', inputs, given, outputs=3, num_heads=4, kv_num_heads=2, do_rotary=1, scale=0.3)


@graph
def fused_grouped_queries_packed_and_rotated():
    inputs = {'qkv': ([2, 5, 128],), 'past_k': ([2, 2, 0, 16],), 'past_v': ([2, 2, 0, 16],), 'lengths': ([2], INT32), 'total': ([1], INT32)}
    given = ['qkv', '', '', 'past_k', 'past_v', 'lengths', 'total', (8, 8), (8, 8)]
    return single('GroupQueryAttention', inputs, given, outputs=3, num_heads=4, kv_num_heads=2, do_rotary=1)


def grouped(*extra, tokens=5, past=0, given=(), weights=(), **attributes):
    """GroupQueryAttention of four heads of eight channels over two; `extra` inputs by name, at the places of `given`."""
    inputs = {
        'q': ([2, tokens, 32],), 'k': ([2, tokens, 16],), 'v': ([2, tokens, 16],), 'past_k': ([2, 2, past, 8],), 'past_v': ([2, 2, past, 8],),
        'lengths': ([2], INT32), 'total': ([1], INT32),
    }
    fed = [*inputs, *given]
    return single('GroupQueryAttention', inputs, fed, outputs=3, num_heads=4, kv_num_heads=2, **attributes)


@graph
def fused_grouped_queries_of_padded_prompts():
    """Prompts that are shorter than their row: what stands behind them is padding."""
    return grouped()


@graph
def fused_grouped_queries_of_padded_prompts_rotated():
    inputs = {
        'qkv': ([3, 6, 128],), 'past_k': ([3, 2, 0, 16],), 'past_v': ([3, 2, 0, 16],), 'lengths': ([3], INT32), 'total': ([1], INT32),
    }
    fed = ['qkv', '', '', 'past_k', 'past_v', 'lengths', 'total', (8, 8), (8, 8)]
    return single('GroupQueryAttention', inputs, fed, outputs=3, num_heads=4, kv_num_heads=2, do_rotary=1, local_window_size=2)


@graph
def fused_grouped_queries_with_sinks():
    """A learned logit of each head takes its part of every row of weights."""
    return grouped(given=['', '', '', '', (4,)])


@graph
def fused_grouped_queries_with_sinks_in_windows():
    return grouped(given=['', '', '', '', (4,)], local_window_size=2, softcap=3.0)


@graph
def fused_grouped_queries_with_smooth_softmax():
    """A sink of logit 0."""
    return grouped(smooth_softmax=1)


@graph
def fused_grouped_queries_with_sinks_and_past():
    return grouped(tokens=1, past=6, given=['', '', '', '', (4,)])


@graph
def fused_grouped_queries_with_their_probabilities():
    inputs = {
        'q': ([2, 5, 32],), 'k': ([2, 5, 16],), 'v': ([2, 5, 16],), 'past_k': ([2, 2, 0, 8],), 'past_v': ([2, 2, 0, 8],),
        'lengths': ([2], INT32), 'total': ([1], INT32),
    }
    return single('GroupQueryAttention', inputs, outputs=4, num_heads=4, kv_num_heads=2, qk_output=2)


def quantised_cache(tokens, past, kind, bits=8):
    """Keys and values of the past as signed bytes or two in a byte, with a scale for all or for each channel."""
    cache = ([2, 2, past, bits], TensorProto.INT8 if bits == 8 else TensorProto.UINT8)
    inputs = {
        'q': ([2, tokens, 32],), 'k': ([2, tokens, 16],), 'v': ([2, tokens, 16],), 'past_k': cache, 'past_v': cache,
        'lengths': ([2], INT32), 'total': ([1], INT32), 'k_scale': ([1] if kind == 'PER_TENSOR' else [1, 2, 1, 8],), 'v_scale': ([1] if kind == 'PER_TENSOR' else [1, 2, 1, 8],),
    }
    fed = [*list(inputs)[:7], '', '', '', '', '', 'k_scale', 'v_scale']
    return single('GroupQueryAttention', inputs, fed, outputs=3, num_heads=4, kv_num_heads=2, k_quant_type=kind, v_quant_type=kind, kv_cache_bit_width=bits)


@graph
def fused_grouped_queries_with_quantised_past():
    return quantised_cache(1, 6, 'PER_TENSOR')


@graph
def fused_grouped_queries_with_past_of_half_bytes():
    return quantised_cache(1, 6, 'PER_CHANNEL', bits=4)


@graph
def fused_grouped_queries_with_past_quantised_by_channel():
    return quantised_cache(1, 6, 'PER_CHANNEL')


@graph
def fused_grouped_queries_with_norms():
    """q and k of each head are normalised inside the operator."""
    return grouped(given=['', '', '', '', '', '', '', (8,), (8,)])


def with_scores(mode):
    shapes = {'q': ([2, 4, 5, 8],), 'k': ([2, 4, 7, 8],), 'v': ([2, 4, 7, 8],), 'mask': ([5, 7],)}
    return single('Attention', shapes, outputs=4, given=['q', 'k', 'v', 'mask'], domain='', opset=23, softcap=2.0, qk_matmul_output_mode=mode)


@graph
def fused_attention_with_its_products():
    return with_scores(0)


@graph
def fused_attention_with_its_masked_scores():
    return with_scores(1)


@graph
def fused_attention_with_its_capped_scores():
    return with_scores(2)


@graph
def fused_decoder_step():
    inputs = {
        'q': ([2, 1, 16],), 'k': ([2, 1, 16],), 'v': ([2, 1, 16],), 'past_k': ([2, 4, 8, 4],), 'past_v': ([2, 4, 8, 4],), 'length': ([1], INT32),
    }
    given = ['q', 'k', 'v', '', '', 'past_k', 'past_v', 'length']
    return single('DecoderMaskedMultiHeadAttention', inputs, given, outputs=3, num_heads=4, past_present_share_buffer=1)


@graph
def fused_decoder_step_across():
    """One token over the keys of an encoder, some of which are padding."""
    inputs = {'q': ([2, 1, 16],), 'k': ([2, 4, 7, 4],), 'v': ([2, 4, 7, 4],), 'seen': ([2, 7], INT32)}
    return single('DecoderMaskedMultiHeadAttention', inputs, num_heads=4)


@graph
def fused_decoder_step_with_bias():
    inputs = {
        'q': ([2, 1, 16],), 'k': ([2, 1, 16],), 'v': ([2, 1, 16],), 'seen': ([2, 8], INT32), 'past_k': ([2, 4, 9, 4],), 'past_v': ([2, 4, 9, 4],), 'length': ([1], INT32),
    }
    given = ['q', 'k', 'v', 'seen', '', 'past_k', 'past_v', 'length', '', '', (48,)]
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
def fused_decoder_step_of_packed_weights():
    inputs = {'x': ([2, 1, 16],), 'past': ([2, 2, 4, 8, 4],), 'length': ([1], INT32)}
    given = ['x', (16, 48), (48,), '', 'past', '', 'length']
    return single('DecoderMaskedSelfAttention', inputs, given, outputs=2, num_heads=4, past_present_share_buffer=1)


@graph
def fused_long_sequences():
    inputs = {'x': WIDE, 'mask': ([2, 5],), 'global': ([2, 5], INT32)}
    given = ['x', (16, 48), (48,), 'mask', (16, 48), (48,), 'global']
    return single('LongformerAttention', inputs, given, num_heads=4, window=2)


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
def fused_quantised_with_zero_points():
    """A scale and a zero point for each column of the weight; bytes without a sign."""
    b = Builder()
    x = b.node('QuantizeLinear', ['x', b.constant(0.05), b.constant(120, 'uint8')])
    weight = b.constant(b.random.integers(100, 140, (16, 48)), 'uint8')
    scales = b.constant(b.random.uniform(0.01, 0.05, 48).astype('float32'))
    zeros = b.constant(b.random.integers(110, 130, 48), 'uint8')
    given = [x, weight, b.weight(48), b.constant(0.05), scales, 'mask', b.constant(120, 'uint8'), zeros, 'past']
    out = b.node('QAttention', given, 2, domain=MICROSOFT, num_heads=4, unidirectional=1)
    inputs = {'x': WIDE, 'mask': ([2, 8], INT32), 'past': ([2, 2, 4, 3, 4],)}
    return b.model(inputs, {out[0]: WIDE}, 17, [MICROSOFT])


@graph
def fused_sparse():
    inputs = {
        'q': ([2, 20, 32],), 'k': ([2, 20, 16],), 'v': ([2, 20, 16],), 'past_k': ([2, 2, 48, 8],), 'past_v': ([2, 2, 48, 8],),
        'rows': ([1, 4], INT32), 'columns': ([1, 6], INT32), 'total': ([1], INT32), 'lengths': ([2], INT32),
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


@graph
def fused_flexible_capped_and_causal():
    """The scores go through a graph of their own: capped, then hidden where keys come after their query."""
    body = Builder()
    cap, nought, one, hidden = body.constant(20.0), body.constant(0), body.constant(1), body.constant(float('-inf'))
    capped = body.node('Mul', [body.node('Tanh', [body.node('Div', ['scores', cap])]), cap])
    sizes = body.node('Shape', ['scores'])
    def places(axis, shape):
        count = body.node('Gather', [sizes, body.constant(axis)], axis=0)
        return body.node('Reshape', [body.node('Range', [nought, count, one]), body.constant(shape)])
    seen = body.node('GreaterOrEqual', [places(2, [-1, 1]), places(3, [1, -1])])
    changed = body.node('Where', [seen, capped, hidden])
    square = (['B', 'H', 'T', 'S'],)
    score_mod = body.graph({'scores': square}, {changed: square}, 'score_mod')
    shapes = {'q': ([2, 4, 5, 8],), 'k': ([2, 2, 5, 8],), 'v': ([2, 2, 5, 8],)}
    return single('FlexAttention', shapes, domain='ai.onnx.preview', score_mod=score_mod)
