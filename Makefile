# `make app`, `lab`, `test`, `lint`, `bench`, `tutorial` and `dist` each install what they need into .venv first.
PYTHON ?= python3
BIN := .venv/$(if $(filter Windows_NT,$(OS)),Scripts,bin)

.PHONY: app lab test lint bench weights tutorial dist clean

TUTORIAL := dist/understanding-cnn-feature-extraction.pdf

app: .venv/app.installed  ## the dashboard, in the browser
	$(BIN)/cnnwidgets app

lab: .venv/lab.installed  ## JupyterLab, with the notebooks
	$(BIN)/jupyter lab notebooks --ServerApp.jpserver_extensions=cnnwidgets.app.nodelay=True

test: .venv/test.installed  ## unit, property, JavaScript and real-browser tests
	$(BIN)/python tests/browser/install.py
	$(BIN)/python -m pytest

lint: .venv/test.installed  ## ruff, mypy and, where Node is present, tsc
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	@if command -v npx >/dev/null; then npx --yes --package typescript@5 tsc --project tests/js; \
	else echo "tsc was not run: it needs Node (npx)"; fi

bench: .venv/test.installed  ## how fast it is, a table, and .venv/benchmarks.json
	$(BIN)/python tests/browser/install.py
	$(BIN)/python -m benchmarks --json .venv/benchmarks.json

weights: .venv/app.installed  ## trains the shipped network again and compares
	$(BIN)/python -m cnnwidgets.training.record --check

tutorial: .venv/tutorial.installed  ## the tutorial as a PDF and as a page, in dist
	mkdir -p dist
	$(BIN)/cnnwidgets tutorial $(TUTORIAL) --html

dist: tutorial  ## what a release holds: the tutorial, the sdist and the wheel, in dist
	$(BIN)/python -m pip install --quiet build
	$(BIN)/python -m build --outdir dist

clean:
	rm -rf .venv dist

.venv/bin.ready:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "cnnwidgets needs Python 3.11 or newer, and $(PYTHON) is " + sys.version.split()[0] + "; choose another with: make PYTHON=python3.12")'
	$(PYTHON) -m venv .venv
	@touch $@

.venv/app.installed: pyproject.toml | .venv/bin.ready
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

.venv/lab.installed: pyproject.toml | .venv/bin.ready
	$(BIN)/python -m pip install --quiet --editable ".[lab]"
	@touch $@

.venv/tutorial.installed: pyproject.toml | .venv/bin.ready
	$(BIN)/python -m pip install --quiet --editable ".[tutorial]"
	@touch $@

.venv/test.installed: pyproject.toml | .venv/bin.ready
	$(BIN)/python -m pip install --quiet --editable ".[test]"
	@touch $@
