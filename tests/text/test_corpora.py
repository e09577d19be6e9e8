"""Laws of the corpora: what is had from where, what a fault is called, what cleaning keeps."""

import hashlib
import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnbench.__main__ import main
from rnnbench.base.errors import CorpusError
from rnnbench.text import corpora
from rnnbench.text.cleanings import clean
from rnnbench.text.corpora import Folders, time_machine
from rnnbench.text.encodings import utf8
from rnnbench.text.origins.download import Patience, fetch, probe
from rnnbench.text.origins.own_text import OwnText

TEXT = b"The Time Traveller (for so it will be convenient to speak of him)\n" * 40
SHA256 = hashlib.sha256(TEXT).hexdigest()
LOGIN = b"<!DOCTYPE html><html><title>Hotel Wi-Fi</title></html>"
PATIENCE = Patience(connect_seconds=2, read_seconds=0.5, tries=3, backoff_seconds=0.01)


class Server(ThreadingHTTPServer):
    """Answers each path with the function of this name, and remembers what it was asked for."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[str] = []
        self.closing = threading.Event()

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server_port}/{path}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        name = self.path.removeprefix("/")
        self.server.asked.append(name)
        self.close_connection = True
        ANSWERS[name](self)

    def answer(self, body: bytes, promised: int | None = None) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body) if promised is None else promised))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def right(self) -> None:
        self.answer(TEXT)

    def truncated(self) -> None:
        self.answer(TEXT[:100], promised=len(TEXT))

    def truncated_unannounced(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(TEXT[:100])

    def corrupt(self) -> None:
        self.answer(TEXT.replace(b"Time", b"Tide", 1))

    def stalled(self) -> None:
        self.answer(TEXT[:100], promised=len(TEXT))
        self.server.closing.wait(5)

    def dropped(self) -> None:
        self.answer(TEXT[:100], promised=len(TEXT))
        linger_zero = b"\x01\0\0\0\0\0\0\0"  # closing then resets the connection
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger_zero)
        os.close(self.connection.detach())

    def missing(self) -> None:
        self.send_error(404)

    def broken(self) -> None:
        self.send_error(500)

    def broken_twice(self) -> None:
        self.right() if self.server.asked.count("broken_twice") > 2 else self.broken()

    def portal(self) -> None:
        self.send_response(302)
        self.send_header("Location", "/login")
        self.end_headers()

    def login(self) -> None:
        self.answer(LOGIN)

    def log_message(self, *_: object) -> None:
        pass


ANSWERS: dict[str, Callable[[Handler], None]] = {
    name: function for name, function in vars(Handler).items() if callable(function)
}


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    server = Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.closing.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    return Folders(corpora=None, cache=tmp_path / "cache")


def get(folders: Folders, *urls: str) -> tuple[Path, str]:
    return fetch(urls, SHA256, "timemachine.txt", folders, PATIENCE)


def files_in(folder: Path) -> list[Path]:
    return list(folder.rglob("*")) if folder.exists() else []


# From the network to the cache


@pytest.mark.parametrize(
    ("fault", "words", "requests"),
    [
        ("truncated", "100 bytes read, 2540 more expected", 3),
        ("truncated_unannounced", "100 bytes with SHA-256", 1),
        ("corrupt", "2,640 bytes with SHA-256", 1),
        ("stalled", "timed out", 3),
        ("dropped", "Connection reset by peer", 3),
        ("missing", "HTTP 404 Not Found", 1),
        ("broken", "HTTP 500 Internal Server Error", 3),
        ("login", "a login page of your network?", 1),
    ],
)
def test_every_fault_of_a_source_ends_in_one_error_that_says_what_to_do(
    server: Server, folders: Folders, fault: str, words: str, requests: int
) -> None:
    with pytest.raises(CorpusError) as caught:
        get(folders, server.url(fault))
    message = str(caught.value)
    assert f"{server.url(fault)}: " in message
    assert words in message
    assert SHA256 in message
    for advice in ("network", "proxy", "RNNBENCH_CORPORA", "config/calibration.yaml"):
        assert advice in message
    assert server.asked == [fault] * requests
    assert files_in(folders.cache) == []


def test_a_redirect_to_a_login_page_is_called_one(server: Server, folders: Folders) -> None:
    with pytest.raises(CorpusError, match="login page of your network"):
        get(folders, server.url("portal"))
    assert server.asked == ["portal", "login"]
    assert files_in(folders.cache) == []


def test_a_source_that_nobody_serves_is_an_error_in_words(folders: Folders) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/right"
        with pytest.raises(CorpusError, match="Connection refused"):
            get(folders, url)
    assert files_in(folders.cache) == []


@pytest.mark.parametrize("url", ["http://", "http://[::1", "http://a b/", "http://x..y/"])
def test_a_url_that_is_none_is_an_error_in_words(folders: Folders, url: str) -> None:
    with pytest.raises(CorpusError, match="none of its sources has it"):
        get(folders, url)


def test_the_error_names_every_source_with_its_fault(server: Server, folders: Folders) -> None:
    with pytest.raises(CorpusError) as caught:
        get(folders, server.url("missing"), server.url("login"))
    first, second = str(caught.value).splitlines()[1:3]
    assert "missing: HTTP 404" in first
    assert "login: expected SHA-256" in second


def test_passing_faults_are_tried_again(server: Server, folders: Folders) -> None:
    path, _ = get(folders, server.url("broken_twice"))
    assert path.read_bytes() == TEXT
    assert server.asked == ["broken_twice"] * 3
    assert files_in(folders.cache) == [path]


@pytest.mark.parametrize("first", ["missing", "broken", "corrupt", "truncated", "portal"])
def test_the_second_source_is_used_when_the_first_fails(
    server: Server, folders: Folders, first: str
) -> None:
    path, source = get(folders, server.url(first), server.url("right"))
    assert path.read_bytes() == TEXT
    assert source == server.url("right")
    assert files_in(folders.cache) == [path]


def test_a_text_is_downloaded_once(server: Server, folders: Folders) -> None:
    first, _ = get(folders, server.url("right"))
    second, source = get(folders, server.url("right"))
    assert first == second
    assert "cache" in source
    assert server.asked == ["right"]


def test_a_spoilt_file_in_the_cache_is_named_and_replaced(
    server: Server, folders: Folders, caplog: pytest.LogCaptureFixture
) -> None:
    folders.cache.mkdir()
    (folders.cache / "timemachine.txt").write_bytes(TEXT[:100])
    path, _ = get(folders, server.url("right"))
    assert path.read_bytes() == TEXT
    assert f"expected SHA-256 {SHA256}" in caplog.text


def test_a_failed_download_leaves_the_cache_as_it_was(server: Server, folders: Folders) -> None:
    folders.cache.mkdir()
    old = folders.cache / "timemachine.txt"
    old.write_bytes(b"old")
    with pytest.raises(CorpusError):
        get(folders, server.url("truncated"))
    assert files_in(folders.cache) == [old]
    assert old.read_bytes() == b"old"


def test_a_cache_that_cannot_be_written_is_an_error_in_words(
    server: Server, tmp_path: Path
) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be")
    with pytest.raises(CorpusError, match="cannot be stored here"):
        get(Folders(None, tmp_path / "cache"), server.url("right"))


# The user's folder


def test_the_folder_of_the_environment_comes_first(server: Server, tmp_path: Path) -> None:
    (tmp_path / "timemachine.txt").write_bytes(TEXT)
    path, source = get(Folders(tmp_path, tmp_path / "cache"), server.url("right"))
    assert path == tmp_path / "timemachine.txt"
    assert "RNNBENCH_CORPORA" in source
    assert server.asked == []


def test_a_wrong_file_in_the_folder_of_the_environment_is_refused(
    server: Server, tmp_path: Path
) -> None:
    (tmp_path / "timemachine.txt").write_bytes(b"another text")
    with pytest.raises(CorpusError) as caught:
        get(Folders(tmp_path, tmp_path / "cache"), server.url("right"))
    for part in (SHA256, hashlib.sha256(b"another text").hexdigest(), "unset RNNBENCH_CORPORA"):
        assert part in str(caught.value)
    assert server.asked == []


def test_a_folder_that_does_not_exist_is_named_and_passed_over(
    server: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    get(Folders(tmp_path / "typo", tmp_path / "cache"), server.url("right"))
    assert "RNNBENCH_CORPORA: there is no folder" in caplog.text


def test_the_folders_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RNNBENCH_CORPORA", "~/texts")
    assert Folders.from_environment().corpora == Path.home() / "texts"
    monkeypatch.setenv("RNNBENCH_CORPORA", "")
    assert Folders.from_environment().corpora is None
    assert Folders.from_environment().cache.name == "rnnbench"


# Can it be had?


@pytest.mark.parametrize("fault", ["missing", "broken", "portal"])
def test_a_probe_gives_the_reason_or_finds_a_source(
    server: Server, folders: Folders, fault: str
) -> None:
    ask = (SHA256, "timemachine.txt", folders, 0.5)
    reason = probe([server.url(fault)], *ask)
    assert reason is not None
    assert reason.startswith(server.url(fault))
    assert "\n" not in reason
    assert probe([server.url(fault), server.url("right")], *ask) is None


def test_a_text_on_disk_is_not_asked_for_on_the_network(server: Server, folders: Folders) -> None:
    get(folders, server.url("right"))
    assert probe([server.url("missing")], SHA256, "timemachine.txt", folders, 0.5) is None
    assert server.asked == ["right"]


def configured(tmp_path: Path, own: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the module on a study of the built-in text and of ``own``, a YAML entry."""
    study, more = tmp_path / "study.yaml", tmp_path / "more.yaml"
    study.write_text(
        f"corpora: [nonsense]\nown_texts: {{mine: {own}}}\nruns: {{corpora: [mine]}}\n"
    )
    more.write_text("corpora: [calibration]\nown_texts: {}\nruns: {num_epochs: 1}\n")
    environment |= {"XDG_CACHE_HOME": str(tmp_path), "NO_PROXY": "127.0.0.1", "PATH": ""}
    command = [sys.executable, "-m", "rnnbench", "corpora", str(study), str(more)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_a_study_whose_texts_can_be_had_passes_in_silence(server: Server, tmp_path: Path) -> None:
    done = configured(tmp_path, f"{{source: '{server.url('right')}', sha256: {SHA256}}}")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_study_whose_text_is_out_of_reach_says_so_in_one_line(
    server: Server, tmp_path: Path
) -> None:
    done = configured(tmp_path, f"{{source: '{server.url('missing')}', sha256: {SHA256}}}")
    assert (done.returncode, done.stderr) == (3, "")
    assert re.fullmatch(
        r"offline: mine cannot be reached \(http://.*HTTP 404 Not Found\); "
        r"continuing with the built-in calibration corpus\n",
        done.stdout,
    )


def test_a_mistake_in_a_study_is_told_without_a_traceback(tmp_path: Path) -> None:
    done = configured(tmp_path, "{source: no/such/file.txt}")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("rnnbench: own_texts.mine: expected a text file, found no file")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("text", ["- a\n- b\n", "a: [", "corpora: calibration", "corpora: [nope]"])
def test_a_config_that_is_none_is_a_mistake(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    (tmp_path / "study.yaml").write_text(text)
    for name in ("study.yaml", "absent.yaml"):
        assert main(["corpora", str(tmp_path / name)]) == 2
        said = capsys.readouterr().err
        assert said.startswith("rnnbench: ") and "Traceback" not in said


# The contract


@pytest.mark.parametrize("name", corpora.names())
def test_every_corpus_keeps_the_contract(name: str) -> None:
    corpus = corpora.find(name, {})
    assert isinstance(corpus.line_join, str | None)
    assert callable(corpus.raw)
    assert corpus.__doc__


def test_the_corpora_are_the_modules_of_the_package() -> None:
    assert set(corpora.names()) >= {"calibration", "time_machine", "time_machine_spaced"}
    assert not [name for name in corpora.names() if name.startswith("_")]


def test_an_unknown_corpus_is_told_what_there_is_and_how_to_add_it() -> None:
    with pytest.raises(CorpusError) as caught:
        corpora.find("ulysses", {"my_text": {"source": "my.txt"}})
    for part in (
        "'ulysses'",
        "calibration, calibration_long, ptb, time_machine",
        "my_text",
        "own_texts.ulysses",
    ):
        assert part in str(caught.value)
    assert "src/rnnbench/text/corpora/ulysses.py" in str(caught.value)


def test_an_own_text_cannot_take_the_name_of_a_built_in_corpus() -> None:
    with pytest.raises(CorpusError, match="Choose another name"):
        corpora.find("calibration", {"calibration": {"source": "my.txt"}})


# Cleaning


def d2l_lines(text: str) -> list[str]:
    """As the book cleans a text, on the lines that open() gives."""
    ends = text.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n")
    return [re.sub("[^A-Za-z]+", " ", line).strip().lower() for line in ends.split("\n")]


def cleaned(data: bytes, size: int = 1 << 20) -> list[str]:
    """The lines of ``data`` when it is read ``size`` bytes at a time."""
    blocks = [data[start : start + size] for start in range(0, len(data), size)]
    text = b"".join(clean(utf8(blocks, "utf-8", "mine"), "mine")).decode("ascii")
    assert text.endswith("\n")
    return text.removesuffix("\n").split("\n")


@given(st.text(st.sampled_from("aZ \t\n\r'-9éK\u2028\x0b\x85\ufeff漢")), st.integers(1, 9))
def test_cleaning_is_what_the_book_does_wherever_the_text_is_cut(text: str, size: int) -> None:
    text += "x"
    assert cleaned(text.encode(), size) == d2l_lines(text)
    assert cleaned(text.encode() + b"\n", size) == d2l_lines(text)


@given(st.binary(), st.integers(1, 9))
def test_any_bytes_are_cleaned_or_refused_in_words_wherever_they_are_cut(
    data: bytes, size: int
) -> None:
    whole, cut = told(data, len(data) + 1), told(data, size)
    assert whole == cut or b"\0" in data  # of two faults the first that is read is told


def told(data: bytes, size: int) -> list[str] | str:
    """The cleaned lines, or why there are none."""
    try:
        lines = cleaned(data, size)
    except CorpusError as error:
        assert str(error).startswith("mine: expected ")
        return str(error)
    assert all(re.fullmatch("([a-z]+( [a-z]+)*)?", line) for line in lines)
    assert any(lines)
    return lines


def test_a_line_is_one_item_whatever_ends_it() -> None:
    assert cleaned(b"\xef\xbb\xbfA\r\n\r\nb\rC\n\n") == ["a", "", "b", "c", ""]


@pytest.mark.parametrize("size", [1, 3, 100])
@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "found an empty file"),
        (b"\xef\xbb\xbf", "found an empty file"),
        (b"text\0text", "found a NUL byte at byte 4"),
        ("text".encode("utf-16"), "UTF-16|byte 0xff at byte 0"),
        ("the café".encode("latin-1"), "found byte 0xe9 at byte 7"),
        ("the café".encode()[:-1], "found byte 0xc3 at byte 7"),
        (b"1 234\n5678\n", "found none"),
        (b"\n", "found none"),
        ("時間機器\n".encode(), "Latin alphabet"),
    ],
)
def test_what_is_no_text_is_refused_in_words(data: bytes, words: str, size: int) -> None:
    with pytest.raises(CorpusError, match=f"mine: expected .*({words})"):
        cleaned(data, size)


def test_a_text_that_is_refused_leaves_no_file(tmp_path: Path) -> None:
    (tmp_path / "my.txt").write_bytes(b"words, then a NUL\0")
    own_texts = {"mine": {"source": str(tmp_path / "my.txt")}}
    with pytest.raises(CorpusError, match="NUL byte"):
        corpora.prepare("mine", own_texts, Folders(None, tmp_path), tmp_path / "out" / "mine.txt")
    assert list((tmp_path / "out").iterdir()) == []


def test_one_very_long_line_is_cleaned_as_any_other() -> None:
    part = b"Time, like an ever-rolling stream;   bears all its sons away \xc3\xa9 "
    lines = cleaned(part * (20_000_000 // len(part)))
    assert len(lines) == 1
    assert lines[0].startswith("time like an ever rolling stream bears all its sons away time")


# Own texts


def test_an_own_text_is_read_from_its_path(prepare: Callable, tmp_path: Path) -> None:
    (tmp_path / "my.txt").write_bytes(TEXT)
    entry = {"source": str(tmp_path / "my.txt"), "sha256": SHA256.upper(), "line_join": ""}
    corpus = prepare("mine", {"mine": entry}, Folders(None, tmp_path))
    assert corpus.lines[0] == "the time traveller for so it will be convenient to speak of him"
    facts = corpus.facts
    assert (facts.line_join, facts.raw_sha256, facts.raw_bytes) == ("", SHA256, len(TEXT))
    assert facts.source == "the file my.txt"  # published: where it lies is nobody's business
    assert facts.lines == len(corpus.lines) == 40
    assert corpora.find("mine", {"mine": {"source": "my.txt"}}).line_join == " "


def test_an_own_text_is_fetched_from_its_url(
    prepare: Callable, server: Server, folders: Folders
) -> None:
    own_texts = {"mine": {"source": server.url("right"), "sha256": SHA256}}
    assert corpora.unreachable("mine", own_texts, folders) is None
    corpus = prepare("mine", own_texts, folders)
    assert (corpus.facts.source, corpus.facts.raw_sha256) == (server.url("right"), SHA256)
    assert prepare("mine", own_texts, folders).lines == corpus.lines
    assert server.asked == ["right", "right"]  # the probe and the download


def test_own_texts_of_one_name_have_their_own_place_in_the_cache(folders: Folders) -> None:
    texts = [OwnText("mine", "http://x/", letter * 64) for letter in "ab"]
    assert len({text._remote(folders)["file_name"] for text in texts}) == 2


def test_an_own_text_that_is_missing_is_an_error_in_words(
    prepare: Callable, folders: Folders
) -> None:
    own_texts = {"mine": {"source": "no/such/file.txt"}}
    for ask in (prepare, corpora.unreachable):
        with pytest.raises(CorpusError, match=r"found no file /.*/no/such/file.txt. Correct"):
            ask("mine", own_texts, folders)


def test_an_own_text_with_another_hash_is_refused(prepare: Callable, tmp_path: Path) -> None:
    (tmp_path / "my.txt").write_bytes(TEXT)
    own_texts = {"mine": {"source": str(tmp_path / "my.txt"), "sha256": "0" * 64}}
    with pytest.raises(CorpusError, match=f"expected SHA-256 {'0' * 64}, found {SHA256}"):
        prepare("mine", own_texts, Folders(None, tmp_path))


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("my.txt", "at least source"),
        ({}, "at least source"),
        ({"source": "my.txt", "sha265": "0"}, "sha265"),
        ({"source": 7}, "as source, not 7"),
        ({"source": "ftp://host/my.txt"}, "as source"),
        ({"source": "https://host/my.txt"}, "a sha256 for the URL"),
        ({"source": "my.txt", "sha256": "abc"}, "64 hexadecimal digits"),
        ({"source": "my.txt", "trim_gutenberg": "no"}, "true or false as trim_gutenberg"),
        ({"source": "my.txt", "line_join": None}, "as line_join, not None"),
        ({"source": "my.txt", "line_join": "é"}, "ASCII character in quotes as line_join"),
        ({"source": "my.txt", "line_join": "\r"}, "ASCII character in quotes as line_join"),
        ({"source": "my.txt", "line_join": "\n\n"}, "ASCII character in quotes as line_join"),
    ],
)
def test_an_own_text_that_is_not_well_described_is_an_error(entry: object, words: str) -> None:
    with pytest.raises(CorpusError, match=words):
        corpora.find("mine", {"mine": entry})


def with_book(tmp_path: Path, **settings: object) -> dict:
    """An own text of Project Gutenberg's: 44 words, of which the book has 3."""
    text = (
        "The Project Gutenberg eBook of X\n*** START OF THE PROJECT GUTENBERG EBOOK X ***\n"
        "Call me Ishmael.\n*** END OF THE PROJECT GUTENBERG EBOOK X ***\nThe licence.\n"
    )
    (tmp_path / "book.txt").write_text(text)
    return {"mine": {"source": str(tmp_path / "book.txt"), **settings}}


def test_of_a_gutenberg_text_the_book_alone_is_kept_and_the_rest_is_told(
    prepare: Callable, tmp_path: Path
) -> None:
    own_texts = with_book(tmp_path)
    corpus = prepare("mine", own_texts, Folders(None, tmp_path))
    assert [line for line in corpus.lines if line] == ["call me ishmael"]
    size = (tmp_path / "book.txt").stat().st_size
    assert corpus.facts.raw_bytes == size
    assert corpus.facts.trimmed_bytes == size - len("\nCall me Ishmael.\n")
    assert corpus.facts.letters == len("CallmeIshmael")


def test_a_gutenberg_text_is_kept_whole_where_that_is_asked_for(
    prepare: Callable, tmp_path: Path
) -> None:
    own_texts = with_book(tmp_path, trim_gutenberg=False)
    corpus = prepare("mine", own_texts, Folders(None, tmp_path))
    assert corpus.lines[-1] == "the licence"
    assert corpus.facts.trimmed_bytes == 0


def test_a_text_that_loses_many_letters_is_told_on_the_terminal(
    prepare: Callable, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "my.txt").write_text("Über älle Öfen\n" * 9, encoding="utf-8")
    own_texts = {"mine": {"source": str(tmp_path / "my.txt")}}
    facts = prepare("mine", own_texts, Folders(None, tmp_path)).facts
    assert (facts.letters, facts.kept_letter_share) == (9 * 12, pytest.approx(9 / 12))
    assert capsys.readouterr().err.startswith("rnnbench: mine: cleaning keeps 75 % of its 108")


def test_a_text_in_another_alphabet_is_refused_and_leaves_no_file(tmp_path: Path) -> None:
    (tmp_path / "my.txt").write_text("Война и мир, a novel\n" * 9, encoding="utf-8")
    own_texts = {"mine": {"source": str(tmp_path / "my.txt")}}
    with pytest.raises(CorpusError, match="mine: expected a text that cleaning keeps"):
        corpora.prepare("mine", own_texts, Folders(None, tmp_path), tmp_path / "out" / "mine.txt")
    assert list((tmp_path / "out").iterdir()) == []


# The Time Machine


def test_the_time_machine_is_the_text_of_the_book(prepare: Callable) -> None:
    folders = Folders.from_environment()
    places = [
        folder / time_machine.FILE_NAME for folder in (folders.corpora, folders.cache) if folder
    ]
    if not any(place.is_file() for place in places):
        pytest.skip("The Time Machine is not on disk; set RNNBENCH_CORPORA to its folder")
    glued = prepare("time_machine", {}, folders)
    spaced = prepare("time_machine_spaced", {}, folders)
    assert (glued.facts.raw_bytes, glued.facts.raw_sha256) == (178_979, time_machine.SHA256)
    assert (glued.facts.trimmed_bytes, glued.facts.kept_letter_share) == (
        0,
        pytest.approx(1, abs=1e-4),
    )
    assert len(glued.lines) == 3_221
    assert glued.lines[0] == "the time machine by h g wells"
    assert glued.lines == spaced.lines
    assert len(glued.tokens("char")) == 170_580
    assert len(spaced.tokens("char")) == 173_427
