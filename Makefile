# make run · make test · make check · make reset
.PHONY: run install dev reset test check format messages reference lock bench
PY := .venv/bin/python
JOBS ?= $(shell nproc)
ENGLISH := locale/en/LC_MESSAGES/messages
SPEAKING := kernel connectors idp profiles subscriptions wiring templates

run: install
	@exec $(PY) -m wiring.demo

# What running needs: .venv as the lock says, and the compiled translations.
install:
	@deploy/setup.sh
	@$(MAKE) -s $(ENGLISH).mo

# The same with what tests and checks need.
dev:
	@deploy/setup.sh
	@deploy/setup.sh dev
	@$(MAKE) -s $(ENGLISH).mo

%.mo: %.po
	@.venv/bin/pybabel -q compile -i $< -o $@ -l en

reset:
	@rm -rf instance
	@echo "kapok: the demonstration is forgotten; make run starts it anew"

test: dev
	@deploy/test-packages.sh
	@.venv/bin/pytest -n $(JOBS) --dist loadgroup $(ARGS)

# What Kapok costs beside its floors and a peer: docs/howto/benchmarks.md. ARGS=--quick for two minutes of it.
bench: dev
	@deploy/test-packages.sh
	@.venv/bin/python -m bench $(ARGS)

check: dev
	@.venv/bin/ruff format --check .
	@.venv/bin/ruff check .
	@.venv/bin/mypy
	@.venv/bin/lint-imports
	@.venv/bin/djlint templates examples --lint --quiet

format: dev
	@.venv/bin/ruff format .
	@.venv/bin/ruff check --fix .

# Collect the sentences for people into locale/en (the source language is Simplified Chinese).
messages: dev
	@.venv/bin/pybabel -q extract -F locale/babel.cfg -k lazy_gettext -k _l -k counted:1,1 --no-location --sort-output -o locale/messages.pot $(SPEAKING)
	@.venv/bin/pybabel -q update --no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date -w 120 -i locale/messages.pot -d locale -l en

# Write docs/reference from the code.
reference: dev
	@KAPOK_DEMO=1 .venv/bin/flask --app wsgi reference write

lock:
	@uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header requirements.in -o requirements.txt
	@uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header requirements-dev.in -o requirements-dev.txt
