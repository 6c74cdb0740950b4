import pytest

from app.settings import Settings, load_settings, save_settings
from ingest.errors import InvalidInput


def test_the_environment_wins_over_the_file_and_arguments_over_both(home, monkeypatch):
    save_settings(Settings(home=home, passages=6, model='my "model"', gpu_layers=20))
    assert load_settings() == Settings(home=home, passages=6, model='my "model"', gpu_layers=20)
    monkeypatch.setenv("DOCENT_PASSAGES", "3")
    assert load_settings().passages == 3
    assert load_settings(passages=5, model=None).passages == 5


def test_only_what_differs_is_written(home):
    save_settings(Settings(home=home))
    assert (home / "settings.toml").read_text().strip() == ""


@pytest.mark.parametrize("text", ["passages = 99", "passagez = 3", "passages = [", 'gpu_layers = "some"'])
def test_a_mistake_names_its_key_and_its_place(home, text):
    home.mkdir(parents=True)
    (home / "settings.toml").write_text(text)
    with pytest.raises(InvalidInput) as caught:
        load_settings()
    assert "settings.toml" in f"{caught.value} {caught.value.hint}"
