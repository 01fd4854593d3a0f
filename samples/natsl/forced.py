"""
What PyTorch answers where the routes are not the router's: written to `forced.npz` beside the model.

    positions         [4]              tokens of the prompt at which something is asked, the last ones
    <routes>.logits   [4, V]           at those positions
    <routes>.choice   [layers, N, H]   1 where a chunk is remembered exactly; N chunks, H heads

`<routes>` is `softmax` (every chunk), `linear` (none) or `flipped` (the router's own, with the first chunk of the last layer's
first head the other way round).
"""
import numpy as np
import torch

STORED = 4


def forced_answers(model, tokens, labels):
    """Arrays by name, from a model in a form that gives its answers exactly. tokens and labels [1, T]."""
    positions = np.flatnonzero(labels[0] >= 0)[-STORED:]
    own = own_choices(model, tokens)
    flipped = [choice.clone() for choice in own]
    flipped[-1][:, 0, 0] = 1 - flipped[-1][:, 0, 0]
    routes = {
        'softmax': [torch.ones_like(choice) for choice in own],
        'linear': [torch.zeros_like(choice) for choice in own],
        'flipped': flipped,
    }
    arrays = {'positions': positions.astype(np.int64)}
    for name, choices in routes.items():
        with torch.no_grad():
            logits = answer(model, tokens, choices).numpy()
        arrays[f'{name}.logits'] = logits[0, positions].astype(np.float32)
        arrays[f'{name}.choice'] = np.concatenate([choice.numpy() for choice in choices]).astype(np.int16)
    return arrays


def own_choices(model, tokens):
    """What the routers decide, one [1, N, H] a layer: 1 is softmax."""
    seen = []
    answer(model, tokens, [None] * len(model.layers), seen)
    return seen


def answer(model, tokens, choices, seen=None):
    """Logits [1, T, V] with each layer's choice [1, N, H] put in its router's place; None leaves the router's own."""
    routers = [layer.mixer.route for layer in model.layers]

    def routed(route, choice):
        def call(x):
            m, inside = route(x)
            if seen is not None:
                seen.append(m[..., 0].detach())
            return (m if choice is None else torch.stack([choice, 1 - choice], dim=-1)), inside

        return call

    for layer, route, choice in zip(model.layers, routers, choices):
        layer.mixer.route = routed(route, choice)
    try:
        return model(torch.from_numpy(tokens))
    finally:
        for layer, route in zip(model.layers, routers):
            layer.mixer.route = route
