"""Training speed in tokens per second, by variant and device, with intervals over repetitions."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, StrMethodFormatter
from pandas import DataFrame

from rnnbench.figures import _rows, _theme
from rnnbench.figures._speed import PANEL, title

SECTION = "Speed"


def draw(tables: _rows.Tables) -> Figure:
    speed = _rows.rows(tables, "speed")
    done = _rows.timed(speed)
    if done.empty:
        return _theme.placard(_rows.missing(speed, "timing", "timing"))
    leaky, variants = _rows.leaky(tables), _rows.ordered(speed.variant)
    groups = list(done.groupby(PANEL, dropna=False, sort=True))
    columns = min(2, len(groups))
    settings = _settings(done)
    height = 1.0 + len(variants) * (0.12 + 0.1 * min(len(settings), 3))
    figure, axes = _theme.panels(-(-len(groups) // columns), columns, height=height, sharey=True)
    names = [_theme.label(name, name in leaky) for name in variants]
    for ax, (key, group) in zip(axes.flat, groups, strict=False):
        _panel(ax, group, variants, settings, leaky)
        _scale(ax, group, names)
        ax.set_title(title(key, done, 64 // columns))
    for ax in axes.flat[len(groups) :]:
        ax.set_visible(False)
    scales = ["Each panel has its own scale."] if len(groups) > 1 else []
    _theme.note(figure, scales + _notes(speed, settings))
    return figure


def finding(tables: _rows.Tables) -> str:
    speed = _rows.rows(tables, "speed")
    done = _rows.ranked(_rows.timed(speed), tables)
    if done.empty:
        return _rows.missing(speed, "timing", "timing")
    done = done.sort_values("tokens_per_second")
    best = done.iloc[-1]
    rest = done[(done[PANEL] == best[PANEL]).all(axis=1) & (done.variant != best.variant)]
    said = f"The fastest is {best.variant} on {best.device}, at {interval(best)}"
    if len(rest):
        second = rest.iloc[-1]
        ratio = best.tokens_per_second / second.tokens_per_second
        apart = "clear of" if best.low > second.high else "overlapping"
        said += (
            f", {ratio:.2f} times {second.variant}, the next there, its interval {apart} that one's"
        )
    return said + "."


def interval(row) -> str:
    """A timing in words: number, interval and sample size."""
    speed, low, high = (_rows.figures3(v) for v in (row.tokens_per_second, row.low, row.high))
    known = f"interval {low} to {high}" if row.low <= row.high else "no interval"
    return f"{speed} tokens/s ({known}, n = {row.n:.0f})"


def _settings(done: DataFrame) -> list[tuple[str, float]]:
    pairs = zip(done.sampler, done.clip_norm.fillna(float("nan")), strict=True)
    return sorted(set(pairs), key=str)


def _panel(ax: Axes, group: DataFrame, variants: list, settings: list, leaky: set[str]) -> None:
    for row in group.itertuples():
        style = _theme.look(row.variant, row.variant in leaky)
        slot = settings.index((row.sampler, row.clip_norm)) - (len(settings) - 1) / 2
        y = variants.index(row.variant) + 0.7 * slot / len(settings)
        reach = [[row.tokens_per_second - row.low], [row.high - row.tokens_per_second]]
        marks = {"fmt": style.marker, "mfc": style.fill, "color": style.color, "ms": 4.5}
        ax.errorbar([row.tokens_per_second], [y], xerr=reach, capsize=2, elinewidth=1.2, **marks)


def _scale(ax: Axes, group: DataFrame, names: list[str]) -> None:
    """Linear from 0, so that lengths compare, unless the slowest would be squeezed to nothing."""
    if group.tokens_per_second.max() > 20 * group.tokens_per_second.min():
        _theme.logarithmic(ax.xaxis)
    else:
        ax.set_xlim(left=0)
        ax.xaxis.set_major_locator(MaxNLocator(4))
        ax.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.set_yticks(range(len(names)), names)
    ax.set_xlabel("tokens per second")


def _notes(speed: DataFrame, settings: list) -> list[str]:
    said = []
    if len(settings) > 1:
        names = [f"{sampler} at clip_norm {_rows.figures3(clip)}" for sampler, clip in settings]
        said.append(f"Within a row, from the top: {_rows.english(names)}.")
    return said + _rows.absent_notes(speed, "timing")
