"""Generated text.

Texts are those of all runs that write, before and after training; leaky models are left out. What
repeats is the run: texts of one are told by their mean.
"""

from pandas import DataFrame, concat

from rnnbench.report.claims import Claim, _comparing, _judging
from rnnbench.report.claims._judging import Part
from rnnbench.tables import readers

TABLES = ("generation", "runs", "trials")

SOME, HALF = 0.05, 0.5  # share of a text in loops or copied; of real text's words
STRETCH = 20  # characters that count as copied
BITS = "judge_bits_per_char"
AS_MODELLED = "alpha 1"  # sampling from the model's own distribution


def claims(tables: readers.Tables) -> list[Claim]:
    judges = (readable, greedy, new_text, temperature, beam, better_by_beam)
    return [judge(tables) for judge in judges]


def readable(tables: readers.Tables) -> Claim:
    """Two parts: more words of the corpus than before training, and half as many as real text."""
    said = Claim(
        "What an untrained model writes is no language; after training it is readable.",
        "d2l 8.5.6, 8.6.3",
    )
    column = "known_word_share"
    before, after = (_at(tables, s, "sampling", AS_MODELLED) for s in ("untrained", "trained"))
    real = _at(tables, "trained", readers.REAL)
    if before.empty or after.empty or real.empty:
        return said
    gain = _comparing.compared(_less(after, before, column), 0, above=True, scale="difference")
    full = real[column].mean()
    found = _comparing.compared(_valued(after, column), HALF * full, above=True, scale="share")
    if gain is None or found is None:
        return said
    return said.judged(
        f"Of the words drawn from the model's own distribution, {before[column].mean():.0%} are "
        f"words of the corpus before training; after it the share is {found}, and that of real "
        f"text {readers.figures3(full)}.",
        [gain.parts[0], *found.parts],
        _judging.sampled(readers.of_runs(tables, after), found.n),
        **found.numbers,
    )


def greedy(tables: readers.Tables) -> Claim:
    """Whether less than a twentieth of greedy text lies in loops."""
    said = Claim(
        "To write, the most probable character is taken again and again.", "d2l 8.5.2, 8.5.6"
    )
    texts, real = _at(tables, "trained", "greedy"), _at(tables, "trained", readers.REAL)
    if texts.empty:
        return said
    reference = f"; of real text {real.loop_share.mean():.0%} do" if len(real) else ""
    found = _comparing.compared(_valued(texts, "loop_share"), SOME, above=False, scale="share")
    words = f"The share of the characters written so that lie in exact loops is {{}}{reference}."
    return _with_runs(said, tables, found, words)


def new_text(tables: readers.Tables) -> Claim:
    """A part per decoder, less than a twentieth copied, and one per run at the book's sizes.

    A model of training perplexity p continues as its text does for 20 characters with probability
    p ** -20: that much of what a run at the book's sizes writes is copied.
    """
    said = Claim("A trained model writes text of its own.", "d2l 8.5.6")
    texts = _at(tables, "trained")
    texts = texts if texts.empty else texts[texts.decoder != readers.REAL]
    if texts.empty:
        return said
    named = texts.assign(way=(texts.decoder + " " + texts.setting).str.strip())
    found = _comparing.compared(
        _valued(named, "copied_share", "way"), SOME, above=False, by="way", scale="share"
    )
    if found is None:
        return said
    book = _of_book(tables)
    likely = book.perplexity.astype(float) ** -STRETCH if len(book) else book
    most = found.groups.loc[found.groups.value.idxmax()]
    words = (
        f"; at the book's sizes, of a training perplexity of "
        f"{readers.figures3(book.perplexity.median())}, {likely.median():.0%} is by estimate"
        if len(book)
        else ""
    )
    memorised: list[Part] = [bool(share < SOME) for share in likely] if len(book) else []
    return said.judged(
        f"Of its text, the share copied from the training text in stretches of {STRETCH} "
        f"characters or more is at most {_comparing.told(most.value, most.low, most.high)}, by "
        f"{most.name}{words}.",
        [*found.groups.part, *memorised],
        _judging.sampled(concat([readers.of_runs(tables, texts), book]), found.n),
        *most[["value", "low", "high"]],
    )


def _of_book(tables: readers.Tables) -> DataFrame:
    runs = readers.ranked(readers.finished(readers.rows(tables, "trials")), tables)
    return runs if runs.empty else runs[runs.trial == "book"]


def temperature(tables: readers.Tables) -> Claim:
    """Two parts: from the least to the largest alpha, bits of the judge and diversity fall."""
    said = Claim(
        "Sampling from q ∝ P^alpha trades diversity for quality as alpha grows.",
        "d2l 8.5, exercise",
    )
    drawn = _at(tables, "trained", "sampling")
    if drawn.empty or drawn.alpha.nunique() < 2:
        return said
    first, last = drawn.alpha.min(), drawn.alpha.max()
    ends = [drawn[drawn.alpha == alpha] for alpha in (last, first)]
    bits, distinct = (
        _comparing.compared(_less(ends[0], ends[1], column), 0, above=False, scale="difference")
        for column in (BITS, "distinct_chars_3_share")
    )
    if bits is None or distinct is None:
        return said
    return said.judged(
        f"From alpha {first:g} to {last:g} the judge's bits per character change by {bits}, and "
        f"the share of distinct triples by {distinct}.",
        [*bits.parts, *distinct.parts],
        _judging.sampled(readers.of_runs(tables, drawn), bits.n),
        **bits.numbers,
    )


def beam(tables: readers.Tables) -> Claim:
    """Whether beams surely take fewer of the model's bits than greedy text of the same start."""
    said = Claim(
        "Beam search finds text that the model holds more probable than greedy text.", "d2l 8.3"
    )
    words = "Beams take {} fewer bits per character of the model than greedy text."
    return _with_runs(said, tables, _saved(tables, "own_bits_per_char"), words)


def better_by_beam(tables: readers.Tables) -> Claim:
    """Whether the judge surely needs fewer bits for beams than for greedy text."""
    said = Claim("Beam search gives better text than greedy search.", "d2l 8.3, question 6")
    words = "Against greedy text after the same prefix beams save the judge {} bits per character."
    return _with_runs(said, tables, _saved(tables, BITS), words)


def _with_runs(
    said: Claim, tables: readers.Tables, found: _comparing.Compared | None, words: str
) -> Claim:
    """Judge by a comparison, on the scale of the runs that wrote."""
    if found is None:
        return said
    evidence = _judging.sampled(readers.of_runs(tables, found.rows), found.n)
    return said.judged(words.format(found), found.parts, evidence, **found.numbers)


def _at(
    tables: readers.Tables, stage: str, decoder: str | None = None, setting: str | None = None
) -> DataFrame:
    """Texts of a stage, and of a decoder and a setting where these are given."""
    texts = readers.texts(tables)
    for column, expected in (("stage", stage), ("decoder", decoder), ("setting", setting)):
        if len(texts) and expected is not None:
            texts = texts[texts[column] == expected]
    return texts


def _valued(texts: DataFrame, column: str, *apart: str) -> DataFrame:
    """Means of the texts of each run, as ``value``."""
    keys = [name for name in (*readers.RUN, *apart) if name in texts]
    return (
        texts.groupby(keys, dropna=False, sort=False)[column].mean().rename("value").reset_index()
    )


def _less(first: DataFrame, other: DataFrame, column: str) -> DataFrame:
    """Differences of the means of runs that wrote both."""
    pairs = [_valued(texts, column) for texts in (first, other)]
    keys = [name for name in readers.RUN if name in first]
    both = pairs[0].merge(pairs[1], on=keys, suffixes=("", "_other"))
    return both.assign(value=both.value - both.value_other)


def _saved(tables: readers.Tables, column: str) -> _comparing.Compared | None:
    """Bits that beams are below greedy text of the same run and prefix."""
    beams, greedy = _at(tables, "trained", "beam"), _at(tables, "trained", "greedy")
    if beams.empty or greedy.empty:
        return None
    key = [name for name in (*readers.RUN, "prefix") if name in beams]
    pairs = beams.merge(greedy[[*key, column]], "inner", key, suffixes=("", "_greedy"))
    pairs = pairs.assign(bits=pairs[f"{column}_greedy"] - pairs[column])
    return _comparing.compared(_valued(pairs, "bits"), 0, above=True, scale="difference")
