"""Figures for print: what the widgets show, as Matplotlib figures and as files.

Each function takes a Microscope, or what was found with one (the curves a History), and returns a
Sheet, a Matplotlib Figure that can be changed, shown and saved. Those named after conv1 and conv2
are the general ones at DigitCNN's layers.
"""

from cnnwidgets.figures.ablation import ablation
from cnnwidgets.figures.arithmetic import pixel
from cnnwidgets.figures.changes import comparison, slow_step
from cnnwidgets.figures.curves import training_accuracy, training_loss
from cnnwidgets.figures.files import FORMATS, save
from cnnwidgets.figures.grids import feature_maps, filters, image_and_maps
from cnnwidgets.figures.named import (
    conv1_filters,
    draw_all,
    featuremaps_conv1,
    featuremaps_conv2,
    orig_and_conv1_grid,
)
from cnnwidgets.figures.samples import samples
from cnnwidgets.figures.scores import prediction
from cnnwidgets.figures.sheet import Sheet
from cnnwidgets.figures.walk import image_through_layers

__all__ = [
    "FORMATS",
    "Sheet",
    "ablation",
    "comparison",
    "conv1_filters",
    "draw_all",
    "feature_maps",
    "featuremaps_conv1",
    "featuremaps_conv2",
    "filters",
    "image_and_maps",
    "image_through_layers",
    "orig_and_conv1_grid",
    "pixel",
    "prediction",
    "samples",
    "save",
    "slow_step",
    "training_accuracy",
    "training_loss",
]
