"""The notebooks that are measured, as code cells."""

FLOOR = """
import ipywidgets
slider = ipywidgets.IntSlider(max=1_000_000)
label = ipywidgets.Label("0")
label.add_class("floor")
slider.observe(lambda change: setattr(label, "value", str(change.new)), "value")
ipywidgets.VBox([slider, label])
"""

# bench(name=widget) puts the front-end models of these widgets into window.bench.
BENCH = """
import anywidget, traitlets
def bench(**widgets):
    code = '''
    export default {
      async render({ model, host }) {
        const names = model.get("names");
        const found = await Promise.all(names.map((name) => host.getModel(model.get(name))));
        window.bench = Object.fromEntries(names.map((name, i) => [name, found[i]]));
      },
    };
    '''
    own = {name: anywidget.WidgetTrait().tag(sync=True) for name in widgets}
    own |= {"_esm": code, "names": traitlets.List(list(widgets)).tag(sync=True)}
    return type("Bench", (anywidget.AnyWidget,), own)(**widgets)
"""

# A new digit in three ways; `model[0]` makes the maps that all of them show.
WAYS = """
import io, torch, numpy as np, cnnwidgets as cw
from torch import nn
import matplotlib.pyplot as plt
from matplotlib.figure import Figure

torch.manual_seed(0)
digits = cw.load("mnist").images[:64]
images = cw.ImageSet.from_arrays(digits.repeat({zoom}, 2).repeat({zoom}, 3), [0] * 64)
model = nn.Sequential(
    {first}, nn.ReLU(), nn.AdaptiveAvgPool2d(4), nn.Flatten(), nn.Linear({count} * 16, 10)
)
across = int(np.ceil({count} ** 0.5))

def maps_of(index):
    with torch.no_grad():
        return model[0](torch.from_numpy(images.normalize(images.images[index : index + 1])))[0]

def subplots(index):
    figure, axes = plt.subplots(-(-{count} // across), across, figsize=(9, 6), squeeze=False)
    for axis in axes.flat:
        axis.axis("off")
    for axis, values in zip(axes.flat, maps_of(index)):
        axis.imshow(values)
    plt.show()

def atlas(index):
    maps = maps_of(index).numpy()
    rows, columns = maps.shape[1:]
    tiles = np.full((-(-{count} // across) * across, rows, columns), np.nan, np.float32)
    tiles[:{count}] = maps
    tiles = tiles.reshape(-1, across, rows, columns).transpose(0, 2, 1, 3)
    figure = Figure(figsize=(9, 6))
    axis = figure.subplots()
    axis.axis("off")
    axis.imshow(tiles.reshape(-1, across * columns))
    file = io.BytesIO()
    figure.savefig(file, format="png")
    return file.getvalue()

each = ipywidgets.IntSlider(max=63)
one = ipywidgets.IntSlider(max=63)
picture = ipywidgets.Image(value=atlas(0))
picture.add_class("atlas")
one.observe(lambda change: setattr(picture, "value", atlas(change.new)), "value")

scope = cw.Microscope(model, images)
maps = cw.FeatureMaps(scope, view="all")
box = ipywidgets.VBox([maps])
box.add_class("ours")
ipywidgets.VBox([
    box, one, picture, bench(slider=slider, stage=maps.stage, maps=maps, one=one, each=each),
])
"""
INTERACT = "ipywidgets.interact(subplots, index=each);"

HAND = """
import cnnwidgets as cw
model, history = cw.pretrained()
scope = cw.Microscope(model, cw.load("mnist"), history=history)
pad = cw.DrawPad(scope)
ipywidgets.VBox([pad, cw.Prediction(scope), bench(slider=slider)])
"""

DASHBOARD = """
import cnnwidgets as cw
model, history = cw.pretrained()
scope = cw.Microscope(model, cw.load("mnist"), history=history)
dashboard = cw.Dashboard(scope)
dashboard
"""
DRAGGED = "bench(stage=dashboard.maps.stage, slider=slider)"
MAPS = """
import cnnwidgets as cw
model, history = cw.pretrained()
maps = cw.FeatureMaps(cw.Microscope(model, cw.load("mnist"), history=history), view="all")
ipywidgets.VBox([maps, bench(stage=maps.stage, slider=slider)])
"""
# Tells what the kernel's threads cost where the cores are shared with the browser.
ONE_THREAD = "import torch; torch.set_num_threads(1)"
