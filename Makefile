# `make demo` and `make test` are each enough on a fresh machine with Python 3.10 to 3.13, a C++
# compiler and make: they create the virtual environment, install into it and run.
#
#   make PYTHON=python3.12 demo       another Python for a new virtual environment
#   make VENV=/somewhere/else test    another place for it
#   make CMAKE_ARGS=... install       your own build of llama.cpp, see README.md

PYTHON ?= python3
VENV ?= .venv

# Your own CMAKE_ARGS replace these, which leave out what this project does not use and cut the
# compile time to a third.
export CMAKE_ARGS ?= -DLLAVA_BUILD=OFF "-DCMAKE_PROJECT_INCLUDE=$(CURDIR)/install/llama_library_only.cmake"

ifeq ($(OS),Windows_NT)
BIN := $(VENV)/Scripts
else
BIN := $(VENV)/bin
endif
RUN := $(BIN)/python
INSTALLED := $(VENV)/.sc2-installed

.PHONY: help demo test test-slow check lint format install clean
.PHONY: e2e e2e-neovim e2e-vscode e2e-helix lint-neovim e2e-quantize e2e-gateway lint-deploy e2e-remote e2e-vllm
.DEFAULT_GOAL := help

help:
	@echo 'make demo     complete real code with the bundled model, as an editor would'
	@echo 'make test     run the tests'
	@echo 'make test-slow  run those that take long, end to end'
	@echo 'make check    formatting, lint, types, layers and tests'
	@echo 'make lint     the same without the tests'
	@echo 'make format   rewrite the code in the project'"'"'s format'
	@echo 'make e2e      fetch the editors into your cache folder and test the clients in them'
	@echo 'make e2e-neovim  the same with Neovim alone; make lint-neovim checks the plugin'"'"'s Lua'
	@echo 'make e2e-helix   with Helix, an editor without inline completion'
	@echo 'make e2e-quantize  build llama.cpp'"'"'s own tools and compare sc2-quantize with them'
	@echo 'make e2e-gateway  fetch nginx and llama-server into your cache folder and test the gateway of deploy/'
	@echo 'make lint-deploy  what nginx, Compose, Kustomize, Prometheus and systemd say of the files of deploy/'
	@echo 'make e2e-vscode  with VS Code in a browser'
	@echo 'make e2e-remote  fetch servers, build llama-server, and compare what they write with the local engine'
	@echo 'make e2e-vllm  the same with a vLLM of yours, SC2_VLLM=/path/to/vllm'
	@echo 'make install  only create $(VENV) and install into it'
	@echo 'make clean    remove $(VENV) and caches'

demo: $(INSTALLED)
	@$(BIN)/sc2-lsp demo

test: $(INSTALLED)
	@$(RUN) -m pytest

test-slow: $(INSTALLED)
	@$(RUN) -m pytest -m "slow and not editor and not reference and not gateway and not alone and not vllm"

# All editors one after the other, also where one fails; the last result is committed.
e2e: $(INSTALLED)
	@reports=$$(mktemp -d) && status=0 && for editor in neovim helix vscode; do \
		$(MAKE) --no-print-directory e2e-$$editor REPORT="--junitxml=$$reports/$$editor.xml" \
			|| status=1; \
	done; $(RUN) -m tests.clients.report "$$reports" benchmarks/results/e2e.md || status=1; \
	rm -rf "$$reports"; exit $$status

# NVIM names another Neovim than the one that is fetched.
e2e-neovim: $(INSTALLED) lint-neovim
	@rig=$$(tests/clients/rigs/neovim.sh) && export PATH="$$rig:$$PATH" && \
		$(RUN) -m pytest -m editor --verbose --no-header $(REPORT) tests/clients/neovim

lint-neovim:
	@rig=$$(tests/clients/rigs/neovim.sh) && export PATH="$$rig:$$PATH" && \
		(cd clients/neovim && luacheck --quiet .)
	@tests/clients/rigs/stylua.sh

# HX names another Helix.
e2e-helix: $(INSTALLED)
	@rig=$$(tests/clients/rigs/helix.sh) && export PATH="$$rig:$$PATH" && \
		$(RUN) -m pytest -m editor --verbose --no-header $(REPORT) tests/clients/helix

e2e-vscode: $(INSTALLED)
	tests/clients/rigs/install_vscode.sh
	cd clients/vscode && npm ci --ignore-scripts --no-audit --no-fund && npm run lint && npm test && npm run package
	$(RUN) -m pytest -m editor --verbose --no-header $(REPORT) tests/clients/vscode

# SC2_LLAMA_TOOLS names a folder of tools that are built already, SC2_TRANSFORMERS one as
# tests/quantize/rigs/transformers.sh makes it.
e2e-quantize: $(INSTALLED)
	@tools=$$(tests/quantize/rigs/llama_tools.sh $(RUN)) && export SC2_LLAMA_TOOLS="$$tools" && \
		rig=$$(tests/quantize/rigs/transformers.sh $(RUN)) && export SC2_TRANSFORMERS="$$rig" && \
		$(RUN) -m pytest -m reference --verbose --no-header tests/quantize

e2e-gateway: $(INSTALLED)
	@rig=$$(tests/deploy/rigs/gateway.sh) && SC2_GATEWAY_RIG="$$rig" \
		$(RUN) -m pytest -m gateway --verbose --no-header tests/deploy

lint-deploy: $(INSTALLED)
	@rig=$$(tests/deploy/rigs/gateway.sh) && SC2_GATEWAY_RIG="$$rig" \
		$(RUN) -m pytest -m gateway --verbose --no-header tests/deploy/test_lint.py

e2e-remote: $(INSTALLED)
	@tools=$$(tests/quantize/rigs/llama_tools.sh $(RUN)) && export SC2_LLAMA_TOOLS="$$tools" && \
		server=$$(tests/engine/rigs/llama_cpp_python.sh $(RUN)) && \
		export SC2_LLAMA_CPP_PYTHON="$$server" && \
		$(RUN) -m pytest -m reference --verbose --no-header tests/engine

# There is no vLLM for every machine: SC2_VLLM names the program of one that runs on this one.
e2e-vllm: $(INSTALLED)
	@test -n "$$SC2_VLLM" || { echo "Name your vLLM: SC2_VLLM=/path/to/vllm make e2e-vllm" >&2; exit 1; }
	@$(RUN) -m pytest -m vllm --verbose --no-header tests/engine

check: lint test test-slow

lint: $(INSTALLED)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(INSTALLED)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

install: $(INSTALLED)

# The stamp lies inside the environment: whoever removes the one removes the other.
$(INSTALLED): pyproject.toml
	@command -v $(PYTHON) >/dev/null 2>&1 || { echo "sc2-lsp: '$(PYTHON)' was not found; name your Python 3.10 to 3.13, for example 'make PYTHON=python3.12 demo'." >&2; exit 1; }
	@$(PYTHON) install/preflight.py $(VENV)
	@test -e $(RUN) -o -e $(RUN).exe || $(PYTHON) -m venv $(VENV)
	@$(RUN) -c 'import llama_cpp' 2>/dev/null || echo 'Installing into $(VENV); llama.cpp is compiled once, which takes some minutes.'
	@$(RUN) -m pip install --quiet --disable-pip-version-check 'pip>=25.1'
	@$(RUN) -m pip install --quiet --disable-pip-version-check --editable . --group dev
	@touch $@

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
