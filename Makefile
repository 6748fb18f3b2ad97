# The verbs. Each sets up what it needs: .venv is made from the hashed lock, by uv where present, else by venv and pip.
# Plain POSIX recipes, so that the make of any Linux or macOS runs them.

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
FUZZER := $(VENV)/.fuzzer
PYTHON ?=
FILES ?=
ARGS ?=
SECONDS ?= 60
TARGET ?=
INPUT ?=
TAG ?=
NAMESPACES ?=
NAME_OF_PROJECT := $(shell sed -n '/^name = /{ s/^name = "\([^"]*\)".*/\1/p; q; }' pyproject.toml)
VERSION = $(shell sed -n 's/^version = "\([^"]*\)".*/\1/p' pyproject.toml)
IMG ?= $(NAME_OF_PROJECT):$(VERSION)

.DEFAULT_GOAL := help
.PHONY: help demo test coverage bench fuzz lint format generate manifests rename signer signer-default run render \
	install.yaml chart namespaced install uninstall deploy undeploy release-check lock clean

help: ## Show this help
	@awk 'BEGIN { FS = ":.*## " } /^[a-z0-9.-]+:.*## / { printf "  make %-20s %s\n", $$1, $$2 }' Makefile

demo: $(READY) ## See it sign, no cluster needed: the samples, or FILES="my.yaml other.yaml"; flags with ARGS="--allow-http"
	@$(BIN)/$(NAME_OF_PROJECT) demo $(ARGS) $(FILES)

test: $(READY) ## Run all tests; narrow with ARGS="tests/unit/domain -k queue", insist on a cluster with REQUIRE_CLUSTER=1
	@$(BIN)/python -m pytest $(ARGS)

coverage: $(READY) ## Run tests/unit and tests/contracts, and show which lines and branches they miss; fails where it is too many
	@mkdir -p build
	@$(BIN)/coverage run -m pytest tests/unit tests/contracts $(ARGS)
	@$(BIN)/coverage report

bench: $(READY) ## Measure the manager beside an issuer on issuer-lib, in turns; all of it with ARGS="--full"
	@$(BIN)/python -m tests.tools.bench $(ARGS)

fuzz: $(FUZZER) ## Look for hostile input that breaks a parser, SECONDS=60; TARGET=csr picks one; finds go into tests/tools/fuzz/corpus
	@$(BIN)/python -m tests.tools.fuzz --seconds "$(SECONDS)" $(if $(TARGET),--target "$(TARGET)") $(if $(INPUT),--input "$(INPUT)")

lint: $(READY) ## Check format, lint, types, the architecture, what is generated, shell scripts and what workflows may do
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m tests.tools.generate --check
	$(BIN)/python -m tests.tools.manifests --check
	$(BIN)/shellcheck .ci/run
	$(BIN)/zizmor --offline --quiet --no-progress --persona pedantic .github

format: $(READY) ## Rewrite the code as `make lint` wants it
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

generate: $(READY) ## Write the READMEs' tables of flags, metrics, conditions and signers from the code
	@$(BIN)/python -m tests.tools.generate

manifests: $(READY) ## Write the manifests of deploy/ that contain the issuer's names, from deploy/templates and the code
	@$(BIN)/python -m tests.tools.manifests
	@git config merge.generated.driver true || true # .gitattributes says what for

signer: $(READY) ## Begin a signer of your own, NAME=acme: its folder, suite, README section and line in entrypoints/issuer.py
	@$(BIN)/python -m tests.tools.signer

signer-default: $(READY) ## Make NAME=acme the signer of issuers that choose none
	@$(BIN)/python -m tests.tools.signer default

signer signer-default: export SIGNER_NAME = $(value NAME)

.PHONY: docker-build kind-cluster kind-load deploy-cert-manager e2e
docker-build: $(READY) ## Build the image IMG; BUILD_IMAGE and BASE_IMAGE replace its base images, DOCKER_BUILD_FLAGS are passed on
	@$(NEEDS_DOCKER)
	docker build $(DOCKER_BUILD_FLAGS) --file=deploy/Dockerfile --tag="$(IMG)" --build-arg=BUILD_IMAGE --build-arg=BASE_IMAGE \
		--build-arg=SOURCE --build-arg=VERSION="$(VERSION)" --build-arg=REVISION="$(REVISION)" .
	@$(BIN)/python -m tests.k3s.image "$(IMG)"

kind-cluster: ## Make the kind cluster KIND_CLUSTER, unless it is there, and make it kubectl's current one
	@$(NEEDS_DOCKER); $(NEEDS_KIND)
	@if kind get clusters 2>/dev/null | grep -qx "$(KIND_CLUSTER)"; then \
		kind export kubeconfig --name "$(KIND_CLUSTER)"; \
	else \
		kind create cluster --name "$(KIND_CLUSTER)" --wait 2m; \
	fi

kind-load: ## Put the image IMG into the kind cluster KIND_CLUSTER
	@$(NEEDS_DOCKER); $(NEEDS_KIND)
	kind load docker-image "$(IMG)" --name "$(KIND_CLUSTER)"

deploy-cert-manager: ## Install cert-manager CERT_MANAGER_VERSION into the current cluster, and wait until it answers
	@$(NEEDS_KUBECTL)
	kubectl apply --server-side -f "$(CERT_MANAGER)/releases/download/$(CERT_MANAGER_VERSION)/cert-manager.yaml"
	kubectl wait --for=condition=Available --timeout=5m --namespace=cert-manager deployment --all
	@for attempt in 1 2 3 4 5 6 7 8 9 10 11 12; do \
		kubectl apply --dry-run=server -f deploy/samples/certificate-by-issuer.yaml >/dev/null && exit 0; \
		echo "cert-manager's webhook does not answer yet ..."; sleep 5; \
	done; echo "cert-manager's webhook did not answer within a minute" >&2; exit 1

e2e: ## Apply deploy/samples to the current cluster, want each Ready within 5 s, as the Go sample does, and delete them
	@$(NEEDS_KUBECTL)
	@kubectl apply -k deploy/samples
	@samples=$$(kubectl get -k deploy/samples --output=name | grep -E '$(READY_SAMPLES)') && \
		status=0; for each in $$samples; do \
		kubectl wait --for=condition=Ready --timeout=5s --namespace=default "$$each" || status=1; done; \
		secrets=$$(kubectl get -k deploy/samples --output='jsonpath={.items[*].spec.secretName}') && \
		kubectl delete --ignore-not-found -k deploy/samples && \
		kubectl delete --ignore-not-found --namespace=default secret $$secrets && \
		[ $$status = 0 ] && echo "2 issuers, 2 certificates: each was Ready within 5 s."

# Of issuers and Certificates, as kubectl prints them: kind.group/name.
READY_SAMPLES = ^([a-z0-9]*issuer|certificate)[.]

KIND_CLUSTER ?= $(NAME_OF_PROJECT)
CERT_MANAGER = https://github.com/cert-manager/cert-manager
CERT_MANAGER_VERSION ?= $(shell sed -n 's,.*github.com/cert-manager/cert-manager ,,p' tests/support/cluster/controlplane/go.mod)
REVISION = $(shell git describe --always --abbrev=40 --exclude='*' --dirty 2>/dev/null)

NEEDS_DOCKER = $(call NEEDS,docker,Docker: https://docs.docker.com/engine/install)
NEEDS_KIND = $(call NEEDS,kind,kind: https://kind.sigs.k8s.io/docs/user/quick-start/#installation)

# Each value is handed over as it is, for the tool to judge: make expands nothing in it, and no shell reads it.
unexport NAME GROUP KIND
rename: export RENAME_NAME = $(value NAME)
rename: export RENAME_GROUP = $(value GROUP)
rename: export RENAME_KIND = $(value KIND)
rename: $(READY) ## Give a fresh clone its own names: NAME=my-issuer GROUP=issuer.acme.example.org KIND=AcmeIssuer
	@$(BIN)/python -m tests.tools.rename

run: $(READY) ## Run the manager here, against the current kubeconfig; flags with ARGS="--log-level debug"
	@$(BIN)/$(NAME_OF_PROJECT) manager $(ARGS)

# Outside a pod nothing else says where the Secrets of cluster issuers are: as deploy/ has it, or as you say.
run: export ISSUER_CLUSTER_RESOURCE_NAMESPACE ?= $(NAME_OF_PROJECT)-system

render: ## Print all that an installation applies: deploy/default with the image IMG
	@$(call RENDER,deploy/default) && printf '%s\n' "$$rendered"

install.yaml: ## Write the same into one file for `kubectl apply -f`, with IMG=registry.example.com/name:tag
	@$(call RENDER,deploy/default) && printf '%s\n' "$$rendered" > $@ && echo "Wrote $@, with the image $$IMG"

chart: ## Pack the Helm chart into dist/, with the image IMG unless a value names another one; SOURCE is your repository's URL
	@$(call NEEDS,helm,Helm: https://helm.sh/docs/intro/install)
	@$(NEEDS_IMG)
	@rm -rf build/chart && mkdir -p build && cp -RL deploy/chart build/chart && \
		image=$${IMG%@*} digest=$${IMG#"$${IMG%@*}"} && name=$${image##*/} && tag=$${name#"$${name%%:*}"} && \
		sed -e "s|^  repository: .*|  repository: $${image%"$$tag"}|" -e "s|^  tag: .*|  tag: \"$${tag#:}\"|" \
			-e "s|^  digest: .*|  digest: \"$${digest#@}\"|" deploy/chart/values.yaml > build/chart/values.yaml && \
		printf '  artifacthub.io/images: |\n    - name: manager\n      image: %s\n' "$$IMG" >> build/chart/Chart.yaml && \
		printf '%s' "$${SOURCE:+sources: [$$SOURCE]}" >> build/chart/Chart.yaml
	@helm package build/chart --destination dist

# The namespaces are named once; the flag and a Role for each are printed from that.
namespaced: ## Print an installation that works in NAMESPACES=team-a,team-b alone (deploy/namespaced)
	@test -n "$(NAMESPACES)" || { echo "make namespaced needs NAMESPACES=team-a,team-b" >&2; exit 1; }
	@$(call RENDER,deploy/namespaced) && role=$$(kubectl kustomize deploy/namespaced/role) && \
	printf '%s\n' "$$rendered" | sed 's/--namespaces=.*/--namespaces=$(NAMESPACES)/' && \
	for namespace in $$(echo "$(NAMESPACES)" | tr , ' '); do \
		printf '%s\n' --- "$$role" | awk -v "name=$$namespace" '{ print } /^metadata:$$/ { print "  namespace: " name }'; \
	done

install: ## Install the CRDs into the current cluster
	@$(NEEDS_KUBECTL)
	kubectl apply --server-side -k deploy/crd

uninstall: ## Remove the CRDs from the current cluster, and with them every issuer
	@$(NEEDS_KUBECTL)
	kubectl delete --ignore-not-found -k deploy/crd

deploy: ## Install or upgrade everything in the current cluster, with the image IMG
	@$(call RENDER,deploy/default) && printf '%s\n' "$$rendered" | kubectl apply --server-side -f -

undeploy: ## Remove what deploy made; keeps the CRDs with all issuers (see uninstall) and the namespace with its Secrets
	@$(NEEDS_KUBECTL)
	kubectl delete --ignore-not-found -k deploy/default --selector 'external-issuer/undeploy!=keep'

NEEDS = command -v $(1) >/dev/null || { echo "make $@ needs $(2)" >&2; exit 1; }
NEEDS_KUBECTL = $(call NEEDS,kubectl,kubectl: https://kubernetes.io/docs/tasks/tools)
NEEDS_IMG = printf '%s' "$$IMG" | grep -Eqx '$(IMAGE)' || \
	{ echo "IMG=$$IMG is no image with a tag or digest, such as registry.example.com/name:tag" >&2; exit 1; }
IMAGE := ([A-Za-z0-9._-]+(:[0-9]+)?/)*[a-z0-9._-]+(:[A-Za-z0-9._-]+(@sha256:[0-9a-f]{64})?|@sha256:[0-9a-f]{64})
export IMG

# Sets $rendered to a kustomization of deploy/, with the image in the place that deploy/manager keeps for it.
RENDER = $(NEEDS_KUBECTL); $(NEEDS_IMG); rendered=$$(kubectl kustomize $(1)) && \
	rendered=$$(printf '%s\n' "$$rendered" | sed "s|image: controller:latest|image: $$IMG|")

release-check: $(READY) ## Print the notes of TAG=v1.2.3, or why pyproject.toml and CHANGELOG.md refuse that release
	@$(BIN)/python -m tests.tools.release "$(TAG)"

lock: ## Renew the locks from pyproject.toml (needs uv); ARGS="--upgrade" takes newer versions
	@command -v uv >/dev/null || { echo "make lock needs uv: pip install uv" >&2; exit 1; }
	@echo "Resolving requirements.lock in deploy, tests, tests/tools/fuzz and tests/tools/audit ..."
	@$(COMPILE) pyproject.toml -o deploy/requirements.lock >/dev/null
	@$(COMPILE) pyproject.toml --group dev -c deploy/requirements.lock -o tests/requirements.lock >/dev/null
	@$(COMPILE) --group fuzz -o tests/tools/fuzz/requirements.lock >/dev/null
	@$(COMPILE) --group audit -o tests/tools/audit/requirements.lock >/dev/null
	@for lock in deploy tests tests/tools/fuzz tests/tools/audit; do \
		sed 's/$(NAME_OF_PROJECT) (\(pyproject.toml[:a-z]*\))/\1/' $$lock/requirements.lock > $$lock/requirements.lock.new && \
		mv $$lock/requirements.lock.new $$lock/requirements.lock; \
	done # without the name of the project, so that a clone with another name can merge them

# Resolved for the oldest Python and for every platform; names no index, so that everybody's own mirror serves.
COMPILE = uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--custom-compile-command "make lock" $(ARGS)

clean: ## Remove .venv, those for other Pythons (.venv-*) and the caches of the tools
	rm -rf $(VENV) .venv-* .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis .fuzz ./*.egg-info build dist install.yaml

# Everything that is installed has a hash in the lock, setuptools included, which then builds the project's own
# editable install. The environment is made anew each time the lock changes: nothing stale survives in it.
$(READY): tests/requirements.lock pyproject.toml
	@if command -v uv >/dev/null 2>&1; then \
		echo "Making $(VENV) with uv from tests/requirements.lock ..."; \
		uv venv --quiet --clear --python-preference system --python "$(or $(PYTHON),>=3.11)" $(VENV) && \
		uv pip install --quiet --python $(BIN)/python --require-hashes -r tests/requirements.lock && \
		uv pip install --quiet --python $(BIN)/python --no-build-isolation --no-deps -e . ; \
	else \
		$(FIND_PYTHON); \
		echo "Making $(VENV) with $$python and pip from tests/requirements.lock (half a minute; uv takes seconds) ..."; \
		"$$python" -m venv --clear $(VENV) && \
		$(PIP) --require-hashes -r tests/requirements.lock && \
		$(PIP) --no-build-isolation --no-deps -e . ; \
	fi
	@$(BIN)/python -c 'import sys; sys.exit("$(VENV) has Python %d.%d, this project needs 3.11 or later" \
		% sys.version_info[:2] if sys.version_info < (3, 11) else 0)'
	@touch $@

# The fuzzer is for those who fuzz. It is not built where it has no wheel: that would want clang and libFuzzer.
$(FUZZER): $(READY) tests/tools/fuzz/requirements.lock
	@echo "Installing the fuzzer from tests/tools/fuzz/requirements.lock ..."
	@if command -v uv >/dev/null 2>&1; then \
		uv pip install --quiet --python $(BIN)/python $(WHEELS) -r tests/tools/fuzz/requirements.lock; \
	else \
		$(PIP) $(WHEELS) -r tests/tools/fuzz/requirements.lock; \
	fi || { echo "No fuzzer for this machine: atheris has wheels for glibc and Python 3.11 to 3.14 alone." >&2; exit 1; }
	@touch $@

WHEELS = --require-hashes --only-binary :all:

PIP = $(BIN)/python -m pip install --quiet --disable-pip-version-check

# Sets $python to one that is new enough and can make environments, or ends with what to install.
FIND_PYTHON = python=; \
	for candidate in $(or $(PYTHON),python3 python3.14 python3.13 python3.12 python3.11); do \
		if "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
			python=$$candidate; break; \
		fi; \
	done; \
	if [ -z "$$python" ]; then \
		echo "No Python 3.11 or later found (tried: $(or $(PYTHON),python3 and python3.11 to python3.14))." >&2; \
		echo "Install one, or uv, or name it: make PYTHON=/path/to/python3" >&2; exit 1; \
	fi; \
	if ! "$$python" -c 'import ensurepip, venv' 2>/dev/null; then \
		echo "$$python cannot make virtual environments: its venv module is missing." >&2; \
		echo "Install it (Debian, Ubuntu: apt install python3-venv), or install uv." >&2; exit 1; \
	fi
