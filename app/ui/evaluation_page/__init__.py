"""The parts of the Evaluation page: drafts, cases, runs, results, trust. `app.ui.evaluation` puts them together."""
