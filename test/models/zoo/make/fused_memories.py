"""Linear attention and the convolution before it as one operator each."""
from fused import MICROSOFT, WIDE, single
from recording import Builder, graph


def linear_operator(rule, *given, heads=(4, 4), keys=None, decay='head', beta='head', past=False, outputs=2):
    """heads: of queries, of values. keys: heads of keys. decay: of each head or key channel. beta: of each head, or one."""
    (queries, values), size = heads, 4
    inputs = {
        'q': ([2, 5, queries * size],), 'k': ([2, 5, (keys or values) * size],), 'v': ([2, 5, values * 3],),
        'past_state': ([2, values, size, 3],),
        'decay': ([2, 5, values * (1 if decay == 'head' else size)],), 'beta': ([2, 5, 1 if beta == 'one' else values],),
    }
    wanted = ('q', 'k', 'v', 'past_state' if past else '', *given)
    used = {name: spec for name, spec in inputs.items() if name in wanted}
    fed = [name if name in wanted else '' for name in inputs]
    return single('LinearAttention', used, fed, outputs=outputs, q_num_heads=queries, kv_num_heads=values, update_rule=rule)


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
def fused_linear_with_past():
    return linear_operator('linear', past=True)


@graph
def fused_gated_with_past():
    return linear_operator('gated', 'decay', past=True)


@graph
def fused_delta_with_past():
    return linear_operator('delta', 'beta', past=True)


@graph
def fused_gated_delta_with_past():
    return linear_operator('gated_delta', 'decay', 'beta', past=True)


@graph
def fused_gated_by_channel():
    return linear_operator('gated', 'decay', decay='channel')


@graph
def fused_delta_with_one_beta():
    return linear_operator('delta', 'beta', beta='one')


@graph
def fused_gated_delta_by_channel_with_one_beta_and_past():
    return linear_operator('gated_delta', 'decay', 'beta', decay='channel', beta='one', past=True)


@graph
def fused_gated_delta_of_grouped_queries():
    """Two heads of queries read each state."""
    return linear_operator('gated_delta', 'decay', 'beta', heads=(4, 2), decay='channel', past=True)


@graph
def fused_gated_delta_of_grouped_values():
    """Two states are read by each head of queries and written under each head of keys."""
    return linear_operator('gated_delta', 'decay', 'beta', heads=(2, 4), keys=2, past=True)


@graph
def fused_gated_delta_after_convolution():
    b = Builder()
    shape = ([2, 16, 5],)
    mixed = b.node('CausalConvWithState', ['x', b.weight(16, 1, 4), b.weight(16), ''], 2, domain=MICROSOFT, activation='silu')[0]
    q, k, v = (b.linear(b.node('Transpose', [mixed], perm=[0, 2, 1]), 16, 16) for _ in range(3))
    out = b.node('LinearAttention', [q, k, v, '', 'decay', 'beta'], 2, domain=MICROSOFT, q_num_heads=4, kv_num_heads=4, update_rule='gated_delta')[0]
    inputs = {'x': shape, 'decay': ([2, 5, 4],), 'beta': ([2, 5, 4],)}
    return b.model(inputs, {out: WIDE}, 17, [MICROSOFT])


@graph
def fused_gated_delta_after_convolution_with_past():
    """A second stretch of tokens: what is left of the last ones before the filter, and the state."""
    b = Builder()
    fed = ['x', b.weight(16, 1, 4), b.weight(16), 'past_tokens']
    mixed = b.node('CausalConvWithState', fed, 2, domain=MICROSOFT, activation='silu')
    q, k, v = (b.linear(b.node('Transpose', [mixed[0]], perm=[0, 2, 1]), 16, 16) for _ in range(3))
    out = b.node('LinearAttention', [q, k, v, 'past_state', 'decay', 'beta'], 2, domain=MICROSOFT, q_num_heads=4, kv_num_heads=4, update_rule='gated_delta')
    inputs = {
        'x': ([2, 16, 5],), 'past_tokens': ([2, 16, 3],), 'past_state': ([2, 4, 4, 4],), 'decay': ([2, 5, 4],), 'beta': ([2, 5, 4],),
    }
    return b.model(inputs, {out[0]: WIDE, out[1]: ([2, 4, 4, 4],), mixed[1]: ([2, 16, 3],)}, 17, [MICROSOFT])
