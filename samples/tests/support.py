"""Loads a sample's `model.py`, whose folder has a dash in its name, under a name of its own."""
import importlib.util
import pathlib
import sys

SAMPLES = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(SAMPLES))


def load(sample, file='model.py'):
    """The module in `samples/<sample>/<file>`."""
    name = f'{sample}_{file}'.replace('-', '_').removesuffix('.py')
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, SAMPLES / sample / file)
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]
