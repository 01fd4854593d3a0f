"""A list of graphs to write: each function makes one, named after it, with weights that a seed fixes."""
import contextlib
import io
import pathlib
import warnings

import numpy
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

FOLDER = pathlib.Path(__file__).resolve().parents[1]
graphs = {}


def graph(make):
    """Registers a function without arguments that returns an `onnx.ModelProto`."""
    graphs[make.__name__.replace('_', '-')] = make
    return make


def export(module, args, inputs, outputs=('output',), axes=None, opset=14, **options):
    """
    A PyTorch module as ONNX.

    axes: free axes by input name, such as {'x': {0: 'batch', 1: 'seq'}}; without, the shapes of `args` are baked in
    """
    buffer = io.BytesIO()
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter('ignore')
        torch.onnx.export(
            module.eval(), args, buffer, opset_version=opset, input_names=list(inputs), output_names=list(outputs),
            dynamic_axes=axes or {}, **options,
        )
    return onnx.load_from_string(buffer.getvalue())


class Builder:
    """Nodes and weights of a graph written by hand."""

    def __init__(self, seed=0):
        self.nodes, self.weights, self.random = [], [], numpy.random.default_rng(seed)

    def node(self, op, inputs, outputs=1, name=None, domain='', **attributes):
        """Adds a node and returns its output's name, or their names where `outputs` is not 1."""
        count = len(self.nodes)
        names = [f'{op.lower()}_{count}'] if outputs == 1 else [f'{op.lower()}_{count}_{i}' for i in range(outputs)]
        made = helper.make_node(op, list(inputs), names, name or f'{op}_{count}', domain=domain, **attributes)
        self.nodes.append(made)
        return names[0] if outputs == 1 else names

    def weight(self, *shape, scale=0.5):
        """A weight of random numbers."""
        return self.constant((self.random.standard_normal(shape) * scale).astype('float32'))

    def constant(self, value, dtype=None):
        """A weight of the given numbers: int64 where they are whole, else float32."""
        array = numpy.asarray(value)
        if dtype is None:
            dtype = {'i': 'int64', 'f': 'float32'}.get(array.dtype.kind, array.dtype)
        name = f'weight_{len(self.weights)}'
        self.weights.append(numpy_helper.from_array(array.astype(dtype), name))
        return name

    def linear(self, x, rows, columns):
        return self.node('MatMul', [x, self.weight(rows, columns)])

    def graph(self, inputs, outputs, name='graph'):
        infos = [self.info(n, *spec) for n, spec in inputs.items()]
        results = [self.info(n, *spec) for n, spec in outputs.items()]
        return helper.make_graph(self.nodes, name, infos, results, self.weights)

    def model(self, inputs, outputs, opset=13, domains=(), functions=()):
        """inputs, outputs: name -> (shape,) or (shape, dtype)"""
        imports = [helper.make_opsetid('', opset), *(helper.make_opsetid(d, 1) for d in domains)]
        made = helper.make_model(self.graph(inputs, outputs), opset_imports=imports, functions=list(functions))
        made.ir_version = 8
        return made

    @staticmethod
    def info(name, shape=None, dtype=TensorProto.FLOAT):
        return helper.make_tensor_value_info(name, dtype, shape)


def write_all(only=()):
    torch.set_num_threads(1)
    for name, make in graphs.items():
        if only and name not in only:
            continue
        torch.manual_seed(0)
        model = make()
        path = FOLDER / f'{name}.onnx'
        path.write_bytes(model.SerializeToString())
        print(f'{name}: {path.stat().st_size:,} bytes, {len(model.graph.node)} nodes')
