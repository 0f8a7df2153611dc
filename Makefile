# Both commands set everything up: `make demo` shows the main job, `make test` runs the tests. `make check` is what CI runs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)

.DEFAULT_GOAL := help
.PHONY: help setup demo dev test check lint types laws contract drift proto docs bench soak soak-certs lock clean fuzz wheels image image-base test-image test-units

help: ## What there is to make
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | column -t -s '|'

$(VENV)/.ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, this is %s: make PYTHON=python3.12 ..." % sys.version.split()[0])'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

setup: $(VENV)/.ready ## Make .venv from requirements.lock

demo: setup ## Show the main job, on real input, in some seconds
	@kuacheng demo

dev: setup ## Both cities and the gateway, until Ctrl-C
	@kuacheng dev

# Some tests judge us by programs that nobody here wrote (tests/peers.py). Where one is missing everything else is run, and this is said;
# .ci/run installs them all.
test: setup ## Run the tests
	pytest -n auto --dist worksteal -q --leave-out-missing

# More than a hundred thousand hostile answers through every dialect; some hundreds of them are part of `make test`. Figures: docs/performance.md.
fuzz: setup ## Feed the dialects with hostile answers, for an hour
	KUACHENG_FUZZ=700 pytest -n auto -q --timeout=0 tests/adapters -k 'refusal or hostile'

check: lint types laws contract drift test ## Everything that must hold

lint: setup
	ruff check
	ruff format --check

types: setup
	mypy

laws: setup
	lint-imports
	kuacheng tables check

contract: setup
	buf lint
	buf breaking --against docs/contract/released.binpb

drift: setup
	python -m gateway.rpc.pb --check
	python -m gateway.development.pages --check
	python -m deploy.envoy --check
	GRPC_VERBOSITY=NONE python -m tests.certs.bad_certificates --check

proto: setup ## Make the generated code anew from proto/
	python -m gateway.rpc.pb
	python -m deploy.envoy

docs: setup ## Make the generated pages anew
	python -m gateway.development.pages
	GRPC_VERBOSITY=NONE python -m tests.certs.bad_certificates

bench: setup ## Compare the gateway with a bare pass-through, then each interface with it
	python -m bench
	python -m bench.families

soak: setup ## Idle connections and questions for ten minutes, then overload and peers who misbehave
	@python -m bench.soak

soak-certs: setup ## Change certificates under load for some minutes, and count what callers notice
	@python -m bench.rotating

# What runs, and what is told: docs/deploying.md. Each needs no more than Python, or the engine that it names.
wheels: ## Kuacheng and all that it runs on, as wheels in dist/wheels
	@rm -rf dist/wheels
	@PYTHON=$(PYTHON) deploy/wheels.sh dist/wheels '$(EXTRAS)'

ENGINE ?= $(firstword $(foreach each,podman buildah docker,$(if $(shell command -v $(each)),$(each))) podman)
IMAGE ?= kuacheng
image: ## A container image; BASE=..., ENGINE=podman, buildah or docker
	$(ENGINE) build --file deploy/container/Containerfile --tag $(IMAGE) $(if $(BASE),--build-arg BASE=$(BASE)) \
	  $(if $(EXTRAS),--build-arg 'EXTRAS=$(EXTRAS)') $(BUILD_FLAGS) .

image-base: ## An image to build on, of Debian's packages, where no registry is at hand
	ENGINE=$(ENGINE) deploy/container/base.sh $(BASE)

test-image: setup ## Build the image and run it under podman, as root, in some minutes
	pytest -q -s -p no:cacheprovider tests/deploy/try_image.py

test-units: setup ## Boot a Debian and run the units under its systemd, as root, in some minutes
	pytest -q -s -p no:cacheprovider tests/deploy/try_units.py

lock: setup ## Pin requirements.lock anew (needs uv)
	uv pip compile --quiet --generate-hashes --universal --python-version 3.11 --extra dev --no-header --no-annotate -o requirements.lock pyproject.toml

clean: ## Remove what was made
	rm -rf $(VENV) .kuacheng .pytest_cache .mypy_cache .ruff_cache
