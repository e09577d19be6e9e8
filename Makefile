# rnnbench: `make` sets up and runs the default study, `make test` sets up and runs the tests.

PYTHON ?= python3
CORES ?= all
CONFIG ?=
TARGET ?= all
TORCH := torch==2.13.0
BIN := .venv/bin
READY := .venv/ready
TESTABLE := .venv/testable
SHOWN_all := report.html
TOLD_all := summary.txt
SHOWN_publish := published
SHOWN_publish_speed := published
NATIVE := $(wildcard src/rnnbench/training/native/*.cpp src/rnnbench/training/native/*.h)
unexport PYTHONPATH # it may point to another project, or to modules of another Python

# A .venv is unsound if it is incomplete, lacks its Python, or belongs to a folder that was copied or moved.
SOUND = $(BIN)/python -I -c 'import os, sys, pip, rnnbench; \
	sys.exit(not os.path.samefile("src/rnnbench/__init__.py", rnnbench.__file__))' 2>/dev/null
UNSOUND := $(shell $(SOUND) || echo anew)

.PHONY: report resume hardware peers test torture site lock help anew

report: $(READY) ## set up, run the study (another one: CONFIG=config/full.yaml) and write results/report.html
	@files="$(CONFIG)"; \
	$(BIN)/python -m rnnbench corpora config/config.yaml $$files; \
	case $$? in 0) ;; 3) files="$$files config/calibration.yaml";; *) exit 2;; esac; \
	folder=$$($(BIN)/python -c 'import sys; from rnnbench.base.paths import folder; \
	print(folder(sys.argv[1:]) / "results")' $$files); \
	echo "rnnbench: running the study into $$folder; press Ctrl-C at any time and rerun to resume"; \
	$(BIN)/python -m rnnbench launch $${files:+--configfile $$files} --cores $(CORES) $(TARGET) \
	&& cat $(TOLD_$(TARGET):%=$$folder/%) /dev/null \
	$(if $(filter hardware,$(TARGET)),,&& echo "rnnbench: open $$folder/$(SHOWN_$(TARGET))")

resume: report ## resume after a crash; same as `make`, which releases the lock of a dead run

torture: $(TESTABLE) ## run all fault-injection tests (hours) and write docs/promises.md
	@$(BIN)/python -m pytest tests/torture --campaign --counts docs/torture.json; \
	status=$$?; $(BIN)/python tests/torture/campaign.py && exit $$status

hardware: $(READY) ## time and publish this machine (minutes) and compare all published ones: results/hardware.html
	@$(MAKE) --no-print-directory report TARGET=publish_speed
	@$(MAKE) --no-print-directory report TARGET=hardware

sitting: $(READY) ## time everything once more (3 minutes, ideally hours later), then run make hardware
	@$(BIN)/python -m rnnbench sitting $(CONFIG)
	@$(MAKE) --no-print-directory hardware
	@echo 'rnnbench: an existing report shows the earlier timings until you update it: make$(if $(CONFIG), CONFIG="$(CONFIG)")'

peers: $(READY) ## time the training and writing of JAX and ONNX Runtime beside ours (about 13 minutes)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-peers.lock
	@$(MAKE) --no-print-directory report CONFIG=config/peers.yaml TARGET=speed

test: $(TESTABLE) ## set up and run all tests
	@echo "rnnbench: running the tests, about 15 minutes on 2 cores"
	@$(BIN)/python -m pytest --numprocesses logical --maxprocesses 4 \
	--dist loadfile --no-loadscope-reorder

site: $(TESTABLE) ## build the documents and the API reference as offline pages: build/site/index.html
	@$(BIN)/python -m mkdocs build --quiet --strict && echo "rnnbench: open build/site/index.html"

$(READY): requirements.lock pyproject.toml Makefile $(NATIVE) $(UNSOUND)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and \
	"rnnbench: expected Python 3.11 or later, found %s. To use another one: make PYTHON=python3.12" \
	% sys.version.split()[0])'
	@echo "rnnbench: setting up .venv from requirements.lock and $(TORCH); needed once, takes about 2 minutes"
	@$(SOUND) || { test ! -e .venv || echo "rnnbench: .venv is incomplete or belongs to another folder; rebuilding it"; \
	rm -rf .venv && $(PYTHON) -m venv .venv; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check $(TORCH)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@$(BIN)/python -m rnnbench native
	@touch $@

$(TESTABLE): requirements-test.lock $(READY)
	@echo "rnnbench: adding requirements-test.lock to .venv; needed once, for tests and documents"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes \
	-r requirements.lock -r requirements-test.lock
	@touch $@

# torch is pinned by version alone: its wheel differs between machines with and without CUDA, so no
# one hash fits it, and on CUDA machines it pins its own libraries.
UNLOCKED = torch triton $$(grep -oE '^(cuda|nvidia)-[a-z0-9-]+==' all.lock \
	| tr -d '=' | grep -v nvidia-ml-py)
COMPILE = uv pip compile pyproject.toml --universal --python-version 3.11 --quiet \
	--generate-hashes --no-annotate --no-header --constraint .torch.txt
EXTRAS = --extra test --extra peers
names = $$(grep -oE '^[a-z0-9][^=]*' $(1) | sort -u)
without = $$(printf -- '--no-emit-package %s ' $(1))

lock: ## for maintainers: re-pin the dependencies of pyproject.toml (needs uv)
	@echo "$(TORCH)" > .torch.txt
	@$(COMPILE) $(EXTRAS) --upgrade -o all.lock
	@cp all.lock run.lock && $(COMPILE) -o run.lock
	@cp all.lock requirements.lock && $(COMPILE) $(EXTRAS) -o requirements.lock \
	$(call without,$(UNLOCKED) $$(echo "$(call names,all.lock)" | grep -vxF "$(call names,run.lock)"))
	@cp all.lock requirements-test.lock && $(COMPILE) --extra test -o requirements-test.lock \
	$(call without,$(UNLOCKED) $(call names,requirements.lock))
	@cp all.lock requirements-peers.lock && $(COMPILE) --extra peers -o requirements-peers.lock \
	$(call without,$(UNLOCKED) $(call names,requirements.lock))
	@{ printf 'name: rnnbench\nchannels: [conda-forge]\ndependencies:\n  - python=3.11\n  - pip\n  - pip:\n'; \
	printf '      - $(TORCH)\n'; \
	sed -nE 's/^([a-z0-9_.-]+==[^ ]+)( ; .*[^ ])? \\$$/      - \1\2/p' requirements.lock; \
	} > environment.yml
	@rm .torch.txt all.lock run.lock

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-9s %s\n", $$1, $$2}' Makefile
