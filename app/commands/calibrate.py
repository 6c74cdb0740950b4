"""docent calibrate: fits the gate to the user's own documents, from questions with known answers."""

from __future__ import annotations

from pathlib import Path

import click

from app.commands.eval import index_of, progress
from app.commands.terminal import clear_line, handle_errors, index_option, json_option, print_json, say


@click.command("calibrate")
@click.argument("questions", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@index_option("that of the folder the questions lie in, else of sample_docs")
@click.option("--limit", type=click.IntRange(1), help="Only the first N questions.")
@json_option
@handle_errors
def command(questions: Path, index_dir: Path | None, limit: int | None, as_json: bool) -> None:
    """Set how much doubt an answer may carry, from questions with known answers over your own documents.

    Each question is asked once, with nothing held back; then a threshold is chosen for each level between careful and
    bold. The result is kept for this index and used from the next question on. Also questions that the documents do
    not answer are needed. An interrupted run goes on where it was when the same command is given again.

    \b
    Example:
      docent calibrate sample_docs/eval.jsonl
    """
    import json

    from app.ask.check.gate import calibration_file, levels_table
    from app.evaluation.calibrate import calibrate, check_enough, save_calibration
    from app.evaluation.cases import check_apart, load_cases
    from app.evaluation.run import evaluate, place_for
    from app.privacy.unlock import open_unlocked
    from app.settings import BOLDNESS, load_settings
    from ingest.sync.folders import places

    settings = load_settings(boldness=BOLDNESS[-1])
    cases = load_cases(questions)[:limit]
    check_enough(cases)
    assistant = open_unlocked(settings, index_dir or index_of(questions))
    check_apart(questions, places(assistant.index.store))
    rows = evaluate(assistant, cases, place_for(assistant, cases), on_case=progress(""))
    clear_line()
    calibration = calibrate(rows, [questions.resolve().parent.name])
    file = calibration_file(settings.home, assistant.index_dir)
    save_calibration(calibration, file)
    if as_json:
        print_json(json.loads(calibration.as_json()))
    else:
        say(levels_table(calibration))
        say(f"\nKept for this index in {file}. Delete it to go back to what is shipped.")
