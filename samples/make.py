"""Make samples again from nothing: `python3 samples/make.py mqar-softmax`, or several names, or `all`."""
import os
import pathlib
import subprocess
import sys

SAMPLES = pathlib.Path(__file__).resolve().parent
SCRIPTS = ('build.py', 'train.py', 'export.py')


def names():
    """Every folder that has something to run."""
    return sorted(folder.name for folder in SAMPLES.iterdir() if any((folder / script).exists() for script in SCRIPTS))


def make(name):
    """Run the scripts of one sample in order. Threads that wait must not spin: it makes these sizes ten times slower."""
    environment = {**os.environ, 'OMP_WAIT_POLICY': 'passive'}
    for script in SCRIPTS:
        if (SAMPLES / name / script).exists():
            print(f'samples/{name}/{script}', flush=True)
            subprocess.run([sys.executable, str(SAMPLES / name / script)], env=environment, check=True)


def main(wanted):
    unknown = [name for name in wanted if name != 'all' and name not in names()]
    if not wanted or unknown:
        said = f'no sample is called {unknown[0]}' if unknown else 'say which samples to make'
        sys.exit(f'{said}; there are: all, {", ".join(names())}')
    for name in names() if 'all' in wanted else wanted:
        make(name)


if __name__ == '__main__':
    main(sys.argv[1:])
