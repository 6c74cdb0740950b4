"""A domain's abbreviations, both ways."""

from app.ask.domains import Domain


def test_an_abbreviation_is_named_by_a_text_that_holds_its_long_form():
    domain = Domain(glossary={"COP": "coefficient of performance: heat by power", "SPF": "seasonal performance factor"})
    assert domain.abbreviations_in("Table 2: Coefficient of performance at full speed") == ["COP"]
    assert domain.expand("What is the COP?") == "What is the COP? coefficient of performance"
