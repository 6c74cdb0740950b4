"""For `library`: how people ask about the documents themselves, and what is answered: how many there are, which, of
what length and date, by whom, and in which of them words stand."""
