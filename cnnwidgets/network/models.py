"""DigitCNN: a network small enough to be read by eye."""

from torch import Tensor, nn


class DigitCNN(nn.Module):
    """Two convolutions, each with ReLU and pooling, and one linear layer.

    Every step of its arithmetic is a module, in order of execution. For MNIST, 11,274 parameters:

        conv1   8 filters 5×5     (batch,  8, 28, 28)
        relu1                     (batch,  8, 28, 28)
        pool1   maximum of 2×2    (batch,  8, 14, 14)
        conv2   16 filters 5×5    (batch, 16, 14, 14)
        relu2                     (batch, 16, 14, 14)
        pool2   maximum of 2×2    (batch, 16, 7, 7)
        fc      784 → 10          (batch, 10) logits

    in_channels: channels of the images.
    image_size: side of a square image in pixels, or (rows, columns); at least 4 each.
    classes: number of logits.
    input_shape: (channel, row, column) of the images it was made for.
    Raises TypeError if one is not an integer, ValueError if it is too small.
    """

    def __init__(
        self,
        in_channels: int = 1,
        image_size: int | tuple[int, int] = 28,
        classes: int = 10,
    ) -> None:
        super().__init__()
        rows, columns = _rows_columns(image_size)
        _check("in_channels", in_channels, least=1)
        _check("classes", classes, least=1)
        self.input_shape = (in_channels, rows, columns)
        self.conv1 = nn.Conv2d(in_channels, 8, kernel_size=5, padding=2)
        self.relu1 = nn.ReLU()
        self.pool1 = nn.MaxPool2d(2)
        self.conv2 = nn.Conv2d(8, 16, kernel_size=5, padding=2)
        self.relu2 = nn.ReLU()
        self.pool2 = nn.MaxPool2d(2)
        self.fc = nn.Linear(16 * (rows // 4) * (columns // 4), classes)

    def forward(self, images: Tensor) -> Tensor:
        """Logits of normalised images.

        images: (batch, channel, row, column), float.
        Returns (batch, class) logits.
        """
        maps = self.pool1(self.relu1(self.conv1(images)))
        maps = self.pool2(self.relu2(self.conv2(maps)))
        return self.fc(maps.flatten(1))


def _rows_columns(image_size: int | tuple[int, int]) -> tuple[int, int]:
    sides = (image_size, image_size) if isinstance(image_size, int) else image_size
    if not isinstance(sides, tuple | list) or len(sides) != 2:
        raise TypeError(f"image_size (={image_size!r}) must be an integer or (rows, columns)")
    for side in sides:
        _check("image_size", side, least=4, shown=image_size)
    return sides[0], sides[1]


def _check(name: str, value: object, *, least: int, shown: object = None) -> None:
    shown = value if shown is None else shown
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} (={shown!r}) must be a whole number, at least {least}")
    if value < least:
        why = " pixels, since it is pooled twice by 2" if name == "image_size" else ""
        raise ValueError(f"{name} (={shown!r}) must be at least {least}{why}")
