# Paradox ASR: everything a person types. `make` alone lists it.

.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
NODE := scripts/node

# What is given as NAME=value reaches the recipes' environment by itself: FILE, MODEL, PORT, DEVICE, …

.PHONY: help
help: ## this list
	@echo 'usage: make TARGET'
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: setup
setup: ## install ffmpeg and the packages, Node 24 among them, and build the page; quick when they are there
	@scripts/setup.sh

.PHONY: ready
ready:
	@scripts/setup.sh --quiet

.PHONY: demo
demo: ready ## start the service, transcribe real recordings, keep clip.wav and clip-pt.ogg; FILE=any.ogg MODEL=base PORT=8000
	@scripts/demo.sh

.PHONY: serve
serve: ready ## start the service; PORT=8000 and every other setting of docs/operations.md
	@exec bin/paradox serve

.PHONY: check
check: ready ## types, lint, directions of the imports
	@$(MAKE) --output-sync=target -j 2 check-types check-types-page check-lint

# The compiler checks the page and its tests by the settings of browsers, so there are three programs.
.PHONY: check-types check-types-page check-lint
check-types:
	@node_modules/.bin/tsc --noEmit
check-types-page:
	@node_modules/.bin/tsc --noEmit -p src/web && node_modules/.bin/tsc --noEmit -p test/page
check-lint:
	@node_modules/.bin/biome check --error-on-warnings . && $(NODE) scripts/check-imports.ts

.PHONY: test
test: check ## all tests on real weights; SUITES="unit contract sdk model reference page gpu chaos" chooses; SUITES=quick: 90 s
	@case " $(or $(SUITES),all) " in *" all "* | *" page "* | *" gpu "*) scripts/install-browser.sh ;; esac
	@[ "$(SUITES)" = quick ] || scripts/fetch-test-data.sh
	@$(NODE) scripts/run-tests.ts $(SUITES)

.PHONY: chaos
chaos: ready ## ten minutes of load while processes are killed and stopped, disks fill up, files run out; CHAOS_SECONDS=600 CHAOS_SEED=…
	@scripts/fetch-test-data.sh
	@CHAOS_SECONDS=$(or $(CHAOS_SECONDS),600) $(NODE) --test test/chaos/chaos.test.ts

.PHONY: soak
soak: ready ## an hour of twenty clients on two models: does memory stay? SOAK_MINUTES=60
	@scripts/fetch-test-data.sh
	@SOAK_MINUTES=$(or $(SOAK_MINUTES),60) $(NODE) --test test/sdk/soak.test.ts

.PHONY: soak-gpu
soak-gpu: ready ## 500 transcriptions and 50 swaps on software Vulkan: does all memory come back? takes an hour
	@GPU_SOAK=500,50 $(NODE) --test test/gpu/soak.test.ts

.PHONY: bench
bench: ready ## load time, first and second request, time per token, memory
	@$(NODE) bench/run.ts

.PHONY: bench-real
bench-real: ready ## both named models in full size, from a local hub: download, compile, load, transcribe; seconds, memory, disk
	@$(NODE) bench/real.ts $(ARGS)

.PHONY: bench-wer
bench-wer: ready ## word error rates over ../shared/speech, ours and faster-whisper's; ARGS='--set beam5 --only lang=pt'
	@$(NODE) bench/wer.ts $(ARGS)

.PHONY: bench-overhead
bench-overhead: ready ## of a short request, what is not the model: HTTP, IPC, audio, speech detection
	@$(NODE) bench/overhead.ts

.PHONY: bench-http
bench-http: ready ## requests a second of /health, and what HTTP adds to a short recording
	@$(NODE) bench/http.ts $(ARGS)

.PHONY: bench-load
bench-load: ready ## eight callers against one; a short recording beside a long one; needs ../shared/speech
	@$(NODE) bench/load.ts

.PHONY: bench-peers
bench-peers: ready ## time, memory and errors beside OpenVINO, faster-whisper, whisper.cpp, transformers; ARGS='--limit 8'
	@$(NODE) bench/peers.ts $(ARGS)

.PHONY: rehearse
rehearse: ready ## run the Dockerfile's steps in a chroot and check /health there; needs root and debootstrap
	@$(NODE) scripts/rehearse-container.ts

.PHONY: clean
clean: ## remove what setup, the demo and the tests made here; caches elsewhere stay
	@rm -rf node_modules dist coverage test-artefacts bench/results
	@for clip in clip.wav clip-pt.ogg; do [ ! -h $$clip ] || rm $$clip; done

.PHONY: audit
audit: ready ## known vulnerabilities of the packages in the lock file; fails for high ones, where the registry answers
	@$(NODE) scripts/audit.ts

.PHONY: sbom
sbom: ## write dist/sbom.cdx.json: what the service is made of, as CycloneDX
	@mkdir -p dist && npm sbom --package-lock-only --omit=dev --sbom-format=cyclonedx >dist/sbom.cdx.json && echo dist/sbom.cdx.json
