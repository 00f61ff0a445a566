# One door to everything. `make book` and `make test` need git, make and Python >= 3.11; what they
# install goes into .venv and nowhere else. Written for GNU make 3.81 (macOS) and later.

.PHONY: help book serve notebooks check test reproduce bench bench-peers lint lock zip pdf clean
.DEFAULT_GOAL := help
SHELL := /bin/bash
export OMP_NUM_THREADS := 1
# With "no", the pages have no Python of their own, and nothing is fetched for it.
export PYTHON_IN_PAGE ?= yes

NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for p in python3.14 python3.13 python3.12 python3.11 python3 python; do \
  $$p -c '$(NEW_ENOUGH)' 2>/dev/null && { echo $$p; break; }; done)
BIN := .venv/bin
INSTALLED := .venv/.installed
HTML := _build/html
BUILT := _build/.built
PORT ?= 8000

help:
	@echo 'make book        build the HTML book into $(HTML)'
	@echo 'make serve       build it and serve it on localhost (PORT=8000)'
	@echo 'make notebooks   run the chapters anew; NB=chapters/23-building-a-cnn for one of them'
	@echo 'make check       what an author runs often, under a minute: style, library, rules of the notebooks'
	@echo 'make test        every check: also the chapters, the strict build, the pages, JupyterLab'
	@echo 'make reproduce   run the chapters under every BLAS kernel, 1 and 2 threads, old and new NumPy'
	@echo 'make lint        only style, spelling and the formats of files'
	@echo 'make bench       speed of tinycnn_lib beside textbook loops and a plain im2col'
	@echo 'make bench-peers beside PyTorch and JAX, too; writes benchmarks/results.md'
	@echo 'make zip         the offline book as one archive'
	@echo 'make pdf         the book on paper: one PDF, printed with Chromium and checked'
	@echo 'make lock        write requirements.txt anew from pyproject.toml'
	@echo 'make clean       remove what was built; .venv stays'

# --- the environment -------------------------------------------------------------------------
$(INSTALLED): requirements.txt pyproject.toml
	@if [ -z "$(PYTHON)" ]; then \
	  echo 'No Python 3.11 or newer was found. Install one, or name it: make PYTHON=/path/to/python3' >&2; exit 1; fi
	@if [ -x $(BIN)/python ] && ! $(BIN)/python -c '$(NEW_ENOUGH)'; then \
	  echo 'The Python in .venv is older than 3.11: .venv is made anew.' >&2; rm -rf .venv; fi
	@if [ ! -x $(BIN)/python ] && ! $(PYTHON) -c 'import ensurepip, venv' 2>/dev/null; then \
	  echo '$(PYTHON) cannot make virtual environments. On Debian or Ubuntu: sudo apt install python3-venv' >&2; exit 1; fi
	[ -x $(BIN)/python ] || { rm -rf .venv; $(PYTHON) -m venv .venv; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

# --- the chapters ----------------------------------------------------------------------------
notebooks: $(INSTALLED)
	$(BIN)/python book/notebooks.py $(if $(NB),$(addsuffix .md,$(basename $(NB))))

# --- the book --------------------------------------------------------------------------------
# A build is always a whole one (some seconds), strict, and made anew only if something changed:
# a file, the address of the repository, or what the pages are to have. A build that fails leaves the
# book that was there. With PYTHONWARNINGS=error, Jupyter Book does not start.
SOURCES := $(shell find _config.yml _toc.yml index.md references.bib chapters appendix book tinycnn_lib \
  -name '.*' -prune -o -name __pycache__ -prune -o -path book -o -print)
ADDRESS := $(PYTHON_IN_PAGE) $(GITHUB_SERVER_URL) $(GITHUB_REPOSITORY) $(BOOK_URL) $(JUPYTERHUB_URL) $(shell git remote get-url origin 2>/dev/null)

book: $(BUILT)
	@echo 'The book: $(CURDIR)/$(HTML)/index.html'

$(BUILT): $(INSTALLED) $(SOURCES) _build/.address
	@rm -rf $(HTML).before; [ ! -d $(HTML) ] || mv $(HTML) $(HTML).before
	env -u PYTHONWARNINGS $(BIN)/jupyter-book build . -q -W -n --keep-going --all || { \
	  [ ! -d $(HTML).before ] || { rm -rf $(HTML); mv $(HTML).before $(HTML); }; exit 1; }
	@rm -rf $(HTML).before
	@touch $@

# Changes only if the address does.
.PHONY: address
_build/.address: address
	@mkdir -p _build
	@echo '$(ADDRESS)' | cmp -s - $@ || echo '$(ADDRESS)' > $@

serve: book
	@$(BIN)/python -c 'import socket; socket.create_server(("127.0.0.1", $(PORT)))' 2>/dev/null || { \
	  echo "Port $(PORT) is taken. Take another: make serve PORT=$$(($(PORT) + 1))" >&2; exit 1; }
	@echo 'Serving on http://localhost:$(PORT)/ (Ctrl-C ends it)'
	@$(BIN)/python -m http.server $(PORT) --bind 127.0.0.1 --directory $(HTML)

# Everything lies in one folder of the archive, with Python as the one kind of file that a page
# opened from a folder may load: a script.
NAME := a-cnn-number-by-number
ZIP := _build/$(NAME).zip
zip: book
	rm -rf _build/$(NAME)
	mkdir _build/$(NAME) && cp -R $(HTML)/. _build/$(NAME)
	[ ! -d _build/$(NAME)/_static/python ] || $(BIN)/python book/python/runtime.py _build/$(NAME)/_static/python
	cd _build && ../$(BIN)/python -m zipfile -c $(NAME).zip $(NAME)
	@rm -r _build/$(NAME)
	@echo 'The offline book: $(CURDIR)/$(ZIP). Unpack it and open index.html.'

PDF := _build/$(NAME).pdf
pdf: book
	$(BIN)/python book/pdf.py $(HTML) $(PDF)
	BOOK_PDF=$(PDF) $(BIN)/python -m pytest tests/site/test_pdf.py -q

clean:
	rm -rf _build .pytest_cache .ruff_cache .coverage
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +

lock: $(INSTALLED)
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --extra figures --extra book --extra test pyproject.toml \
	  --output-file requirements.txt --no-emit-index-url --custom-compile-command 'make lock'

# --- the checks ------------------------------------------------------------------------------
NBVAL := --nbval --nbval-current-env --nbval-cell-timeout 60

# A browser waits as often as it works, so there are more workers than cores.
WORKERS = $(shell $(BIN)/python -c 'import os; print(max(2, os.cpu_count() * 3 // 2))')
PYTEST = $(BIN)/python -m pytest -q -n $(WORKERS) --dist loadscope --no-loadscope-reorder
# What takes longest begins first, so that no worker is left with it at the end.
EVERYTHING := tests/lab tests/site tests/explorers tests/notebooks chapters tests/exercises \
  $(wildcard tests/test_*.py)

# One run reports all: red lint does not hide the tests behind it.
test: book
	@lint=0; $(MAKE) --no-print-directory lint || lint=1; \
	$(PYTEST) $(EVERYTHING) $(NBVAL) --cov=tinycnn_lib --cov-report=term && exit $$lint

# No browser, no build, no chapter is run.
check: lint
	$(PYTEST) tests/exercises tests/notebooks $(wildcard tests/test_*.py) \
	  --ignore=tests/notebooks/test_reproducible.py

reproduce: $(INSTALLED)
	$(BIN)/python tests/reproduce.py

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/codespell
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.citation-file-format CITATION.cff
	$(BIN)/zizmor --quiet --offline --persona=pedantic .github/workflows

bench: $(INSTALLED)
	$(BIN)/python benchmarks/speed.py

bench-peers: $(INSTALLED)
	@$(BIN)/python -c 'import jax, torch' 2>/dev/null || { \
	  echo "make bench-peers needs PyTorch and JAX: .venv/bin/python -m pip install -e '.[peers]'" >&2; exit 1; }
	$(BIN)/python benchmarks/speed.py --peers --write benchmarks/results.md
