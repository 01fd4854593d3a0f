"""Attention inside local functions, branches, loops and search operators."""
import onnx
import torch
from onnx import TensorProto, helper

from encoders import IDS, MASK, TEXT, Block, Embedded, SelfAttention, additive
from recording import Builder, export, graph

X = {'x': ([2, 5, 16],)}


def attend(b, x='x', out='mixed'):
    """Plain attention with four heads; returns the name of the result [2, 5, 16]."""
    parts = []
    for perm in ((0, 2, 1, 3), (0, 2, 3, 1), (0, 2, 1, 3)):
        parts.append(b.node('Transpose', [b.node('Reshape', [b.linear(x, 16, 16), b.constant([0, 0, 4, 4])])], perm=perm))
    q, k, v = parts
    weights = b.node('Softmax', [b.node('Mul', [b.node('MatMul', [q, k]), b.constant(0.5)])], axis=-1, name='attn/Softmax')
    mixed = b.node('Transpose', [b.node('MatMul', [weights, v])], perm=(0, 2, 1, 3))
    b.nodes.append(helper.make_node('Reshape', [mixed, b.constant([0, 0, 16])], [out], 'attn/Reshape'))
    return out


@graph
def modules_as_functions():
    return export(
        Embedded([Block(SelfAttention()), Block(SelfAttention())], extend=additive), (IDS, MASK), ['ids', 'mask'], axes=TEXT, opset=15,
        export_modules_as_functions={SelfAttention},
    )


@graph
def function_of_a_library():
    """Softmax and products as functions of their own, with an attribute handed through."""
    softmax = helper.make_node('Softmax', ['x'], ['y'], 'inner')
    softmax.attribute.append(onnx.AttributeProto(name='axis', ref_attr_name='dim', type=onnx.AttributeProto.INT))
    functions = [
        helper.make_function('pkg.onnxscript.torch_lib', 'aten_matmul', ['a', 'b'], ['c'], [helper.make_node('MatMul', ['a', 'b'], ['c'])], [helper.make_opsetid('', 15)]),
        helper.make_function('pkg.onnxscript.torch_lib', 'aten_softmax', ['x'], ['y'], [softmax], [helper.make_opsetid('', 15)], ['dim']),
    ]
    b = Builder()
    domain = 'pkg.onnxscript.torch_lib'
    q, k, v = (b.node('Transpose', [b.node('Reshape', [b.linear('x', 16, 16), b.constant([0, 0, 4, 4])])], perm=p) for p in ((0, 2, 1, 3), (0, 2, 3, 1), (0, 2, 1, 3)))
    scores = b.node('Mul', [b.node('aten_matmul', [q, k], domain=domain), b.constant(0.5)])
    weights = b.node('aten_softmax', [scores], domain=domain, dim=-1)
    out = b.node('aten_matmul', [weights, v], domain=domain)
    return b.model(X, {out: ([2, 4, 5, 4],)}, 15, [domain], functions)


@graph
def branches():
    """One attention in each branch of an If."""
    graphs = []
    for name in ('then', 'else'):
        b = Builder(seed=len(name))
        attend(b, out=f'{name}_out')
        graphs.append(b.graph({}, {f'{name}_out': X['x']}, name))
    b = Builder()
    out = b.node('If', ['flag'], name='use_cache', then_branch=graphs[0], else_branch=graphs[1])
    return b.model({**X, 'flag': ([], TensorProto.BOOL)}, {out: X['x']})


@graph
def loop_over_layers():
    """The same attention again and again: a Loop whose state is the hidden tokens."""
    b = Builder()
    attend(b, 'hidden', 'next')
    b.nodes.append(helper.make_node('Identity', ['go'], ['go_on'], 'go'))
    body = b.graph({'turn': ([], TensorProto.INT64), 'go': ([], TensorProto.BOOL), 'hidden': X['x']}, {'go_on': ([], TensorProto.BOOL), 'next': X['x']}, 'body')
    outer = Builder()
    out = outer.node('Loop', [outer.constant(3), outer.constant(True, 'bool'), 'x'], name='layers', body=body)
    return outer.model(X, {out: X['x']})


@graph
def scan_over_segments():
    b = Builder()
    attend(b, 'segment', 'segment_out')
    body = b.graph({'segment': X['x']}, {'segment_out': X['x']}, 'body')
    outer = Builder()
    out = outer.node('Scan', ['x'], name='segments', body=body, num_scan_inputs=1)
    return outer.model({'x': ([3, 2, 5, 16],)}, {out: ([3, 2, 5, 16],)})


def search(op, decoders):
    b = Builder()
    inputs = ['ids', b.constant(8, 'int32'), b.constant(1, 'int32')]
    if op == 'BeamSearch':
        inputs += [b.constant(2, 'int32'), b.constant(1, 'int32')]
    out = b.node(op, inputs, domain='com.microsoft', name=op, eos_token_id=1, pad_token_id=0, **decoders)
    return b.model({'ids': ([2, 5], TensorProto.INT32)}, {out: (None, TensorProto.INT32)}, 15, ['com.microsoft'])


def language_model():
    """Ids to logits with one attention."""
    b = Builder()
    ids = b.node('Cast', ['input_ids'], to=TensorProto.INT64)
    x = b.node('Gather', [b.weight(20, 16), ids])
    attend(b, x)
    logits = b.node('MatMul', ['mixed', b.weight(16, 20)])
    return b.graph({'input_ids': (['batch', 'seq'], TensorProto.INT32)}, {logits: (['batch', 'seq', 20],)}, 'decoder')


@graph
def beam_search():
    return search('BeamSearch', {'decoder': language_model(), 'model_type': 0})


@graph
def greedy_search():
    return search('GreedySearch', {'decoder': language_model(), 'model_type': 0})


@graph
def sampling():
    return search('Sampling', {'decoder': language_model(), 'model_type': 0, 'top_p': 0.9})


@graph
def keys_through_a_list():
    """As torch.tensor_split is exported: a list that a loop starts, of which the keys are taken out again."""
    b = Builder()
    info, items = helper.make_tensor_value_info, lambda name: helper.make_tensor_sequence_value_info(name, TensorProto.FLOAT, None)
    copies = [helper.make_node('Identity', [name], [f'{name}_on']) for name in ('going', 'list')]
    given = [info('turn', TensorProto.INT64, []), info('going', TensorProto.BOOL, []), items('list')]
    body = helper.make_graph(copies, 'turn', given, [info('going_on', TensorProto.BOOL, []), items('list_on')])
    start = b.node('Loop', [b.constant(0), b.constant(True, 'bool'), b.node('SequenceEmpty', [])], body=body)
    q, k, v = (b.linear('x', 16, 16) for _ in range(3))
    k = b.node('SequenceAt', [b.node('SequenceInsert', [start, k]), b.constant(0)])
    perms = ((0, 2, 1, 3), (0, 2, 3, 1), (0, 2, 1, 3))
    q, k, v = (b.node('Transpose', [b.node('Reshape', [y, b.constant([0, 0, 4, 4])])], perm=perm) for y, perm in zip((q, k, v), perms))
    weights = b.node('Softmax', [b.node('Mul', [b.node('MatMul', [q, k]), b.constant(0.5)])], axis=-1)
    mixed = b.node('Transpose', [b.node('MatMul', [weights, v])], perm=(0, 2, 1, 3))
    b.nodes.append(helper.make_node('Reshape', [mixed, b.constant([0, 0, 16])], ['y'], 'last'))
    return b.model(X, {'y': (None,)}, opset=14)
