"""Where every token is and how it moves after each block of a momentum model: from PyTorch, and in the exported graph.

Keys are `layers.N.position` and `layers.N.velocity`, each [B, T, D], after block N; `start.velocity` before the first.
"""
from common.graph_values import computed_by


# How the two kinds of model write the last velocity of a block, its return, and the table of first velocities.
LINES = {
    'velocity': ('v = self.velocity_norm(self.mlp_step', 'return x + v, v', 'v = self.velocity(ids)'),
    'momentum': ('p = self.mlp_norm(', 'return x + p, p', 'p = self.momentum(ids)'),
}


def motion_names(proto, model, file):
    """Quantity to the name of its value; `file` is the model's Python under `samples/`."""
    velocity, position, start = LINES['velocity' if hasattr(model, 'velocity') else 'momentum']
    names = {'start.velocity': computed_by(proto, start.split('.')[1].split('(')[0], file, start)}
    for i in range(len(model.layers)):
        names[f'layers.{i}.position'] = computed_by(proto, f'layers.{i}', file, position)
        names[f'layers.{i}.velocity'] = computed_by(proto, f'layers.{i}', file, velocity)
    return names


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
