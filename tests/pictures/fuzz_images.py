"""Read damaged pictures for some minutes; nothing but a picture or an InputError may come of it.

python -m tests.pictures.fuzz_images [--minutes 3] [--seed 0]

Each file is one of test_odd_files.py with bytes changed, cut out, repeated or taken from another. The first that
brings about anything else is kept, and its path printed.
"""

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path

from neural_style.errors import InputError
from neural_style.pictures import images
from tests.pictures.test_odd_files import FILES


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=3.0)
    parser.add_argument("--seed", type=int, default=0)
    flags = parser.parse_args()
    chance, end = random.Random(flags.seed), time.monotonic() + 60 * flags.minutes
    path = Path(tempfile.mkdtemp(prefix="fuzz-"), "damaged")
    read = refused = 0
    slowest = 0.0
    while time.monotonic() < end:
        path.write_bytes(damaged(chance))
        began = time.monotonic()
        try:
            images.read(str(path))
            read += 1
        except InputError:
            refused += 1
        except BaseException:
            print(f"{path} after {read + refused} files", file=sys.stderr)
            raise
        slowest = max(slowest, time.monotonic() - began)
    print(f"{read + refused} files: {read} read, {refused} refused in a line; the slowest took {slowest:.2f} s")


def damaged(chance):
    """Return the content of a file of the corpus with one to eight things done to it."""
    content = bytearray(chance.choice([content for content in FILES.values() if len(content) < 100_000]))
    for _ in range(chance.randint(1, 8)):
        at = chance.randrange(len(content) + 1)
        length = min(chance.choice((1, 1, 2, 4, 16, 200)), len(content) - at)
        deed = chance.randrange(5)
        if deed == 0:
            content[at : at + length] = chance.randbytes(length)
        elif deed == 1:
            content[at : at + length] = bytes([chance.choice((0, 1, 127, 128, 255))]) * length
        elif deed == 2:
            del content[at : at + length]
        elif deed == 3:
            content[at:at] = content[at : at + length] * chance.randint(1, 20)
        else:
            other = chance.choice(list(FILES.values()))
            begin = chance.randrange(len(other) + 1)
            content[at : at + length] = other[begin : begin + length]
    return bytes(content)


if __name__ == "__main__":
    main()
