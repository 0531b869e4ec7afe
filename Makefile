# `make up` runs a node, `make test` tests everything. Both set up what they need on a fresh machine.

BIN := .venv/bin

.PHONY: up demo test wide bench drill format lock clean

up: .venv/.installed
	@exec $(BIN)/sdmpweb up $(ARGS)

demo: .venv/.installed
	@exec $(BIN)/sdmpweb demo $(ARGS)

test: .venv/.installed-test
	@scripts/debian chromium redis-server postgresql fonts-inter gettext nginx-light caddy systemd
	@scripts/check $(ARGS)

# The tests between nodes, with nodes of the grown shape in several processes each, behind nginx.
wide: .venv/.installed-test
	@scripts/debian redis-server postgresql nginx-light
	@scripts/check tests/e2e --shape wide $(ARGS)

bench: .venv/.installed-test
	@scripts/debian redis-server postgresql
	@exec $(BIN)/python -m bench $(ARGS)

# Backs a node up while it runs, destroys it, restores it on another port, and looks what is lost.
drill: .venv/.installed-test
	@scripts/debian redis-server postgresql
	@exec $(BIN)/python -m bench.drill $(ARGS)

format: .venv/.installed-test
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

# Writes anew which versions are installed: the newest that pyproject.toml allows.
lock:
	@scripts/lock

clean:
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache *.egg-info

.venv/.installed: requirements.lock pyproject.toml scripts/install
	@scripts/install requirements.lock
	@touch $@

.venv/.installed-test: requirements-test.lock pyproject.toml scripts/install
	@scripts/install requirements-test.lock
	@touch $@ .venv/.installed
