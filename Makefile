# Two commands do everything on a fresh Debian machine: `make demo` and `make test`. The others are parts of them.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
PYTHON ?= python3
BIN := .venv/bin
STAMPS := .cache/stamps
DEMO_PACKAGES := espeak-ng
TEST_PACKAGES := $(DEMO_PACKAGES) nodejs mosquitto mosquitto-clients iproute2 iptables ffmpeg chromium alsa-utils libasound2-plugins python3-gi \
	gir1.2-gst-rtsp-server-1.0 gstreamer1.0-tools gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad \
	gstreamer1.0-plugins-ugly coturn
BENCH_PACKAGES := janus

.PHONY: demo test check format bench lock wheels clean

## Watch two demo cameras, or CAMERA=rtsp://… or CAMERA=/dev/video0, with a broker and the page on this machine.
demo: $(STAMPS)/demo-packages $(STAMPS)/python media/street.avi
	@$(BIN)/edge-agent demo $(if $(CAMERA),--camera '$(CAMERA)') $(DEMO_ARGS)

## Everything that must hold before a change lands: check, then the tests against real counterparts.
test: check $(STAMPS)/test-packages .cache/asyncapi.js wheels
	@NEED_ALL_PEERS=1 $(BIN)/pytest $(PYTEST_ARGS)

## What a person, pre-commit and CI run: lint, format, types, layers.
check: $(STAMPS)/python
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: $(STAMPS)/python
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

## Benchmarks; each prints ratios against something run beside it.
bench: $(STAMPS)/python $(STAMPS)/test-packages $(STAMPS)/bench-packages
	@for script in bench/*.py; do echo "== $$script"; $(BIN)/python $$script; done

## Every dependency must come as a wheel on the boxes: aarch64, Python 3.11 and 3.13.
wheels: $(STAMPS)/wheels
$(STAMPS)/wheels: requirements/device.txt deploy/check-wheels | $(STAMPS)/python
	@deploy/check-wheels $(BIN)/python requirements/device.txt
	@touch $@

## Resolve dependencies anew and lock them with hashes, for every platform at once and without index addresses.
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
	--custom-compile-command 'make lock'
lock:
	@[ -x $(BIN)/uv ] || { $(PYTHON) -m venv .venv && $(BIN)/pip install --quiet uv; }
	@$(LOCK) pyproject.toml --extra sight -o requirements/device.txt
	@$(LOCK) pyproject.toml --all-extras --group dev -c requirements/device.txt -o requirements/develop.txt
	@$(LOCK) --group build -c requirements/develop.txt -o requirements/build.txt

$(STAMPS)/python: requirements/develop.txt pyproject.toml
	@.ci/venv $(PYTHON) requirements/develop.txt
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/%-packages: Makefile
	@.ci/packages $($(shell echo $* | tr a-z A-Z)_PACKAGES)
	@mkdir -p $(STAMPS) && touch $@

.cache/asyncapi.js: .ci/asyncapi-parser
	@.ci/asyncapi-parser $@

# Debian's street clip; the demo draws one of its own where it cannot be had.
media/street.avi:
	@.ci/street-clip $@ || echo 'no street clip from Debian: the demo draws one'

clean:
	@rm -rf .venv .cache build dist media
