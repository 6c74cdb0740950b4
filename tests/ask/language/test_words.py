from app.ask.language.words import codes, content_words, has_code, names, numbers, stated_numbers, stem


def test_numbers_have_one_form():
    assert numbers("1,200.50 kg") == {"1200.5"} == numbers("1200.5")
    assert numbers("five bar") == numbers("5 bar") == {"5"}
    assert stated_numbers("between 10–15 °C and −7 °C, one of 0.30") == {"10", "15", "-7", "0.3"}
    assert stated_numbers("one of them, code E-104") == set()


def test_names_are_codes_and_capitalised_words_inside_a_sentence():
    assert names("Code E-104 on the HP12 stops the Brusk pump.") == {"e-104", "hp12", "brusk"}
    assert names("The pump stops.") == set()


def test_stems_let_word_forms_meet_and_keep_different_words_apart():
    for a, b in (("filters", "filter"), ("cleaned", "clean"), ("batteries", "battery"), ("stored", "store")):
        assert stem(a) == stem(b)
    for a, b in (("gas", "gap"), ("pass", "pas"), ("warm", "warranty")):
        assert stem(a) != stem(b)
    assert content_words("What is the filter's interval?") == content_words("the filter interval")


def test_codes_stand_for_one_thing_only():
    assert codes("Is E-104 on the TL-8T at A7/W35 in Q1 the same as 5-year R290, PB-1?") == [
        "E-104",
        "TL-8T",
        "A7/W35",
        "R290",
        "PB-1",
    ]
    assert has_code("the TL-8, here", "TL-8") and has_code("the TL 8.", "TL-8") and has_code("(tl8)", "TL-8")
    assert not has_code("the TL-8T", "TL-8") and not has_code("the TL-81 and ATL-8 and TL-8-2", "TL-8")
