"""Text normalisation: texts that hibari alone reads wrong, and the words that are to be heard."""

import re

import pytest

pytest.importorskip("hibari", reason="the extra `speech` is not installed")

from fondaco.engines.common.speech.english import English

STRESS_AND_PAUSES = re.compile(r"[ˈˌ.,!?:;—\s]")
NUMBERS = [
    ("1,234,567 people", "one million two hundred thirty four thousand five hundred sixty seven people"),
    (".75 of it", "zero point seven five of it"),
    ("it is \u221240", "it is minus forty"),
    ("open 24/7", "open twenty four seven"),
    ("1/2 cup, 1 1/2 cups", "one half cup, one and one half cups"),
    ("1½ kg", "one point five kilograms"),
    ("10x faster", "ten times faster"),
    ("10k people and 3M users", "ten thousand people and three million users"),
    ("5 - 3 = 2", "five minus three equals two"),
    ("3 \u00d7 4 = 12", "three times four equals twelve"),
    ("1920x1080", "nineteen twenty by ten eighty"),
    ("pages 10-20.", "pages ten to twenty."),
    ("version 2.0.1 of it", "version two point zero point one of it"),
    ("v1.2", "version one point two"),
    ("a 16:9 screen", "a sixteen to nine screen"),
    ("agent 007", "agent zero zero seven"),
    ("1" * 40, "one " * 40),
    ("9" * 200, "nine " * 200),
    ("10-15% of it", "ten to fifteen percent of it"),
    ("a 50/50 chance, 10/10", "a fifty fifty chance, ten out of ten"),
    ("3 x 4", "three times four"),
    ("\u2248 5 and \u2265 3", "about five and at least three"),
    ("call +39 041 123 4567", "call plus three nine, zero four one, one two three, four five six seven"),
    ("1,2,3", "one two three"),
]  # fmt: skip
DATES_AND_TIMES = [
    ("on 25.12.2026 it snowed", "on December twenty fifth, twenty twenty six it snowed"),
    ("on 31.13.2026", "on thirty one point thirteen point twenty twenty six"),
    ("on Mon, 5 Jan", "on Monday, the fifth of January"),
    ("open Mon-Fri", "open Monday to Friday"),
    ("the Sun is bright", "the sun is bright"),
    ("from 9:30-11:00", "from nine thirty to eleven o'clock"),
    ("it took 1h 30min", "it took one hour thirty minutes"),
    ("2026-11-27T09:30:00Z", "November twenty seventh, twenty twenty six, nine thirty UTC"),
    ("2026-11-27 09:30:05", "November twenty seventh, twenty twenty six, nine thirty and five seconds"),
    ("from 1914-1918", "from nineteen fourteen to nineteen eighteen"),
]  # fmt: skip
MONEY = [
    ("20 €", "twenty euros"),
    ("20,50 €", "twenty euros and fifty cents"),
    ("$2bn", "two billion dollars"),
    ("$14.5", "fourteen dollars and fifty cents"),
    ("$1.5 million", "one point five million dollars"),
    ("$0.0125 a call", "zero point zero one two five dollars a call"),
    ("-$5", "minus five dollars"),
    ("$10-20", "ten to twenty dollars"),
    ("USD 20", "twenty US dollars"),
    ("20 USD", "twenty US dollars"),
    ("EUR 3.50", "three euros and fifty cents"),
    ("1,000 CHF", "one thousand Swiss francs"),
]
UNITS = [
    ("50 m²", "fifty square meters"),
    ("10 cm x 5 cm", "ten centimeters by five centimeters"),
    ("6 ft 2 in", "six feet two inches"),
    ("5'2\" tall", "five feet two inches tall"),
    ("1.5 l", "one point five liters"),
    ("1 m", "one meter"),
    ("230 V", "two hundred thirty volts"),
    ("60W", "sixty watts"),
    ("250 g", "two hundred fifty grams"),
    ("100 km/h", "one hundred kilometers per hour"),
    ("100\u00a0km", "one hundred kilometers"),
]
ADDRESSES = [
    ("see https://venice.ai/docs.", "see venice dot A.I. slash docs."),
    ("go to example.com now", "go to example dot com now"),
    ("jane.doe@example.com", "jane dot doe at example dot com"),
    ("www.bbc.co.uk", "W W W dot B B C dot co dot U K"),
    ("http://localhost:8000/v1", "local host colon eight thousand slash V one"),
    ("192.168.0.1", "one nine two dot one six eight dot zero dot one"),
    ("open /etc/hosts", "open slash etc slash hosts"),
    ("main.py", "main dot P Y"),
    ("he left.Then", "he left. Then"),
    ("and/or", "and or"),
]
ABBREVIATIONS = [
    ("i.e. that", "that is that"),
    ("p. 5", "page five"),
    ("ca. 1900", "circa nineteen hundred"),
    ("C++, C# and .NET", "C plus plus, C sharp and dot net"),
    ("Tel. 041 1", "telephone zero four one one"),
    ("w/o and w/", "without and with"),
]
LETTERS = [
    ("hello \u041f\u0440\u0438\u0432\u0435\u0442 there", "hello there"),
    ("\uff26\uff22\uff29", "FBI"),
]
ROWS = LETTERS + NUMBERS + DATES_AND_TIMES + MONEY + UNITS + ADDRESSES + ABBREVIATIONS


@pytest.fixture(scope="module")
def english() -> English:
    return English()


def sounds(english: English, text: str) -> str:
    return STRESS_AND_PAUSES.sub("", english.phonemes(text))


@pytest.mark.parametrize(("text", "words"), ROWS, ids=[text[:24] for text, _ in ROWS])
def test_a_text_is_read_as_its_words_are(english: English, text: str, words: str) -> None:
    assert sounds(english, text) == sounds(english, words) != ""


def test_a_british_voice_reads_the_day_before_the_month(english: English) -> None:
    british = English(british=True)
    assert sounds(british, "03/04/2026") == sounds(british, "April third, twenty twenty six")
    assert sounds(english, "03/04/2026") == sounds(english, "March fourth, twenty twenty six")
    assert sounds(british, "tomato") != sounds(english, "tomato")
