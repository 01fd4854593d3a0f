"""
What the layers of NAtS-L compute on the way, for a view to show: from PyTorch, and under which name in the exported graph.

Keys are `layers.N.<quantity>`:
    routerLogits   [B, C, H, 2]  C chunks; 0 softmax, 1 state
    choice         [B, C, H, 2]  one-hot
    probabilities  [B, H, T, T]  of the softmax branch, over what each query may see
    beta, g        [B, H, T]     of the state branch: share of the error that is written, log of the decay
    exact, folded  [B, H, T, V]  what each branch answers, before its norm
    mix            [B, H, T, 2]  weights of the two answers; 0 state, 1 softmax: the reverse of the router's order
"""
import torch
import torch.nn.functional as F

from common.graph_values import computed_by, read_by
from common.records import run_and_record

FILE = 'natsl/model.py'


def value_names(proto, model):
    """Quantity to the name of its value in an exported graph."""
    names = {}
    for i in range(len(model.layers)):
        scope = f'layers.{i}/mixer'
        lines = {
            'routerLogits': ('return self.proj(mean).view(', None),
            'choice': ('m = torch.cat([choice, 1 - choice]', None),
            'probabilities': ('scores.masked_fill(visible == 0', 'Softmax'),
            'beta': ('beta = torch.sigmoid(', None),
            'g': ('g = (-self.log_rate', None),
            'exact': ('exact = self.attend(', None),
            'mix': ('w = self.mix_proj(q)', None),
        }
        for quantity, (text, operator) in lines.items():
            names[f'layers.{i}.{quantity}'] = computed_by(proto, scope, FILE, text, operator)
        names[f'layers.{i}.folded'] = read_by(proto, f'/{scope}/state_norm/Mul')
    return names


def quantities(model, tokens):
    """The logits [1, T, V] for `tokens` [1, T], and every quantity as PyTorch computed it."""
    seen = {}
    for i, layer in enumerate(model.layers):
        watch(layer.mixer, f'layers.{i}.', seen)
    logits, probabilities = run_and_record(model, tokens[0])
    for i, layer in enumerate(model.layers):
        seen[f'layers.{i}.probabilities'] = probabilities[i]
        finish(layer.mixer, f'layers.{i}.', seen)
    return logits, seen


def watch(mixer, prefix, seen):
    """Keep what the modules and methods of one layer return when it runs."""

    def keep(module, name):
        module.register_forward_hook(lambda _module, _inputs, output: seen.update({prefix + name: output}))

    keep(mixer.router, 'routerLogits')
    keep(mixer.beta_proj, 'beta')
    keep(mixer.alpha_proj, 'g')
    keep(mixer.mix_proj, 'mix')
    for method, name in (('route', 'choice'), ('attend', 'exact'), ('remember', 'folded')):
        setattr(mixer, method, keeping(getattr(mixer, method), prefix + name, seen))


def keeping(method, name, seen):
    def call(*arguments):
        seen[name] = method(*arguments)
        return seen[name]

    return call


def finish(mixer, prefix, seen):
    """From the outputs of projections to the quantities themselves, as in the layer's own text."""
    beta, alpha, mix = (seen[prefix + name] for name in ('beta', 'g', 'mix'))
    B, T, H = beta.shape
    with torch.no_grad():
        seen[prefix + 'beta'] = torch.sigmoid(beta).transpose(1, 2)
        seen[prefix + 'g'] = (-mixer.log_rate.exp() * F.softplus(alpha + mixer.step_bias)).transpose(1, 2)
        seen[prefix + 'mix'] = mix.view(B, T, H, 2).softmax(dim=-1).transpose(1, 2)
    for name in ('routerLogits', 'choice'):
        seen[prefix + name] = seen[prefix + name][0]
