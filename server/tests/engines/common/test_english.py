"""English as phonemes: what is read as which words, and that no text takes long."""

import re
import time

import pytest

pytest.importorskip("hibari", reason="the extra `speech` is not installed")

from fondaco.engines.common.speech.english import English
from fondaco.engines.common.speech.plain import plain
from fondaco.engines.common.speech.stretches import stretches

STRESS_AND_PAUSES = re.compile(r"[ˈˌ.,!?:;—\s]")
LONGEST_S = 3.0
"""Of CPU for 240 characters; most take a hundredth of it."""


@pytest.fixture(scope="module")
def english() -> English:
    return English()


def sounds(english: English, text: str) -> str:
    return STRESS_AND_PAUSES.sub("", english.phonemes(text))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("at 17:05", "at seventeen oh five"),
        ("10:00", "ten o'clock"),
        ("at 5 pm", "at five P M"),
        ("3 March 2026", "the third of March twenty twenty six"),
        ("March 3, 2026", "March third twenty twenty six"),
        ("2026-03-03", "March third twenty twenty six"),
        ("3/14/2026", "March fourteenth twenty twenty six"),
        ("the 1990s", "the nineteen nineties"),
        ("2 kg", "two kilograms"),
        ("1 km", "one kilometer"),
        ("20 °C", "twenty degrees Celsius"),
        ("60 mph", "sixty miles per hour"),
        ("100 ms", "one hundred milliseconds"),
        ("$14.50", "fourteen dollars and fifty cents"),
        ("$0.99", "ninety nine cents"),
        ("$2.5 million", "two point five million dollars"),
        ("£20", "twenty pounds"),
        ("€5", "five euros"),
        ("50%", "fifty percent"),
        ("3.14", "three point one four"),
        ("-5", "minus five"),
        ("1,000,000", "one million"),
        ("1,2,3", "one two three"),
        ("22nd", "twenty second"),
        ("3/4", "three quarters"),
        ("10-20", "ten to twenty"),
        ("555-1234", "five five five one two three four"),
        ("1234567890123456", "one two three four five six seven eight nine zero one two three four five six"),
        ("Dr. Smith", "Doctor Smith"),
        ("St. Mark", "Saint Mark"),
        ("Main St.", "Main Street"),
        ("e.g. tea", "for example tea"),
        ("tea, i.e. herbs", "tea that is herbs"),
        ("approx. ten", "approximately ten"),
        ("No. 7", "number seven"),
        ("Chapter IV", "Chapter four"),
        ("Henry VIII", "Henry the eighth"),
        ("the FBI", "the F B I"),
        ("2 + 2", "two plus two"),
        ("https://example.com/news.", "example dot com slash news"),
        ("Write to me@example.org!", "Write to me at example dot org"),
        ("**Now** `code`", "Now code"),
        ("# Title", "Title"),
        ("<speak>Hello<break time='3s'/></speak>", "Hello"),
        ("[Hello](https://a.example) you", "Hello you"),
        ("[Hello](/bˈI/) you"  # noqa: RUF001 - as hibari writes stress
       , "Hello you"),
        ("Hi \N{FAMILY}\ud800\0!", "Hi"),
    ],
)  # fmt: skip
def test_a_text_is_read_as_its_words_are(english: English, text: str, words: str) -> None:
    assert sounds(english, text) == sounds(english, words) != ""


@pytest.mark.parametrize("text", ["", " ", "...", "((((", "\N{FAMILY}", "日本語", "'''", "<br/>"])
def test_of_some_texts_nothing_can_be_read(english: English, text: str) -> None:
    assert english.phonemes(text) == ""


@pytest.mark.parametrize(
    "part",
    [
        *("a", "7", "7,", "1-2-", "a-", "a.", "a'", "(", "'", "$1 ", "1:2:", "12:30 ", "XIV ", "3/4 ", "1e5"),
        *("[a](", "<a ", "*a", "a/", "http://a.", "a@a.", "1.2.", "Ω≈", "A", "É", "-1", "e.g.", "_", "9%", "#1", "aB"),
    ],
)  # fmt: skip
def test_no_sentence_takes_long(english: English, part: str) -> None:
    begun = time.process_time()
    phonemes = english.phonemes((part * 240)[:240])
    assert time.process_time() - begun < LONGEST_S
    assert len(phonemes) < 5_000


@pytest.mark.parametrize(
    ("phonemes", "parts"),
    [
        ("ab cd ef", ["ab", "cd ef"]),
        ("ab, cd ef", ["ab,", "cd ef"]),
        ("a, b; c d", ["a, b;", "c d"]),
        ("a. b, c d e f g h", ["a.", "b,", "c d", "e f", "g h"]),
        ("abcdefgh", ["abcde", "fgh"]),
        ("a     " * 3, ["a", "a", "a"]),
        ("  ", []),
    ],
)
def test_phonemes_are_cut_at_the_longest_pause(phonemes: str, parts: list[str]) -> None:
    assert list(stretches(phonemes, most=5)) == parts


@pytest.mark.parametrize("phonemes", ["a" * 999, "ab " * 333, "a,b" * 333, " " * 999 + "a"])
def test_no_stretch_is_longer_than_may_be_and_nothing_is_lost(phonemes: str) -> None:
    parts = list(stretches(phonemes, most=200))
    assert max(map(len, parts)) <= 200
    assert "".join(parts).replace(" ", "") == phonemes.replace(" ", "")


def test_markup_that_is_none_stays() -> None:
    for text in ("2 * 3 < 4", "snake_case", "a < b and b > c", "x[0](y", "5 - 3"):
        assert plain(text) == text


def test_nothing_without_end_is_read_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    english, read = English(), list[str]()

    def reading(text: str) -> str:
        read.append(text)
        return ""

    monkeypatch.setattr(english, "_g2p", reading)
    for endless in ("%" * 240, "@%" * 120, "a" * 240):
        english.phonemes(endless)
    assert max(len(run) for text in read for run in text.split()) < 50
    assert all(text.split() for text in read)
