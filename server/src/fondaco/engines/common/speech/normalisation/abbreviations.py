"""Abbreviations and names with marks in them."""

from fondaco.engines.common.speech.normalisation.rule import ReadingRule

RULES = (
    ReadingRule.of(r"\b e\.\s?g\. ,?", "for example"),
    ReadingRule.of(r"\b i\.\s?e\. ,?", "that is"),
    ReadingRule.of(r"(?<!\w) (?:Tel|tel) \. :? (?=\s?(?:plus\b|[\d(]))", "telephone"),
    ReadingRule.of(r"(?<!\w) p\. \s? (?=\d)", "page "),
    ReadingRule.of(r"(?<!\w) (?:ca|c)\. \s? (?=\d)", "circa "),
    ReadingRule.of(r"\b ([CF]) \# (?!\w)", r"\1 sharp"),
    ReadingRule.of(r"(?<!\w) \.NET \b", "dot net"),
    ReadingRule.of(r"(?<=[A-Za-z]{2}) / (?=[A-Za-z]{2})", " "),
)
