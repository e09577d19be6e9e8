"""What is exactly known of a text whose source is known: floors that no honest model passes.

Everything is computed from the words, weights and class steps of a :class:`WordChain`, in nats
(natural logarithms); nothing is estimated from a text. W is a word, W' the next one, C and C' their
classes, L the length of a word without its space, X a character.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from rnnbench.text.chain import CharChain, WordChain


@dataclass(frozen=True)
class Predictor:
    """The best that can be done from the ``order - 1`` tokens before."""

    token: str  # ``word`` or ``char``
    order: int  # n of the n-gram whose last token is predicted from the others
    nats_per_token: float  # conditional entropy; its exponential is the perplexity per token
    chars_per_token: float  # E[L + 1] for words, 1 for characters


def chars_per_word(chain: WordChain) -> float:
    """E[L + 1]: characters of a word and its space, on average over the places in a text."""
    return float(chain.p_words @ [len(word) + 1 for word in chain.words])


def entropy_rate(chain: WordChain) -> float:
    """H(W' | W) / E[L + 1], nats per character: what is new in a character, given all before it.

    Exact, because words and characters tell each other and each word takes L + 1 characters.
    """
    return word_entropy(chain, 2) / chars_per_word(chain)


def word_entropy(chain: WordChain, order: int) -> float:
    """Nats per word of the best predictor from the ``order - 1`` words before.

    Order 1: H(W). All others: H(W' | W) = H(W) - (H(C) - H(C' | C)), since the last word tells its
    class, and the words before it tell no more. K classes of equal mass have H(C) = ln K.
    """
    entropy = _entropy(chain.p_words)
    if order == 1:
        return entropy
    rows = [_entropy(row) for row in chain.p_steps]
    return entropy - (_entropy(chain.p_classes) - float(chain.p_classes @ rows))


def char_entropy(chain: WordChain, order: int) -> float:
    """Nats per character of the best predictor from the ``order - 1`` characters before.

    H(X_1 .. X_n) - H(X_1 .. X_{n-1}) at a random place in the text, which may be within a word: the
    predictor does not see where its n-gram begins. Falls with n towards the entropy rate.
    """
    chars = CharChain.of(chain)
    rest = _entropy(chars.ngrams(order - 1)[1]) if order > 1 else 0.0
    return _entropy(chars.ngrams(order)[1]) - rest


def predictors(
    chain: WordChain,
    word_orders: Iterable[int] = (1, 2, 3),
    char_orders: Iterable[int] = range(1, 6),
) -> list[Predictor]:
    """The best n-gram predictors of these orders; all n-grams are gone through, so mind large n."""
    chars = chars_per_word(chain)
    return [
        *(Predictor("word", n, word_entropy(chain, n), chars) for n in word_orders),
        *(Predictor("char", n, char_entropy(chain, n), 1.0) for n in char_orders),
    ]


def realised_floor(chain: WordChain, text: str, start: int) -> tuple[float, int]:
    """Total nats and number of characters of ``text[start:]``: what knowing the source comes to.

    Around the entropy rate by chance, and a floor for models on this very part: a model may pass
    it by luck, and by much only if it has seen the part. The characters before ``start`` are known.
    """
    nats = char_nats(chain, text)[start:]
    return float(nats.sum()), len(nats)


def floor(chain: WordChain, text: str, start: int) -> dict[str, float]:
    """Return the floor of the source, nats per character, and its totals on ``text[start:]``."""
    total_nats, num_chars = realised_floor(chain, text, start)
    return {
        "chars_per_word": chars_per_word(chain),
        "entropy_rate": entropy_rate(chain),
        "heldout_total_nats": total_nats,
        "heldout_num_chars": num_chars,
    }


def char_nats(chain: WordChain, text: str) -> np.ndarray:
    """-ln p of each character given all before it, ``(N,)``, under the source.

    Args:
        chain: what the text was drawn from.
        text: whole words with single spaces between; the class before the first is not known, so
            the first word has the probability that it has at a random place.

    Raises:
        ValueError: a word is not of the source.
    """
    numbers = {word: i for i, word in enumerate(chain.words)}
    try:
        ids = np.array([numbers[word] for word in text.split(" ")])
    except KeyError as error:
        raise ValueError(f"expected words of the source, single spaces; found {error}") from None
    before = np.concatenate([[len(chain.steps)], np.array(chain.classes)[ids[:-1]]])
    nats = _nats_of_words(chain)[before, ids]
    return nats[~np.isnan(nats)][:-1]  # the text ends without the space


def _nats_of_words(chain: WordChain) -> np.ndarray:
    """-ln p of the characters of each word and its space, ``(K + 1, V, longest + 1)``.

    Row c is for words after a word of class c, row K for words after the unknown. NaN stands behind
    the space.
    """
    p_class = np.vstack([chain.p_steps, chain.p_classes])
    groups = np.array(chain.classes)
    p_words = p_class[:, groups] * (chain.p_words / chain.p_classes[groups])
    p_begun: defaultdict[str, np.ndarray] = defaultdict(lambda: np.zeros(len(p_class)))
    spaced = [word + " " for word in chain.words]
    for word, p in zip(spaced, p_words.T, strict=True):
        for end in range(len(word) + 1):
            p_begun[word[:end]] += p
    nats = np.full((*p_words.shape, max(map(len, spaced))), np.nan)
    for i, word in enumerate(spaced):
        levels = np.log([p_begun[word[:end]] for end in range(len(word) + 1)])
        nats[:, i, : len(word)] = -np.diff(levels, axis=0).T
    return nats


def _entropy(p: np.ndarray) -> float:
    """-sum p ln p, nats."""
    p = p[p > 0]
    return float(-(p @ np.log(p)))
