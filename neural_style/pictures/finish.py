"""What is done to a painting before it is saved."""

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageFilter

from neural_style.pictures import color, images


@dataclass(frozen=True)
class Finish:
    """The last steps from the image of a run to the picture that is saved.

    It loses its `margin` of so many pixels on each side, is brought to the (height, width) `size` by the resizing
    `method`, and then has the colours of `content` where `recoloured` is 1, and `content` itself where `painted` is 0:
    `content` is uint8 RGB (height, width, 3), the other two (height, width) in 0..1, None for nowhere and everywhere.
    `smooth` first takes the grain out and sharpens what is left, and a `gray` picture has no colours. The picture has
    the transparency of `alpha`, uint8 (height, width), if there is one.
    """

    size: tuple
    method: str = "bilinear"
    content: np.ndarray | None = None
    recoloured: np.ndarray | None = None
    painted: np.ndarray | None = None
    smooth: bool = False
    gray: bool = False
    alpha: np.ndarray | None = None
    margin: int = 0

    def picture(self, image):
        """Return `image`, float32 RGB (height, width, 3) meant for 0..255, as the 8-bit Pillow image to save."""
        image = np.clip(images.without_margin(image, self.margin), 0, 255)
        if self.smooth:
            image = images.to_array(_smoothed(images.to_picture(image)))
        if image.shape[:2] != self.size:
            image = images.to_array(images.to_picture(image, self.size, self.method))
        if self.gray:
            image = images.to_array(images.gray(images.to_picture(image)))
        if self.recoloured is not None:
            recoloured = np.clip(color.with_chrominance_of(self.content, image), 0, 255)
            image = image + self.recoloured[..., None] * (recoloured - image)
        if self.painted is not None:
            image = self.content + self.painted[..., None] * (image - self.content)
        picture = images.to_picture(image)
        if self.alpha is not None:
            picture.putalpha(Image.fromarray(self.alpha))
        return picture


def _smoothed(picture):
    """Return a Pillow image without its grain: blurred by less than a pixel and sharpened over more."""
    return picture.filter(ImageFilter.GaussianBlur(0.9)).filter(ImageFilter.UnsharpMask(radius=2, percent=80))
