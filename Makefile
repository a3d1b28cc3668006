# Thin on purpose: what each target does stands in the file that it calls.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test lint bench lock pictures clean

demo: ## the whole story on this machine
	@$(PYTHON) action/bootstrap.py --lock demo --into .venv --editable
	@$(BIN)/alekseylearn demo

test: ## every check and every test
	@$(PYTHON) action/bootstrap.py --lock test --into .venv --editable
	@$(BIN)/python tests/check.py

lint: ## the quick checks
	@$(PYTHON) action/bootstrap.py --lock test --into .venv --editable
	@$(BIN)/python tests/check.py --quick

bench: ## what it costs, beside papermill, nbconvert and nbdime
	@$(PYTHON) action/bootstrap.py --lock bench --into .venv --editable
	@$(BIN)/python benchmarks/run.py

lock: ## make the lock files again
	@requirements/compile.sh

pictures: ## draw the README's pictures again (needs chromium)
	@$(PYTHON) action/bootstrap.py --lock test --into .venv --editable
	@$(BIN)/python docs/images/make.py

clean:
	@rm -rf .venv .coverage* .mypy_cache .pytest_cache .ruff_cache .hypothesis build dist
