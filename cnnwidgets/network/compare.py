"""Two runs side by side: what changed in every layer, and in the prediction."""

import math
from dataclasses import dataclass

import numpy as np

from cnnwidgets.network.reading import Reading, maps_of, reading_of
from cnnwidgets.network.run import Run


@dataclass(frozen=True, slots=True, eq=False)
class LayerChange:
    """How the result of one layer differs between two runs.

    name, kind: which layer.
    before, after: its numbers in the first and in the second run, float32 (channel, row, column)
        of maps, (unit,) of a vector, as `Microscope.maps` gives them; read-only.
    difference: `after` less `before`; read-only.
    mean_abs, root_mean_square, largest: of the differences' sizes; NaN where one is no number.
    changed: how many numbers are not the same; of infinities and NaN, equal ones are.
    by_channel: the mean size of the difference in each channel, (channel,) float32; read-only.
    """

    name: str
    kind: str
    before: np.ndarray
    after: np.ndarray
    difference: np.ndarray
    mean_abs: float
    root_mean_square: float
    largest: float
    changed: int
    by_channel: np.ndarray

    def __repr__(self) -> str:
        size = "×".join(map(str, self.difference.shape))
        return (
            f"LayerChange({self.name!r}, {size}: {self.changed} of {self.difference.size} changed,"
            f" mean size {self.mean_abs:.3g}, largest {self.largest:.3g})"
        )


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """What differs between two runs of one image each; made by `compare`.

    input: how the images differ, as a LayerChange named "input".
    layers: in the order in which they ran, those that gave numbers in both runs.
    before, after: what the network says in the first and in the second run; None where it does
        not score classes.
    """

    input: LayerChange
    layers: tuple[LayerChange, ...]
    before: Reading | None
    after: Reading | None

    @property
    def same(self) -> bool:
        """Whether every number in every layer is the same, bit for bit but for the sign of 0."""
        return not self.input.changed and not any(layer.changed for layer in self.layers)

    @property
    def probabilities(self) -> np.ndarray | None:
        """How much more probable each class is in the second run: (class,) float32, −1 to 1."""
        if self.before is None or self.after is None:
            return None
        return self.after.probabilities - self.before.probabilities

    def __getitem__(self, name: str) -> LayerChange:
        """The change of one layer. Raises KeyError if it is in neither run."""
        for layer in self.layers:
            if layer.name == name:
                return layer
        raise KeyError(f"no layer {name!r} in both runs; they have {[*map(_name, self.layers)]}")

    def __repr__(self) -> str:
        changed = sum(layer.changed > 0 for layer in self.layers)
        said = [reading.best if reading else None for reading in (self.before, self.after)]
        return (
            f"Comparison({changed} of {len(self.layers)} layers changed;"
            f" prediction {said[0]} → {said[1]})"
        )


def compare(run_a: Run, run_b: Run) -> Comparison:
    """What differs between two runs: another digit, another step, an edited network.

    run_a, run_b: of one image each, through networks of one structure, with the same layers
        recorded; `Microscope.run`, or `Probe.run`.
    Raises ValueError if images or layers have different names or shapes, or a run has several
    images.
    """
    for name, run in (("run_a", run_a), ("run_b", run_b)):
        if len(run.input) != 1:
            raise ValueError(f"{name} has {len(run.input)} images: compare takes runs of one each")
    names = [[*run] for run in (run_a, run_b)]
    if names[0] != names[1]:
        apart = [name for name in (*names[0], *names[1]) if (name in run_a) != (name in run_b)]
        what = f"'{apart[0]}' is in one of them alone" if apart else "they ran in another order"
        raise ValueError(f"the runs have different layers: {what}; compare runs of one network")
    shapes = [(name, run_a[name].shape, run_b[name].shape) for name in names[0]]
    for name, one, other in (("input", run_a.input.shape, run_b.input.shape), *shapes):
        if one != other:
            raise ValueError(
                f"'{name}' has shape {tuple(one)} in run_a and {tuple(other)} in run_b:"
                " compare images of one size"
            )
    kinds = {layer.name: layer.kind for layer in run_a.layers}
    changes = (
        _change(name, kinds[name], maps_of(run_a, name), maps_of(run_b, name)) for name in names[0]
    )
    images = [run.input[0].float().cpu().numpy() for run in (run_a, run_b)]
    return Comparison(
        input=_change("input", "image", *images),
        layers=tuple(changes),
        before=reading_of(run_a),
        after=reading_of(run_b),
    )


def _change(name: str, kind: str, before: np.ndarray, after: np.ndarray) -> LayerChange:
    same = (before == after) | (np.isnan(before) & np.isnan(after))
    with np.errstate(invalid="ignore", over="ignore"):  # infinity less infinity: no number
        difference = np.where(same, np.float32(0), after - before).astype(np.float32)
        size = np.abs(difference.astype(np.float64))
        each = math.prod(size.shape[1:])  # 0 in a layer that gave nothing
        by_channel = (size.reshape(len(size), each).sum(1) / max(each, 1)).astype(np.float32)
        mean_square = float(np.square(size).mean()) if size.size else 0.0
    for array in (before, after, difference, by_channel):
        array.setflags(write=False)
    return LayerChange(
        name=name,
        kind=kind,
        before=before,
        after=after,
        difference=difference,
        mean_abs=float(size.mean()) if size.size else 0.0,
        root_mean_square=mean_square**0.5,
        largest=float(size.max()) if size.size else 0.0,
        changed=int((~same).sum()),
        by_channel=by_channel,
    )


def _name(layer: LayerChange) -> str:
    return layer.name
