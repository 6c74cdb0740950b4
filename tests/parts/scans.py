"""Pictures of text."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageFont


def scan(lines, size=(900, 320), angle=0.0, noise=12, turn=0) -> Image.Image:
    """A sheet as a scanner sees it: a little aslant, with grain."""
    image = Image.new("L", size, 255)
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(size=30)
    for number, line in enumerate(lines):
        draw.text((50, 40 + 60 * number), line, fill=20, font=font)
    image = image.rotate(angle, expand=False, fillcolor=255, resample=Image.Resampling.BICUBIC)
    grain = np.random.default_rng(0).normal(0, noise, (image.height, image.width))
    image = Image.fromarray(np.clip(np.asarray(image) + grain, 0, 255).astype(np.uint8))
    return image.rotate(turn, expand=True)
