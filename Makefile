# make chat: set up, read sample_docs, open the page at http://localhost:8501. Again: starts in seconds, fetches nothing.
PYTHON ?= python3
.PHONY: chat test lint

# Where a missing browser would hide a broken page, it is a failure; elsewhere those tests are skipped.
ifeq ($(CI),true)
export DOCENT_REQUIRE_BROWSER = 1
endif

chat:
	@$(PYTHON) .ci/setup chat
	@.venv/bin/docent ingest sample_docs
	@.venv/bin/docent ui

test:
	@$(PYTHON) .ci/setup test
	.venv/bin/python -m pytest

lint:
	@$(PYTHON) .ci/setup lint
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
