"""Where every token is and how it moves after each block of a momentum model: from PyTorch, and in the exported graph.

Keys are `layers.N.position` and `layers.N.velocity`, each [B, T, D], after block N; `start.velocity` before the first.
"""
import torch

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


def watch_energies(model):
    """
    Lists that fill with the mean energy a token of each block when the model runs next: `kinetic`, of the velocity that
    enters, and `potential`, of the tokens under the block's own scores.

    With a mass z (SympFormer) kinetic is <B p, p> / 2z and potential is -z / 2; else kinetic is |v|^2 / 2 and potential is
    minus the logarithm of the mean of exp(score) over the tokens seen, averaged over heads.
    """
    seen = {'kinetic': [], 'potential': []}
    for layer in model.layers:
        layer.register_forward_pre_hook(lambda layer, inputs: enter(layer, inputs, seen))
        layer.mixer.register_forward_pre_hook(lambda mixer, inputs: mix(mixer, inputs, seen))
    return seen


def enter(layer, inputs, seen):
    if len(inputs) > 1 and not hasattr(layer.mixer, 'mobility'):
        velocity = inputs[1] * layer.momentum
        seen['kinetic'].append(float(velocity.square().sum(-1).mean() / 2))


def mix(mixer, inputs, seen):
    x = inputs[0]
    T = x.size(1)
    past = torch.ones(T, T, dtype=torch.bool).tril()
    counts = past.sum(1)
    if hasattr(mixer, 'mobility'):
        scores = torch.matmul(mixer.q_proj(x), mixer.k_proj(x).transpose(-1, -2)) * mixer.scale
        mass = (scores.clamp(-60, 60).exp() * past).sum(-1) / counts
        momentum = inputs[1]
        kinetic = (mixer.mobility(momentum) * momentum).sum(-1) / mass / 2
        seen['kinetic'].append(float(kinetic.mean()))
        seen['potential'].append(float(-mass.mean() / 2))
        return
    q, k = mixer.split(mixer.q_proj(x)), mixer.split(mixer.k_proj(x))
    scores = torch.matmul(q, k.transpose(-1, -2)) / q.size(-1) ** 0.5
    free = torch.logsumexp(scores.masked_fill(~past, -torch.inf), -1) - counts.log()
    seen['potential'].append(float(-free.mean()))
