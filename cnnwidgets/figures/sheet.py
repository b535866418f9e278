"""Sheet: a Matplotlib figure measured in inches, with words for those who cannot see it."""

from collections.abc import Iterable
from io import BytesIO
from typing import Any

from cnnwidgets.figures import style  # first: it says what is missing without Matplotlib

# isort: split
import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.figure import Figure

WIDTH = 6.5  # inches: the text width of a page of A4 or US letter
MARGIN, HEAD = 0.08, 0.44
_DOT_SHARE = 0.24  # of a pixel's side
_DOT_APART_POINTS = 2.6
_FAINT = 0.05  # of the scale: what is nearer to zero has no dot


class Sheet(Figure):
    """A figure for print. title: what it shows; alt: the same for those who cannot see it.

    Both go into the metadata of a saved file, and may be changed before.
    """

    def __init__(self, height: float, title: str, line: str, alt: str) -> None:
        """height, in inches, is that below the title and the line under it."""
        super().__init__(figsize=(WIDTH, height + HEAD + MARGIN), dpi=style.DPI, facecolor="white")
        self.title = title
        self.alt = alt
        top = self.get_figheight()
        left = MARGIN / WIDTH
        bold: dict[str, Any] = {"fontsize": style.TITLE_POINTS, "fontweight": "bold", "va": "top"}
        self.text(left, 1 - 0.06 / top, title, **bold)
        self.text(left, 1 - 0.27 / top, line, color=style.QUIET, va="top")

    def __repr__(self) -> str:
        return f"<Sheet: {self.title}>"

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, bytes], dict[str, Any]]:
        """What a notebook shows: the picture as it is saved, at its printed size."""
        page = BytesIO()
        with style.settings():
            self.savefig(page, format="png", metadata={"Software": None, "Description": self.alt})
        width = round(96 * self.get_figwidth())
        about = {"width": width, "height": round(96 * self.get_figheight()), "alt": self.alt}
        return {"image/png": page.getvalue()}, {"image/png": about}

    def place(self, left: float, top: float, width: float, height: float, **kw: Any) -> Axes:
        """Axes at so many inches from the left edge, and from the title downwards."""
        whole = self.get_figheight()
        bottom = whole - HEAD - top - height
        return self.add_axes((left / WIDTH, bottom / whole, width / WIDTH, height / whole), **kw)

    def picture(self, axes: Axes, values: np.ndarray, scale: style.Scale) -> None:
        """Draws values (row, column) in axes, with a dot on what is below zero.

        The dots tell the two halves of a diverging scale apart where the print has no colours.
        """
        _frame(axes)
        axes.patch.set(hatch="//////", edgecolor=style.QUIET, facecolor="white")
        axes.imshow(values, interpolation="nearest", aspect="auto", **scale.shown)
        if scale.signed:
            self._dots(axes, values, scale)

    def photograph(self, axes: Axes, image: np.ndarray) -> None:
        """Draws an image, uint8 (channel, row, column): grey, or RGB if it has three."""
        _frame(axes)
        colours = image if len(image) == 3 else np.repeat(image[:1], 3, axis=0)
        axes.imshow(colours.transpose(1, 2, 0), interpolation="nearest", aspect="auto")

    def scale_bar(self, axes: Axes, scale: style.Scale, unit: str) -> None:
        """Draws the colours of a scale, with its numbers and its unit, in axes."""
        bar = self.colorbar(ScalarMappable(scale.norm, scale.colours), cax=axes)
        ends = [-scale.size, 0.0, scale.size] if scale.signed else [0.0, scale.size]
        bar.set_ticks(ends, labels=[number(end) for end in ends])
        bar.set_label(unit, labelpad=2)
        bar.outline.set_linewidth(0.4)  # type: ignore[operator]

    def _dots(self, axes: Axes, values: np.ndarray, scale: style.Scale) -> None:
        rows, columns = values.shape
        box = axes.get_position()
        across = box.width * WIDTH * 72 / columns
        down = box.height * self.get_figheight() * 72 / rows
        side = min(across, down)
        every = max(1, round(_DOT_APART_POINTS / side))
        lattice = np.zeros(values.shape, bool)
        lattice[every // 2 :: every, every // 2 :: every] = True
        for negative, colour in (
            ((values < -_FAINT * scale.size) & (values > -0.5 * scale.size), style.INK),
            (values <= -0.5 * scale.size, "white"),
        ):
            y, x = np.nonzero(negative & lattice)
            size = min(_DOT_SHARE * side * every, 2.0)
            axes.plot(x, y, "o", color=colour, markersize=size, markeredgewidth=0)


def _frame(axes: Axes) -> None:
    axes.set(xticks=[], yticks=[])
    for edge in axes.spines.values():
        edge.set(linewidth=0.4, color=style.QUIET)


def number(value: float) -> str:
    """A number in three digits, with a true minus sign."""
    text = f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"
    return text.replace("-", "−")


def by(shape: Iterable[int]) -> str:
    """A shape in words: 28×28."""
    return "×".join(map(str, shape))
