"""Train on associative recall with the recipe that all `mqar-*` samples share; figures go to `metrics.json`."""
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from common.recall_sample import train_sample
from model import Model

if __name__ == '__main__':
    train_sample(HERE, Model, 'Softmax attention with learned positions')
