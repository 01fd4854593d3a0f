"""Finds in an exported graph the value that a line of Python computed, by the lines that the exporter left in each node."""
import pathlib
import re

SAMPLES = pathlib.Path(__file__).resolve().parents[1]


def line_of(file, text):
    """The number of the only line of `samples/<file>` that contains `text`."""
    lines = (SAMPLES / file).read_text().splitlines()
    found = [number for number, line in enumerate(lines, start=1) if text in line]
    if len(found) != 1:
        raise ValueError(f'samples/{file}: expected one line with {text!r}, found {len(found)}')
    return found[0]


def computed_by(proto, scope, file, text, operator=None):
    """
    The name of the last value under the module path `scope` that stems from the line with `text`, also through calls.

    operator: only from nodes of this type.
    """
    frame = f'samples/{file}({line_of(file, text)}): '
    found = [
        node.output[0]
        for node in proto.graph.node
        if node.name.startswith(f'/{scope}/')
        and any(line.startswith(frame) for line in node.doc_string.splitlines())
        and operator in (None, node.op_type)
    ]
    if not found:
        raise ValueError(f'no node under /{scope}/ stems from {frame}{text}')
    return found[-1]


def read_by(proto, node_name):
    """The name of the first input of a node."""
    found = [node.input[0] for node in proto.graph.node if node.name == node_name]
    if len(found) != 1:
        raise ValueError(f'expected one node {node_name}, found {len(found)}')
    return found[0]


def output_of(proto, path):
    """The name of what the module at a path such as `layers.0.mixer.selector` returns: the value of its last node."""
    scope = '/' + re.sub(r'\.(?=\D)', '/', path) + '/'
    found = [node.output[0] for node in proto.graph.node if node.name.startswith(scope)]
    if not found:
        raise ValueError(f'no node under {scope}')
    return found[-1]
