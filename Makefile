# Thin on purpose: what each target does stands in the file that it calls.
PYTHON ?= python3
BIN := .venv/bin
SETUP := $(PYTHON) action/bootstrap.py --into .venv --editable

.PHONY: demo test lint bench extraction test-engines check-sagemaker-sdk mutants fuzz corpus lock release pictures clean

demo: ## the whole story on this machine
	@$(SETUP) --lock demo >/dev/null
	@$(BIN)/alekseylearn demo

test: ## every check and every test
	@$(SETUP) --lock test >/dev/null
	@$(BIN)/python tests/check.py

lint: ## the quick checks
	@$(SETUP) --lock test >/dev/null
	@$(BIN)/python tests/check.py --quick

bench: ## what it costs, beside papermill, nbconvert and nbdime
	@$(SETUP) --lock bench >/dev/null
	@$(BIN)/python benchmarks/run.py

extraction: ## slices run and compared with whole notebooks; edits retrained (hours the first time)
	@$(SETUP) --lock test >/dev/null
	@$(BIN)/python -m benchmarks.extraction environments
	@$(BIN)/python -m benchmarks.extraction oracle
	@$(BIN)/python -m benchmarks.extraction edits

test-engines: ## the docker backend on other engines: newer and rootless Docker, old and new Podman (root; mmdebstrap)
	@$(SETUP) --lock test >/dev/null
	@$(BIN)/python -m tests.rig.docker.chroots

check-sagemaker-sdk: ## the stand-in for SageMaker and our boot beside AWS's own SDK and toolkit (root; some 900 MB)
	@$(SETUP) --lock test >/dev/null
	@$(BIN)/python -m tests.rig.sagemaker.sdk

mutants: ## break the modules that decide, one place at a time: does a test notice?
	@$(SETUP) --lock test >/dev/null
	@$(BIN)/python tests/mutants.py

corpus: ## every surface over a corpus of hostile inputs, which ALEKSEYLEARN_CORPUS names (its folder)
	@$(SETUP) --lock test >/dev/null
	@$(BIN)/python -m tests.corpus $(SEEDS)

lock: ## make the lock files again
	@requirements/compile.sh

fuzz: ## hostile bytes for all that reads from outside, FUZZ_SECONDS (600) for each
	@$(SETUP) --lock fuzz >/dev/null
	@$(BIN)/python -m fuzz $(FUZZ)

release: ## wheel and sdist, built twice and compared, and the list of what they need, into dist/
	@rm -rf dist
	@$(PYTHON) action/bootstrap.py --into build/release --editable --lock release >/dev/null
	@build/release/bin/python requirements/release.py dist

pictures: ## draw the README's pictures again (needs chromium)
	@$(SETUP) --lock test >/dev/null
	@$(BIN)/python docs/images/make.py

clean:
	@rm -rf .venv .coverage* .mypy_cache .pytest_cache .ruff_cache .hypothesis build dist
