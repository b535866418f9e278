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
_DIGIT = 0.62  # of the size of the type: how wide a digit is
_LEGIBLE_POINTS = 5.0
_LETTERS = 5  # of a number in a cell, at least: so patch and kernel have letters of one size
_TITLE_LETTERS, _LINE_LETTERS = 72, 112  # what fits the width


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
        shown = clipped(title, _TITLE_LETTERS), clipped(line, _LINE_LETTERS)
        self.text(left, 1 - 0.06 / top, shown[0], parse_math=False, **bold)
        self.text(left, 1 - 0.27 / top, shown[1], parse_math=False, color=style.QUIET, va="top")

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

    def say(self, left: float, top: float, text: str, **kw: Any) -> None:
        """Writes a text at so many inches from the left edge, and from the title downwards."""
        whole = self.get_figheight()
        kw = {"fontsize": style.SMALL_POINTS, "parse_math": False, **kw}
        self.text(left / WIDTH, 1 - (HEAD + top) / whole, text, **kw)

    def picture(
        self,
        axes: Axes,
        values: np.ndarray,
        scale: style.Scale,
        among: np.ndarray | None = None,
    ) -> None:
        """Draws values (row, column) in axes, with a dot on what is below zero.

        The dots tell the two halves of a diverging scale apart where the print has no colours.
        among: the arrays that values is one of, if they are to have their numbers written in
            them instead, where there is room.
        """
        _frame(axes)
        axes.patch.set(hatch="//////", edgecolor=style.QUIET, facecolor="white")
        axes.imshow(values, interpolation="nearest", aspect="auto", **scale.shown)
        written = among is not None and self._write(axes, values, scale, among)
        if scale.signed and not written:
            self._dots(axes, values, scale)

    def photograph(self, axes: Axes, image: np.ndarray) -> None:
        """Draws an image, uint8 (channel, row, column): grey, or RGB if it has three."""
        _frame(axes)
        colours = image if len(image) == 3 else np.repeat(image[:1], 3, axis=0)
        axes.imshow(colours.transpose(1, 2, 0), interpolation="nearest", aspect="auto")

    def scale_bar(self, axes: Axes, scale: style.Scale, unit: str, lying: bool = False) -> None:
        """Draws the colours of a scale, with its numbers and unit, in axes that stand or lie."""
        way: Any = "horizontal" if lying else "vertical"
        colours = ScalarMappable(scale.norm, scale.colours)
        bar = self.colorbar(colours, cax=axes, orientation=way)
        ends = [-scale.size, 0.0, scale.size] if scale.signed else [0.0, scale.size]
        bar.set_ticks(ends, labels=[number(end) for end in ends])
        bar.set_label(unit, labelpad=2, fontsize=style.SMALL_POINTS if lying else None)
        if lying:
            labels = axes.get_xticklabels()
            labels[0].set_horizontalalignment("left")
            labels[-1].set_horizontalalignment("right")
        bar.outline.set_linewidth(0.4)  # type: ignore[operator]

    def _cell(self, axes: Axes, values: np.ndarray) -> tuple[float, float]:
        """The width and height of one value in axes, in points."""
        rows, columns = values.shape
        box = axes.get_position()
        across = box.width * WIDTH * 72 / columns
        return across, box.height * self.get_figheight() * 72 / rows

    def _write(self, axes: Axes, values: np.ndarray, scale: style.Scale, among: np.ndarray) -> bool:
        """Writes each value into its cell; not, if the letters would be too small to read."""
        wide, high = self._cell(axes, values)
        size = min(style.SMALL_POINTS, wide / (_DIGIT * _LETTERS), 0.8 * high)
        if size < _LEGIBLE_POINTS:
            return False
        decimals = decimals_of(among)
        texts = [[in_cell(value, decimals) for value in row] for row in values]
        longest = max(len(in_cell(value, decimals)) for value in among.flat)
        size = min(size, wide / (_DIGIT * longest))
        if size < _LEGIBLE_POINTS:
            return False
        light = scale.colours(scale.norm(values))[..., :3] @ (0.299, 0.587, 0.114) > 0.5
        middle: dict[str, Any] = {"ha": "center", "va": "center_baseline", "fontsize": size}
        for row, column in np.argwhere(np.isfinite(values)):
            colour = style.INK if light[row, column] else "white"
            axes.text(column, row, texts[row][column], color=colour, **middle)
        return True

    def _dots(self, axes: Axes, values: np.ndarray, scale: style.Scale) -> None:
        side = min(self._cell(axes, values))
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
    """A number in three digits, with a true minus sign; NaN and ∞ as such."""
    text = f"{value:,.0f}" if 999.5 <= abs(value) < 1e7 else f"{value:.3g}"
    for word, sign in (("-", "−"), ("nan", "NaN"), ("inf", "∞")):
        text = text.replace(word, sign)
    return text


def decimals_of(values: np.ndarray) -> int | None:
    """How many decimals leave the largest of some numbers two digits; None where that is many."""
    largest = float(np.abs(values[np.isfinite(values)]).max(initial=0.0))
    if (largest and not 0.01 <= largest < 1e4) or values[0].size == 1:
        return None
    return 3 if largest < 0.1 else 2 if largest < 10 else 1 if largest < 100 else 0


def in_cell(value: float, decimals: int | None) -> str:
    """A number with so many decimals, a zero without; with None in three digits."""
    if decimals is None:
        return number(value)
    return f"{value:.{decimals}f}".replace("-", "−") if value else "0"


def clipped(text: str, letters: int) -> str:
    """A text of at most so many letters, with an ellipsis where it was cut."""
    return text if len(text) <= letters else f"{text[: letters - 1].rstrip()}…"


def by(shape: Iterable[int]) -> str:
    """A shape in words: 28×28."""
    return "×".join(map(str, shape))
