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
    from cnnwidgets.network.ablation import ablations as ablations
    from cnnwidgets.network.arithmetic import explain as explain
    from cnnwidgets.network.compare import compare as compare
    from cnnwidgets.network.editing import apply_edits as apply_edits
    from cnnwidgets.network.edits import Ablate as Ablate
    from cnnwidgets.network.edits import AddNoise as AddNoise
    from cnnwidgets.network.edits import Scale as Scale
    from cnnwidgets.network.edits import SetBias as SetBias
    from cnnwidgets.network.edits import SetKernel as SetKernel
    from cnnwidgets.network.edits import as_code as as_code
    from cnnwidgets.network.models import DigitCNN as DigitCNN
    from cnnwidgets.network.probe import Probe as Probe
    from cnnwidgets.network.receptive import receptive_field as receptive_field
    from cnnwidgets.scope import Microscope as Microscope
    from cnnwidgets.training.history import History as History
    from cnnwidgets.training.pretrained import pretrained as pretrained
    from cnnwidgets.training.recording import record as record
    from cnnwidgets.training.session import TrainingSession as TrainingSession
    from cnnwidgets.widgets.ablation_board import AblationBoard as AblationBoard
    from cnnwidgets.widgets.channel_slider import ChannelSlider as ChannelSlider
    from cnnwidgets.widgets.compare import Compare as Compare
    from cnnwidgets.widgets.digit_picker import DigitPicker as DigitPicker
    from cnnwidgets.widgets.draw_pad import DrawPad as DrawPad
    from cnnwidgets.widgets.feature_maps import FeatureMaps as FeatureMaps
    from cnnwidgets.widgets.filters import Filters as Filters
    from cnnwidgets.widgets.kernel_editor import KernelEditor as KernelEditor
    from cnnwidgets.widgets.layer_selector import LayerSelector as LayerSelector
    from cnnwidgets.widgets.pixel_inspector import PixelInspector as PixelInspector
    from cnnwidgets.widgets.prediction import Prediction as Prediction
    from cnnwidgets.widgets.slow_motion import SlowMotion as SlowMotion
    from cnnwidgets.widgets.time_slider import TimeSlider as TimeSlider
    from cnnwidgets.widgets.training_monitor import TrainingMonitor as TrainingMonitor

__version__ = "0.1.0"

_HOMES = {
    "Ablate": "network.edits",
    "AblationBoard": "widgets.ablation_board",
    "AddNoise": "network.edits",
    "ChannelSlider": "widgets.channel_slider",
    "Compare": "widgets.compare",
    "Dashboard": "dashboard",
    "DigitCNN": "network.models",
    "DigitPicker": "widgets.digit_picker",
    "DrawPad": "widgets.draw_pad",
    "FeatureMaps": "widgets.feature_maps",
    "Filters": "widgets.filters",
    "History": "training.history",
    "ImageSet": "data",
    "KernelEditor": "widgets.kernel_editor",
    "LayerSelector": "widgets.layer_selector",
    "Microscope": "scope",
    "PixelInspector": "widgets.pixel_inspector",
    "Prediction": "widgets.prediction",
    "Probe": "network.probe",
    "Scale": "network.edits",
    "SetBias": "network.edits",
    "SetKernel": "network.edits",
    "SlowMotion": "widgets.slow_motion",
    "TimeSlider": "widgets.time_slider",
    "TrainingMonitor": "widgets.training_monitor",
    "TrainingSession": "training.session",
    "ablations": "network.ablation",
    "apply_edits": "network.editing",
    "as_code": "network.edits",
    "compare": "network.compare",
    "explain": "network.arithmetic",
    "load": "data",
    "pretrained": "training.pretrained",
    "receptive_field": "network.receptive",
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
