"""Image sets as plain arrays: MNIST from the package, one's own from memory. No torch here."""

from cnnwidgets.data.catalog import load
from cnnwidgets.data.imageset import ImageSet
from cnnwidgets.data.pixels import as_pixels

__all__ = ["ImageSet", "as_pixels", "load"]
