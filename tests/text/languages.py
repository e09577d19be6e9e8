"""Texts of other alphabets, drawn from a few patterns: the same at every call."""

import random
from collections.abc import Sequence

GERMAN = (
    ("Der Müller", "Die Königin", "Ein Jäger", "Das Mädchen", "Kein Bär"),
    ("öffnet", "grüßt", "sucht", "führt", "hört"),
    ("die Tür", "den Fluß", "das Schloß", "eine Brücke", "den Vogel"),
    ("früh am Morgen.", "über Nacht!", "ohne Mühe.", "im Süden,", "für immer."),
)
RUSSIAN = (
    ("Старый мельник", "Ёжик", "Королева", "Мальчик", "Никто"),
    ("открывает", "ищет", "видит", "слышит", "любит"),
    ("дверь", "реку", "замок", "мост", "птицу"),
    ("рано утром.", "ночью!", "без труда.", "на юге,", "навсегда."),
)
CHINESE = (
    ("老人", "女王", "孩子", "獵人", "朋友"),
    ("打開", "尋找", "看見", "聽到", "喜歡"),
    ("大門", "河流", "城堡", "橋", "小鳥"),
    ("在早晨。", "在夜裡！", "很容易。", "在南方，", "永遠。"),
)
C = (
    ("int ", "long ", "static double "),
    ("total", "largest", "first_of", "count_2"),
    ("(const int *x, int n)\n{\n", "(int *x, int n)\n{\n"),
    (
        "\tint sum = 0;\n\tfor (int i = 0; i < n; i++)\n\t\tsum += x[i];\n\treturn sum;\n}\n\n",
        '\tif (n == 0 || !x)\n\t\treturn -1;\n\treturn x[0] & 0xFF; /* "low" byte */\n}\n\n',
    ),
)


def drawn(rows: Sequence[Sequence[str]], number: int, joint: str = " ", end: str = "\n") -> str:
    """Sentences of one part of each row, joined, each a line."""
    chance = random.Random(1)
    return "".join(joint.join(map(chance.choice, rows)) + end for _ in range(number))


def german(sentences: int) -> str:
    return drawn(GERMAN, sentences)


def russian(sentences: int) -> str:
    return drawn(RUSSIAN, sentences, end="\r\n")


def chinese(sentences: int) -> str:
    """One line."""
    return drawn(CHINESE, sentences, "", "")


def c_source(functions: int) -> str:
    return drawn(C, functions, "", "")
