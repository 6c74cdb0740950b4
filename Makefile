# make chat: set up, read sample_docs, open the page at http://localhost:8501. Again: starts in seconds, fetches nothing.
PYTHON ?= python3
.PHONY: chat test test-fast lint fix

# Where a missing browser would hide a broken page, it is a failure; elsewhere those tests are skipped.
ifeq ($(CI),true)
export DOCENT_REQUIRE_BROWSER = 1
endif

chat:
	@$(PYTHON) .ci/setup chat
	@.venv/bin/docent ingest sample_docs
	@.venv/bin/docent ui

# First what needs no model, on all cores; then the real models and the browser, one at a time: they want all cores.
test:
	@$(PYTHON) .ci/setup test
	.venv/bin/python -m pytest -n auto --dist loadfile -m "not model and not browser" --cov=app --cov=ingest --cov-report=
	.venv/bin/python -m pytest -m "model or browser" --cov=app --cov=ingest --cov-append --cov-report=
	@for part in app ingest; do printf "Lines of $$part/ that the tests run: "; \
		.venv/bin/python -m coverage report --include="$$part/*" --format=total | sed 's/$$/ %/'; done

# In a minute: no models, no browser, nothing that is killed or waits.
test-fast:
	@$(PYTHON) .ci/setup lint
	.venv/bin/python -m pytest -n auto --dist loadfile -m "not model and not browser and not slow"

lint:
	@$(PYTHON) .ci/setup lint
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy

fix:
	@$(PYTHON) .ci/setup lint
	.venv/bin/ruff check --fix
	.venv/bin/ruff format
