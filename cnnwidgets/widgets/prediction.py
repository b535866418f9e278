"""Prediction: what the network says of the image."""

from typing import ClassVar

from cnnwidgets.widgets.modules import script, style
from cnnwidgets.widgets.shared import Picture, Scores
from cnnwidgets.widgets.view import View


class Prediction(Scores, Picture, View):
    """The probability of each class as bars, right or wrong, with the logits as text.

    Prediction(scope), or alone: Prediction(probabilities=array, logits=array, classes=names).
    As a figure: cnnwidgets.figures.prediction(scope).
    """

    _esm = script("prediction")
    _css = style("prediction")
    page_writes: ClassVar[frozenset[str]] = frozenset()
