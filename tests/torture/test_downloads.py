"""A download ends with the right text in place, or with what was there and one error in words."""

from pathlib import Path

import pytest
import test_corpora
import tiny
from test_corpora import SHA256, TEXT, Server, files_in, get

from rnnbench.base.errors import CorpusError
from rnnbench.text.corpora import Folders

server = test_corpora.server
RIGHT = ("right", "broken_twice")
WRONG = ("truncated", "truncated_unannounced", "corrupt", "dropped", "missing", "broken", "portal")
BEFORE = (None, TEXT, TEXT[:100], b"")  # in the cache


@pytest.mark.cases(few=4, whole=60)
def test_no_bad_file_is_ever_in_place_whatever_the_sources_answer(
    server: Server, tmp_path: Path, case: int
) -> None:
    """Wrong, cut, elsewhere, broken twice, or nobody there; one source right, or none."""
    random = tiny.chance("F11", case)
    sources = random.sample(WRONG, random.randint(0, 3)) + random.choices(["", *RIGHT], k=1)
    random.shuffle(sources)
    before = random.choice(BEFORE)
    offline = case % 10 == 9
    urls = [server.url(name) if name and not offline else "http://127.0.0.1:9/" for name in sources]
    folders, place = Folders(None, tmp_path / "cache"), tmp_path / "cache/timemachine.txt"
    if before is not None:
        place.parent.mkdir()
        place.write_bytes(before)
    print(sources, "offline" * offline, before and len(before))
    if before == TEXT or (not offline and {*sources} & {*RIGHT}):
        assert get(folders, *urls)[0] == place
        assert place.read_bytes() == TEXT
    else:
        with pytest.raises(CorpusError, match=SHA256):
            get(folders, *urls)
        assert (place.read_bytes() if place.exists() else None) == before
    assert files_in(tmp_path / "cache") in ([], [place])
    assert server.asked == [] or before != TEXT
