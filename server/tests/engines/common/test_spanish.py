"""Spanish text normalisation: no digit is left, as its reader would leave it out."""

import time

import pytest

pytest.importorskip("unicode_rbnf", reason="the extra `speech` is not installed")

from fondaco.engines.common.speech.normalisation.spanish import spanish_in_words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Tengo 25 años", "Tengo veinticinco años"),
        ("1 perro y 21 manzanas", "un perro y veintiuna manzanas"),
        ("21 años, 200 personas", "veintiún años, doscientas personas"),
        ("3,14 y 0,05", "tres coma catorce y cero coma cero cinco"),
        ("1.234.567", "un millón doscientos treinta y cuatro mil quinientos sesenta y siete"),
        ("3,50 €", "tres euros con cincuenta"),
        ("1 € o $5", "un euro o cinco dólares"),
        ("21 £", "veintiuna libras"),
        ("15 % de 2 kg", "quince por ciento de dos kilogramos"),
        ("-5 °C", "menos cinco grados"),
        ("a 100 km/h", "a cien kilómetros por hora"),
        ("a las 9:30 h.", "a las nueve y treinta."),
        ("a las 21:00", "a las veintiuna en punto"),
        ("el 27/11/2026", "el veintisiete de noviembre de dos mil veintiséis"),
        ("el 2000-01-01", "el primero de enero de dos mil"),
        ("el 1.º y la 2ª", "el primero y la segunda"),
        ("el Sr. García, p. ej.", "el señor García, por ejemplo"),
        ("en EE. UU.", "en Estados Unidos"),
        ("https://venice.ai/docs", "venice punto ai barra docs"),
        ("ana@example.com", "ana arroba example punto com"),
        ("7" * 20, " ".join(["siete"] * 20)),
        ("hola Привет", "hola "),
    ],
)
def test_a_text_is_put_in_words(text: str, words: str) -> None:
    assert " ".join(spanish_in_words(text).split()) == words.strip()


@pytest.mark.parametrize(
    "part", ["7", "7,", "1.", "1:", "$1 ", "12/", "a@", "1 a", "º1", "-1", "€"]
)
def test_no_sentence_takes_long_and_no_digit_is_left(part: str) -> None:
    begun = time.process_time()
    words = spanish_in_words((part * 240)[:240])
    assert time.process_time() - begun < 1.0
    assert not any(map(str.isdigit, words))
