"""One-step forecasts of the sine: every value is forecast from the values observed before it."""

from matplotlib.figure import Figure

from rnnbench.report import theme
from rnnbench.report.figures import _sine
from rnnbench.tables import readers

SECTION = "Sine"
TABLES = ("sine", "sine_predictions")


def draw(tables: readers.Tables) -> Figure:
    forecast = _sine.mode(tables, "one_step")
    if forecast.empty:
        return theme.placard("No one-step forecast to show.")
    figure, axes = theme.panels()
    _sine.backdrop(axes[0, 0], tables)
    axes[0, 0].plot(forecast.time, forecast.value, color=theme.BLUE, lw=1, label="one step ahead")
    _sine.legend(axes[0, 0], 3)
    return figure


def finding(tables: readers.Tables) -> str:
    errors = _sine.errors(tables, "one_step").sort_values("mse")
    if errors.empty:
        return "No one-step error to show."
    models = [
        f"{readers.figures3(row.mse)} ({readers.figures3(row.low)} to "
        f"{readers.figures3(row.high)}) for "
        f"{row.model}"
        for row in errors.itertuples()
    ]
    seeds = readers.counted(int(errors.seeds.max()), "seed")
    return (
        f"One step ahead the mean squared error is {readers.english(models)} (median and 5-95 % of "
        f"{seeds})."
    )
