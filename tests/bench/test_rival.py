import pytest

from app.bench.rival import WHOLE_NODE, Rival, is_installed
from ingest.errors import InvalidInput


@pytest.mark.skipif(is_installed(), reason="it is installed")
def test_without_the_extra_it_says_how_to_get_it(tiny_folder):
    with pytest.raises(InvalidInput, match="not installed") as error:
        Rival(tiny_folder)
    assert "docent[bench]" in error.value.hint


@pytest.mark.model
@pytest.mark.skipif(not is_installed(), reason="needs the bench extra")
def test_it_reads_the_folder_offline_and_answers_from_it(folder):
    from app.models.store import find, path
    from app.settings import load_settings

    settings = load_settings()
    models = [path(find(name, settings.models_dir), settings.models_dir) for name in (settings.encoder, "smollm2-135m")]
    rival = Rival(*models)
    whole, short = rival.ingest(folder), rival.ingest(folder, WHOLE_NODE)
    assert whole.pages == short.pages == 5 and whole.nodes <= short.nodes  # three pages and two text files
    told = rival.ask("How often is the filter cleaned?")
    assert told.text and 0 < told.seconds_to_first_token <= told.seconds_total
