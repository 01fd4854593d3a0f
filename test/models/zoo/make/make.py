"""Writes the zoo: `/usr/bin/python3 make.py [NAME ...]`. Needs PyTorch 1.13 and onnx 1.12."""
import sys

import encoders  # noqa: F401
import decoders  # noqa: F401
import pairs  # noqa: F401
import pictures  # noqa: F401
import by_hand  # noqa: F401
import families  # noqa: F401
import exporters  # noqa: F401
import expanded  # noqa: F401
import fused  # noqa: F401
import fused_memories  # noqa: F401
import nested  # noqa: F401
import variants  # noqa: F401
import vision  # noqa: F401
import without  # noqa: F401
import states  # noqa: F401
import memories  # noqa: F401
import recurrences  # noqa: F401
import means  # noqa: F401
import arrangements  # noqa: F401
import aligned  # noqa: F401
import chunks  # noqa: F401
import filters  # noqa: F401
import text_models  # noqa: F401
import unfolded  # noqa: F401
import without_memory  # noqa: F401
import without_products  # noqa: F401
import recording

recording.write_all(sys.argv[1:])
