"""Train on the text with the recipe that all `momentum-*` samples share; figures go to `metrics.json`."""
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from common.text_sample import train_sample
from model import WIDENED, Model

if __name__ == '__main__':
    train_sample(HERE, Model, 'Standard transformer', {None: {}, 'widened': WIDENED})
