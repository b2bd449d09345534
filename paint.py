#!/usr/bin/env python3
"""Paint a photograph like a picture: the best painting this toolkit knows, good without a flag."""

from neural_style.command import script
from neural_style.painting.flagship import METHOD

parser, main = METHOD.parser, METHOD.main

if __name__ == "__main__":
    script.run(main)
