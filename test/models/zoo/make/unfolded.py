"""LinearAttention-27 and CausalConvWithState-27 written out in standard operators, as their own function bodies have them."""
from onnx import TensorProto, helper

from expanded import Body
from recording import graph

FLOAT = TensorProto.FLOAT
B, T, K, V = 2, 5, 4, 3


class Step(Body):
    """The body of the Scan: constants stand outside and are caught by name."""

    def __init__(self, outer):
        super().__init__()
        self.outer = outer

    def constant(self, value, dtype=None):
        return self.outer.constant(value, dtype)

    def node(self, op, inputs, **attributes):
        """Names of the graph around may not be used again."""
        output = f'turn_{op.lower()}_{len(self.nodes)}'
        self.last(op, inputs, output, **attributes)
        return output

    def last(self, op, inputs, output, **attributes):
        self.nodes.append(helper.make_node(op, inputs, [output], f'last_{output}', **attributes))


def unfolded(rule, heads=(2, 2), past=False, per_channel=False, shared_beta=False, scale=None, erase=False, opset=18):
    """heads: of queries, of keys. per_channel: one decay for each key channel. shared_beta: (B, T, 1). erase: opset 28's gate."""
    query_heads, key_heads = heads
    b = Body()
    inputs = {'query': ([B, T, query_heads * K],), 'key': ([B, T, key_heads * K],), 'value': ([B, T, key_heads * V],)}
    last, one = b.c(-1), b.c(1)
    batch, length = b.span('query', 0, 1), b.span('query', 1, 2)
    kv_shape = b.node('Concat', [batch, length, b.c(key_heads), last], axis=0)

    def laid(name, shape):
        return b.node('Transpose', [b.node('Reshape', [name, shape])], perm=[1, 0, 2, 3])

    scanned = {
        'q_t': laid('query', b.node('Concat', [batch, length, b.c(query_heads), last], axis=0)),
        'k_t': laid('key', kv_shape), 'v_t': laid('value', kv_shape),
    }
    if 'gated' in rule:
        inputs['decay'] = ([B, T, key_heads * (K if per_channel else 1)],)
        scanned['decay_t'] = laid('decay', kv_shape)
    if 'delta' in rule:
        inputs['beta'] = ([B, T, 1 if shared_beta else key_heads],)
        scanned['beta_t'] = laid('beta', b.node('Concat', [batch, length, last, one], axis=0))
    if erase:
        inputs['erase_gate'] = ([B, T, key_heads * K],)
        scanned['erase_t'] = laid('erase_gate', kv_shape)
    key_size = b.node('Div', [b.span('query', 2, 3), b.c(query_heads)])
    value_size = b.node('Div', [b.span('value', 2, 3), b.c(key_heads)])
    if past:
        inputs['past_state'] = ([B, key_heads, K, V],)
        start = b.node('Cast', ['past_state'], to=FLOAT)
    else:
        start = b.node('ConstantOfShape', [b.node('Concat', [batch, b.c(key_heads), key_size, value_size], axis=0)])
    if scale is None:
        factor = b.node('Reciprocal', [b.node('Sqrt', [b.node('Cast', [b.node('Squeeze', [key_size])], to=FLOAT)])])
    else:
        factor = b.constant(scale, 'float32')
    wide, flat = None, None
    if query_heads > key_heads:
        wide = b.node('Concat', [batch, b.c(key_heads), b.c(query_heads // key_heads), key_size, value_size], axis=0)
        flat = b.node('Concat', [batch, b.c(query_heads), key_size, value_size], axis=0)

    s = Step(b)
    turn = {name: s.node('Cast', [name], to=FLOAT) for name in scanned}
    kept, write = 'state_in', turn['v_t']
    if 'gated' in rule:
        kept = s.node('Mul', ['state_in', s.node('Unsqueeze', [s.node('Exp', [turn['decay_t']]), last])])
    column = s.node('Unsqueeze', [turn['k_t'], last])
    if 'delta' in rule:
        erased = s.node('Unsqueeze', [s.node('Mul', [turn['erase_t'], turn['k_t']]), last]) if erase else column
        answer = s.node('Squeeze', [s.node('MatMul', [s.node('Transpose', [kept], perm=[0, 1, 3, 2]), erased]), last])
        write = s.node('Mul', [turn['beta_t'], s.node('Sub', [turn['v_t'], answer])])
    row = s.node('Unsqueeze', [write, b.c(-2)])
    s.last('Add', [kept, s.node('MatMul', [column, row])], 'state_out')
    read = 'state_out'
    if wide:
        read = s.node('Reshape', [s.node('Expand', [s.node('Unsqueeze', ['state_out', b.c(2)]), wide]), flat])
    answer = s.node('Squeeze', [s.node('MatMul', [s.node('Unsqueeze', [turn['q_t'], b.c(-2)]), read]), b.c(-2)])
    s.last('CastLike', [s.node('Mul', [factor, answer]), 'q_t'], 'output_t')
    body = helper.make_graph(
        s.nodes, 'linear_attn_step', [s.info(name, None) for name in ['state_in', *scanned]],
        [s.info('state_out', None), s.info('output_t', None)],
    )
    for info in [*body.input, *body.output]:
        info.type.tensor_type.ClearField('shape')
    final, out = b.node('Scan', [start, *scanned.values()], 2, num_scan_inputs=len(scanned), body=body)
    out = b.node('Transpose', [out], perm=[1, 0, 2, 3])
    b.nodes.append(helper.make_node('Reshape', [out, b.node('Concat', [batch, length, last], axis=0)], ['output']))
    b.nodes.append(helper.make_node('CastLike', [final, 'past_state' if past else 'query'], ['present_state']))
    outputs = {'output': ([B, T, query_heads * V],), 'present_state': ([B, key_heads, K, V],)}
    return b.model(inputs, outputs, opset)


@graph
def unfolded_linear():
    return unfolded('linear')


@graph
def unfolded_linear_grouped_queries_and_past():
    return unfolded('linear', heads=(4, 2), past=True, scale=0.25)


@graph
def unfolded_gated():
    return unfolded('gated', heads=(4, 4))


@graph
def unfolded_gated_by_channel():
    return unfolded('gated', per_channel=True, past=True)


@graph
def unfolded_delta():
    return unfolded('delta', scale=1.0)


@graph
def unfolded_delta_with_one_beta():
    return unfolded('delta', heads=(4, 1), shared_beta=True)


@graph
def unfolded_gated_delta():
    return unfolded('gated_delta', past=True)


@graph
def unfolded_gated_delta_by_channel():
    return unfolded('gated_delta', heads=(4, 2), per_channel=True, shared_beta=True)


@graph
def unfolded_gated_delta_with_erase_gate():
    return unfolded('gated_delta', erase=True)


def convolution(past, bias, silu):
    b = Body()
    one = b.c(1)
    inputs = {'input': ([2, 6, 'length'],)}
    weight = b.weight(6, 1, 4)
    before = b.node('Sub', [b.span(weight, 2, 3), one])
    if past:
        inputs['past_state'] = ([2, 6, 3],)
        padded = b.node('Concat', ['past_state', 'input'], axis=2)
    else:
        zeros = b.node('ConstantOfShape', [b.node('Concat', [b.span('input', 0, 1), b.span('input', 1, 2), before], axis=0)])
        padded = b.node('Concat', [b.node('CastLike', [zeros, 'input']), 'input'], axis=2)
    mixed = b.node('Conv', [padded, weight, b.weight(6)] if bias else [padded, weight], group=6)
    if silu:
        b.nodes.append(helper.make_node('Mul', [mixed, b.node('Sigmoid', [mixed])], ['output']))
    else:
        b.nodes.append(helper.make_node('Identity', [mixed], ['output']))
    total = b.span(padded, 2, 3)
    b.nodes.append(helper.make_node('Slice', [padded, b.node('Sub', [total, before]), total, b.c(2)], ['present_state']))
    return b.model(inputs, {'output': ([2, 6, 'length'],), 'present_state': ([2, 6, 3],)}, 18)


@graph
def unfolded_convolution_with_state():
    return convolution(past=True, bias=True, silu=True)


@graph
def unfolded_convolution_without_past():
    return convolution(past=False, bias=False, silu=False)
