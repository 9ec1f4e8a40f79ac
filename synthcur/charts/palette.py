"""The colours of the product in both themes; interface in ink, colour for data only."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Palette:
    """One theme's colours, each as ``#RRGGBB``.

    Attributes
    ----------
    page, raised, panel
        Ground of the page, of table headers and why-sentences, and of plates laid over a chart
        (``panel`` is an ``rgba()`` of the page colour).
    text, muted, border, grid
        Ink, axis and note text (4.5:1 on the page), hairlines, chart grid.
    keep, discard
        Blue for kept, up and weight above 1; orange for discarded, down and weight below 1.
    reference
        The quietest mark that is still visible (3:1): "rows in", reference lines.
    categories, other
        Seven colours that stay apart under colour blindness, and the grey of "other (n)".
    weight_bins
        Ten steps of the diverging weight scale; weight 1 lies between the fifth and the sixth.
    tints
        Fills of pills inside tables by meaning: ``keep``, ``discard``, ``check``, ``neutral``.
    """

    page: str
    raised: str
    panel: str
    text: str
    muted: str
    border: str
    grid: str
    keep: str
    discard: str
    reference: str
    categories: tuple[str, ...]
    other: str
    weight_bins: tuple[str, ...]
    tints: dict[str, str]
    is_dark: bool

    def category(self, position: int) -> str:
        """Return the colour of the category at a position; grey from the eighth on."""
        return self.categories[position] if position < len(self.categories) else self.other


LIGHT = Palette(
    page="#FFFFFF",
    raised="#F3F5F7",
    panel="rgba(255,255,255,0.82)",
    text="#10151A",
    muted="#55606B",
    border="#D5DAE0",
    grid="#E9ECEF",
    keep="#10609F",
    discard="#B04D05",
    reference="#89929B",
    categories=("#003578", "#D77A18", "#0D7247", "#B4718F", "#3C9CD6", "#8C460C", "#839953"),
    other="#6B7680",
    weight_bins=(
        *("#8F3A00", "#B04D05", "#C9641A", "#C4824F", "#978E86"),
        *("#89929B", "#5F92C2", "#2F7CC0", "#10609F", "#00427A"),
    ),
    tints={
        "keep": "#CFE2F3",
        "discard": "#F8DCC6",
        "check": "#F5E9BC",
        "neutral": "#E3E7EB",
    },
    is_dark=False,
)

DARK = Palette(
    page="#111417",
    raised="#1C2126",
    panel="rgba(17,20,23,0.82)",
    text="#E4E8EC",
    muted="#9AA5AF",
    border="#323A42",
    grid="#22282E",
    keep="#6FB1F0",
    discard="#F79A45",
    reference="#747E88",
    categories=("#5B8DEF", "#F0920A", "#2DB47A", "#C790AE", "#A5E3F5", "#D4583A", "#E6E08A"),
    other="#8A949E",
    weight_bins=(
        *("#FFB46B", "#F79A45", "#E07F2B", "#B57A4F", "#857B73"),
        *("#747E88", "#4F81B0", "#4C97DB", "#6FB1F0", "#A3D2FF"),
    ),
    tints={
        "keep": "#1D3A56",
        "discard": "#4A3014",
        "check": "#3D3514",
        "neutral": "#2A3138",
    },
    is_dark=True,
)
