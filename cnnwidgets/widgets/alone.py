"""What a view that works alone checks by itself; bound to a microscope, that one checks."""

from typing import Any

from traitlets import Bunch, TraitError, observe, validate

from cnnwidgets.data import ImageSet
from cnnwidgets.traits import within
from cnnwidgets.widgets.shared import Maps


class OwnMaps(Maps):
    """Maps whose channel and pixel stay inside them."""

    stage: Any

    @validate("channel")
    def _check_channel(self, proposal: Any) -> int:
        if self.stage is None and self.maps is not None:
            within("channel", proposal.value, len(self.maps), "channels of maps")
        return proposal.value

    @validate("pixel")
    def _check_pixel(self, proposal: Any) -> tuple[int, int] | None:
        pixel, maps = proposal.value, self.maps
        if self.stage is not None or maps is None or pixel is None:
            return pixel
        sides = maps.shape[1:]
        if not sides or not all(0 <= at < side for at, side in zip(pixel, sides, strict=True)):
            size = f"{sides[0]} rows and {sides[1]} columns" if sides else "single values"
            raise TraitError(f"pixel (={pixel}) is outside maps, which has {size}")
        return pixel

    @observe("maps")
    def _stay_inside(self, _change: Bunch) -> None:
        if self.stage is None and self.maps is not None:
            for name, home in (("channel", 0), ("pixel", None)):
                try:
                    setattr(self, name, getattr(self, name))
                except TraitError:
                    setattr(self, name, home)


def checked_images(images: object) -> ImageSet:
    """The images that were given; raises TypeError unless they are an ImageSet with some in it."""
    if not isinstance(images, ImageSet) or not len(images):
        raise TypeError(
            f"images must be an ImageSet with images, and is {images!r:.80}; make one with "
            "cnnwidgets.load or ImageSet.from_arrays"
        )
    return images
