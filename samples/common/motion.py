"""Where every token is and how it moves after each block of a momentum model: from PyTorch, and in the exported graph.

Keys are `layers.N.position` and `layers.N.velocity`, each [B, T, D], after block N; `start.velocity` before the first.
"""
from common.graph_values import computed_by


def motion_names(proto, model, file):
    """Quantity to value name. `file` is the model's Python; its blocks end in `return x + v, v` with one name or another."""
    after = 'return x + v, v' if hasattr(model, 'velocity') else 'return x + p, p'
    norm = 'velocity_norm' if hasattr(model, 'velocity') else 'mlp_norm'
    names = {}
    for i in range(len(model.layers)):
        names[f'layers.{i}.position'] = computed_by(proto, f'layers.{i}', file, after)
        names[f'layers.{i}.velocity'] = last_output(proto, f'/layers.{i}/{norm}/')
    names['start.velocity'] = last_output(proto, '/velocity/' if hasattr(model, 'velocity') else '/momentum/')
    return names


def last_output(proto, prefix):
    found = [node.output[0] for node in proto.graph.node if node.name.startswith(prefix)]
    if not found:
        raise ValueError(f'no node is named {prefix}...')
    return found[-1]


def watch_motion(model):
    """A dictionary that fills with every quantity when the model runs next."""
    seen = {}
    table = getattr(model, 'velocity', None) or model.momentum
    table.register_forward_hook(lambda _module, _inputs, output: seen.update({'start.velocity': output}))
    for i, layer in enumerate(model.layers):
        def keep(_module, _inputs, output, i=i):
            seen.update({f'layers.{i}.position': output[0], f'layers.{i}.velocity': output[1]})

        layer.register_forward_hook(keep)
    return seen
