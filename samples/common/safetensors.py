"""Writes and reads `.safetensors`: eight bytes of length, a JSON header, then the arrays one after another."""
import json

import numpy as np

DTYPES = {'U8': np.uint8, 'I8': np.int8, 'I16': np.int16, 'F32': np.float32}


def write_safetensors(path, arrays, metadata):
    """arrays: name to array of a type in DTYPES; metadata: name to text."""
    names = {np.dtype(dtype): name for name, dtype in DTYPES.items()}
    header, position = {'__metadata__': metadata}, 0
    for name, array in arrays.items():
        end = position + array.nbytes
        header[name] = {'dtype': names[array.dtype], 'shape': list(array.shape), 'data_offsets': [position, end]}
        position = end
    text = json.dumps(header).encode()
    text += b' ' * (-len(text) % 8)
    with open(path, 'wb') as file:
        file.write(len(text).to_bytes(8, 'little') + text)
        for array in arrays.values():
            file.write(np.ascontiguousarray(array).tobytes())


def read_safetensors(path):
    """The arrays by name, and the metadata."""
    content = path.read_bytes()
    start = 8 + int.from_bytes(content[:8], 'little')
    header = json.loads(content[8:start])
    metadata = header.pop('__metadata__', {})
    arrays = {}
    for name, entry in header.items():
        begin, end = (start + offset for offset in entry['data_offsets'])
        arrays[name] = np.frombuffer(content[begin:end], DTYPES[entry['dtype']]).reshape(entry['shape'])
    return arrays, metadata
