"""Notebook widgets that put a microscope over a PyTorch CNN.

Every public name is imported when it is first used: `import cnnwidgets` loads neither torch
nor torchvision, so that a notebook or a command line answers at once.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cnnwidgets.dashboard import Dashboard as Dashboard
    from cnnwidgets.data import ImageSet as ImageSet
    from cnnwidgets.data import load as load
    from cnnwidgets.network.models import DigitCNN as DigitCNN
    from cnnwidgets.network.probe import Probe as Probe
    from cnnwidgets.scope import Microscope as Microscope
    from cnnwidgets.training.history import History as History
    from cnnwidgets.training.pretrained import pretrained as pretrained
    from cnnwidgets.training.recording import record as record
    from cnnwidgets.training.session import TrainingSession as TrainingSession
    from cnnwidgets.widgets.channel_slider import ChannelSlider as ChannelSlider
    from cnnwidgets.widgets.digit_picker import DigitPicker as DigitPicker
    from cnnwidgets.widgets.draw_pad import DrawPad as DrawPad
    from cnnwidgets.widgets.feature_maps import FeatureMaps as FeatureMaps
    from cnnwidgets.widgets.filters import Filters as Filters
    from cnnwidgets.widgets.layer_selector import LayerSelector as LayerSelector
    from cnnwidgets.widgets.prediction import Prediction as Prediction
    from cnnwidgets.widgets.time_slider import TimeSlider as TimeSlider

__version__ = "0.1.0"

_HOMES = {
    "ChannelSlider": "widgets.channel_slider",
    "Dashboard": "dashboard",
    "DigitCNN": "network.models",
    "DigitPicker": "widgets.digit_picker",
    "DrawPad": "widgets.draw_pad",
    "FeatureMaps": "widgets.feature_maps",
    "Filters": "widgets.filters",
    "History": "training.history",
    "ImageSet": "data",
    "LayerSelector": "widgets.layer_selector",
    "Microscope": "scope",
    "Prediction": "widgets.prediction",
    "Probe": "network.probe",
    "TimeSlider": "widgets.time_slider",
    "TrainingSession": "training.session",
    "load": "data",
    "pretrained": "training.pretrained",
    "record": "training.recording",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'cnnwidgets' has no attribute {name!r}")
    value = getattr(import_module(f"cnnwidgets.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
