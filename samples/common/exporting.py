"""From a trained module to a `model.onnx` that says which line of Python made each node, and names no machine."""
import contextlib
import os
import pathlib
import re
import sys
import warnings

import onnx
import torch

SAMPLES = pathlib.Path(__file__).resolve().parents[1]
FRAME = re.compile(r'^(?P<path>.+)\((?P<line>\d+)\): (?P<function>.+)$')
BATCH_AND_LENGTH = {0: 'batch', 1: 'seq'}
CALLING = re.compile(r'torch/nn/modules/module\.py\(\d+\): (_slow_forward|_call_impl)$')
SCRIPTED = re.compile(r'File "(?P<path>[^"]+)"')


def portable_path(path):
    """`samples/...` for our own files, `site-packages/...` for a library's, the bare file name for anything else."""
    resolved = pathlib.Path(path).resolve()
    if SAMPLES in resolved.parents:
        return str(pathlib.Path('samples') / resolved.relative_to(SAMPLES))
    for folder in ('site-packages', 'dist-packages'):
        if folder in resolved.parts:
            return '/'.join(('site-packages', *resolved.parts[resolved.parts.index(folder) + 1 :]))
    return resolved.name


def portable_doc(doc, whole_stack=False):
    """
    The exporter's stack of frames, innermost first and in its own format, without the folders of the machine that
    exported. Unless `whole_stack`, also without the frames in which PyTorch calls a module, and without those of the
    exporter itself, which are the same for every node: together two thirds of the text.
    """
    lines = []
    for line in doc.splitlines():
        frame = FRAME.match(line)
        if frame:
            if frame['path'].endswith('torch/jit/_trace.py') and not whole_stack:
                break
            if CALLING.search(line) and not whole_stack:
                continue
            line = f'{portable_path(frame["path"])}({frame["line"]}): {frame["function"]}'
        lines.append(SCRIPTED.sub(lambda match: f'File "{portable_path(match["path"])}"', line))
    return '\n'.join(lines)


def every_node(graph):
    """All nodes of a graph and of the graphs inside its control flow."""
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.GRAPH:
                yield from every_node(attribute.g)


@contextlib.contextmanager
def silent_stdout():
    """Throw away what is printed, also by native code, which `contextlib.redirect_stdout` does not reach."""
    sys.stdout.flush()
    kept = os.dup(1)
    with open(os.devnull, 'w') as nowhere:
        os.dup2(nowhere.fileno(), 1)
    try:
        yield
    finally:
        sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)


def return_states(graph, names):
    """Give the last state of every LinearAttention or Loop node a name of its own, and make it an output of the graph."""
    position = {'LinearAttention': 1, 'Loop': 0}
    recurrent = [node for node in graph.node if node.op_type in position]
    if len(recurrent) != len(names):
        raise ValueError(f'{len(names)} names for the states of {len(recurrent)} recurrent nodes')
    for node, name in zip(recurrent, names):
        old = node.output[position[node.op_type]]
        if any(old in other.input for other in graph.node):
            raise ValueError(f'{old} is read by another node, which renaming would cut off')
        node.output[position[node.op_type]] = name
        graph.output.append(onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ['batch', 'heads', 'keySize', 'valueSize']))


def export(
    model, example, path, file_lines=True, inputs=('input_ids',), outputs=('logits',), axes=BATCH_AND_LENGTH, custom_opsets=None,
    fold_constants=True, states=(), whole_stack=False,
):
    """
    Write `model` as ONNX opset 17.

    example:       what to trace with: token ids [B, T], or a tuple with a tensor for each of `inputs`
    file_lines:    keep the Python stack of every node in its `doc_string`; without, only module paths in node names
    whole_stack:   keep also the frames of PyTorch and of the exporter, as a plain export with `verbose=True` has them
    axes:          the free axes of all inputs and outputs, or a dictionary of them by name
    custom_opsets: versions of operator domains outside the standard, whose nodes the checker cannot know
    states:        names for further outputs, one for each recurrent node in order: the state it ends with [B, H, K, V]
    """
    by_name = axes if set(axes) <= {*inputs, *outputs} else dict.fromkeys((*inputs, *outputs), axes)
    # verbose=True is what makes the exporter keep the lines; it prints the whole graph too
    with silent_stdout(), warnings.catch_warnings():
        warnings.simplefilter('ignore')
        torch.onnx.export(
            model.eval(), example if isinstance(example, tuple) else (example,), str(path), opset_version=17,
            input_names=list(inputs), output_names=list(outputs), dynamic_axes=by_name, verbose=file_lines,
            custom_opsets=custom_opsets, do_constant_folding=fold_constants,
        )
    proto = onnx.load(str(path))
    for node in every_node(proto.graph):
        node.doc_string = portable_doc(node.doc_string, whole_stack)
    if states:
        return_states(proto.graph, states)
    if not custom_opsets:
        onnx.checker.check_model(proto)
    onnx.save(proto, str(path))
    print(f'{path.name}: {path.stat().st_size:,} bytes, {len(proto.graph.node)} nodes')
