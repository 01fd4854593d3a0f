"""What stands beside a model: its prompt, its stored test set, its reference tensors and its metrics."""
import json
import pathlib
import platform

import numpy as np
import onnx
import torch

from common.evaluation import SEED, accuracy
from common.mqar import recall_batch, token_name

# From the folder of a sample.
RECALL_TEST_SET = '../common/recall-test-set.npz'


def versions():
    """The software that made the figures."""
    return {
        'python': platform.python_version(),
        'torch': torch.__version__,
        'onnx': onnx.__version__,
        'numpy': np.__version__,
    }


def parameter_count(model):
    """Trained numbers, each counted once though the embedding is used twice."""
    return sum(parameter.numel() for parameter in model.parameters())


def update_json(path, **fields):
    """Set top-level fields of a JSON file, keeping the others, so that training and export can each write their own."""
    path = pathlib.Path(path)
    record = json.loads(path.read_text()) if path.exists() else {}
    record.update(fields)
    path.write_text(json.dumps(record, indent='\t') + '\n')


def significant(array, digits=7):
    """Nested lists of floats, rounded to what float32 can tell apart."""
    return [significant(row, digits) if np.ndim(row) else float(f'{row:.{digits}g}') for row in array]


def write_prompt(folder, tokens, labels, note, name=token_name):
    """`prompt.json`: one sequence [T], what to write on the axes, and the answers."""
    prompt = {
        'inputs': {'input_ids': {'dtype': 'int64', 'shape': [1, len(tokens)], 'data': [int(token) for token in tokens]}},
        'tokens': [name(token) for token in tokens],
        'labels': [int(label) for label in labels],
        'note': note,
    }
    (folder / 'prompt.json').write_text(json.dumps(prompt) + '\n')


def write_reference(folder, logits, tensors):
    """
    PyTorch's own answer to the prompt as `reference.npz`, float32.

    logits [1, T, V], or None to leave them out; tensors: name to array, for instance `layers.0.probabilities` [1, H, T, T].
    """
    arrays = tensors if logits is None else {'logits': logits, **tensors}
    float32 = {name: np.ascontiguousarray(array, np.float32) for name, array in arrays.items()}
    np.savez_compressed(folder / 'reference.npz', **float32)


def answers_to_prompt(labels, logits):
    """What `metrics.json` keeps of the prompt: the logits [1, T, V] at the positions where something is asked."""
    asked = np.flatnonzero(np.asarray(labels) >= 0)
    answers = logits[0, asked]
    return {
        'positions': [int(at) for at in asked],
        'right': int((answers.argmax(-1) == np.asarray(labels)[asked]).sum()),
        'logits': significant(answers),
    }


def test_set(folder, model, length=64, pairs=8, count=500):
    """
    Write fresh examples as int16 to the one file that all recall samples share, and return the accuracy that PyTorch
    reaches on exactly these.
    """
    tokens, labels = recall_batch(np.random.default_rng([SEED + 2, length, pairs]), count, length, pairs)
    np.savez_compressed(folder / RECALL_TEST_SET, tokens=tokens.astype(np.int16), labels=labels.astype(np.int16))
    return {
        'file': RECALL_TEST_SET,
        'examples': count,
        'length': length,
        'pairs': pairs,
        'accuracy': accuracy(model, tokens, labels),
    }


def run_and_record(model, tokens, function='softmax'):
    """
    Run one sequence [T] and keep what every call of `torch.<function>` returned, in order.

    Returns the logits [1, T, V] and the list of arrays. The model's code stays free of anything for this purpose.
    """
    calls = []
    original = getattr(torch, function)

    def recording(*args, **kwargs):
        calls.append(original(*args, **kwargs))
        return calls[-1]

    setattr(torch, function, recording)
    try:
        with torch.no_grad():
            logits = model(torch.from_numpy(np.asarray(tokens)[None]))
    finally:
        setattr(torch, function, original)
    return logits.numpy(), [call.numpy() for call in calls]
