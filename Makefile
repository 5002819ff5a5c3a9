# lakeproof: `make help` lists the targets. A .c file put into one of FOLDERS, tests/unit, tests/property or tests/fuzz
# is found by itself. Variables: BUILD (where objects go), CC, CXX, CFLAGS, SANITIZE (address,undefined or thread), V=1
# (show commands), JOBS, DESTDIR and PREFIX (install), FUZZ_SECONDS.
.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SUFFIXES:
JOBS ?= 2
MAKEFLAGS += --no-builtin-rules --no-print-directory
ifeq ($(MAKELEVEL),0)
MAKEFLAGS += -j$(JOBS)
endif

BUILD ?= build
PREFIX ?= /usr/local
FUZZ_SECONDS ?= 60
ifeq ($(origin CC),default)
CC := gcc
endif
ifeq ($(origin CXX),default)
CXX := g++
endif
Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-5s %s\n' $(1) $(2))

FOLDERS := base services sources reconcile $(addprefix reconcile/,value contract digest state judge sql ingest sketch) \
	reports generators harness $(addprefix harness/,redrive runner verbs)
EMBEDDED := scenarios/pipelines/embedded

# ---- flags

comma := ,
OPTIMIZE := $(if $(SANITIZE),-O1 -fno-omit-frame-pointer,-O2)
# gcc guesses at what snprintf cuts, which is what it is there for, and under sanitizers at what is uninitialised.
GUESSES = $(if $(findstring clang,$(CC)),,-Wno-format-truncation $(if $(SANITIZE),-Wno-maybe-uninitialized))
WARNINGS = -Wall -Wextra -Wconversion -Wpedantic -Wshadow -Wvla $(GUESSES) -Werror
SANITIZER := $(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-sanitize-recover=all)
CFLAGS ?= -g
COMMON_FLAGS = -I. -D_GNU_SOURCE $(OPTIMIZE) -ffunction-sections -fdata-sections -fvisibility=hidden -pthread \
	$(WARNINGS) $(SANITIZER) $(CFLAGS)
C_FLAGS = -std=c17 -Wstrict-prototypes -Wmissing-prototypes $(COMMON_FLAGS)
CXX_FLAGS = -std=c++17 -fno-exceptions -fno-rtti $(COMMON_FLAGS)
LINK_FLAGS = -pthread $(SANITIZER) -Wl,--as-needed -Wl,--gc-sections $(LDFLAGS)
LIBRARIES := -lsimdjson -licui18n -licuuc -lisal -ldeflate -lcrypto -lsqlite3 -lyaml -lxxhash -lcurl -lz -lcsv -ldl -lm
# The archive holds Rust's own copies of C libraries: they must not answer for anybody else.
BRIDGE_FLAGS := -Wl,--exclude-libs,ALL

# ---- files

SOURCES := $(foreach folder,$(FOLDERS),$(sort $(wildcard $(folder)/*.c))) $(sort $(wildcard base/*.cc))
EMBEDDED_SOURCES := $(sort $(wildcard $(EMBEDDED)/*.c))
FAKE_SOURCES := $(wildcard bridge/fake.c)
SUPPORT_SOURCES := $(sort $(wildcard tests/support/*.c))
UNIT_SOURCES := $(sort $(wildcard tests/unit/test_*.c))
PROPERTY_SOURCES := $(sort $(wildcard tests/property/test_*.c))
FUZZ_SOURCES := $(sort $(wildcard tests/fuzz/fuzz_*.c))
FAULT_SOURCES := tests/fault/inject.c
CANARY_SOURCES := tests/canary/blind.c

objects = $(patsubst %,$(BUILD)/obj/%.o,$(1))
MAIN_OBJECT := $(call objects,harness/main.c)
FAKE_OBJECTS := $(call objects,$(FAKE_SOURCES))
SUPPORT_OBJECTS := $(call objects,$(SUPPORT_SOURCES))
TEST_OBJECTS := $(call objects,$(UNIT_SOURCES) $(PROPERTY_SOURCES))

# One archive a folder. A test links those of the folder that holds what it is named after, and of the folders below
# that: so a test of base shows that base stands alone.
ARCHIVE_FOLDERS := $(filter-out reconcile/% harness/%,$(FOLDERS)) $(EMBEDDED)
archives = $(patsubst %,$(BUILD)/lib/%.a,$(1))
members_of = $(filter-out harness/main.c $(EMBEDDED)/main.c,$(filter $(1)/%,$(SOURCES) $(EMBEDDED_SOURCES)))
PROGRAM_ARCHIVES := $(call archives,harness reports reconcile sources services generators base)
below_base := base
below_services := services base
below_generators := generators base
below_sources := sources $(below_services) generators
below_reconcile := reconcile $(below_sources)
below_reports := reports $(below_reconcile)
below_harness := harness $(below_reports)
noun = $(patsubst test_%,%,$(patsubst fuzz_%,%,$(basename $(notdir $(1)))))
homes = $(foreach folder,$(FOLDERS),$(if $(wildcard $(folder)/$(1).c $(folder)/$(1).cc), \
	$(firstword $(subst /, ,$(folder)))))
home = $(firstword $(call homes,$(call noun,$(1))) harness)
test_archives = $(if $(filter test_bridge% test_pipeline%,$(notdir $(1))),$(call archives,$(EMBEDDED))) \
	$(call archives,$(below_$(call home,$(1))))

# Tests of the bridge and of the embedded pipeline link the real archive, all others the fake one.
test_programs = $(patsubst tests/%.c,$(BUILD)/tests/%,$(1))
ALL_TEST_SOURCES := $(UNIT_SOURCES) $(PROPERTY_SOURCES)
REAL_TEST_SOURCES := $(foreach test,$(ALL_TEST_SOURCES),$(if \
	$(filter test_bridge% test_pipeline%,$(basename $(notdir $(test)))),$(test)))
FAKE_TEST_SOURCES := $(filter-out $(REAL_TEST_SOURCES),$(ALL_TEST_SOURCES))

# One Rust build serves every BUILD folder.
BRIDGE_BUILD := build/bridge
BRIDGE := $(BRIDGE_BUILD)/release/liblakeproof_bridge.a
BRIDGE_SOURCES := $(sort $(wildcard bridge/Cargo.*) $(wildcard bridge/.cargo/*) $(wildcard bridge/build.rs) \
	$(wildcard bridge/src/*.rs) $(wildcard bridge/src/*/*.rs))

DEPS := build/deps-build.stamp
DEPS_CHECK := build/deps-check.stamp

# ---- programs

.PHONY: all
all: programs ## build both programs (8 min cold, seconds after)
.PHONY: programs
programs: $(BUILD)/lakeproof $(if $(EMBEDDED_SOURCES),$(BUILD)/lakeproof-pipeline)

$(BUILD)/lakeproof: $(MAIN_OBJECT) $(PROGRAM_ARCHIVES) $(BRIDGE)
	$(call say,LINK,$@)
	$(Q)$(CXX) $(LINK_FLAGS) $(BRIDGE_FLAGS) -o $@ $(MAIN_OBJECT) $(PROGRAM_ARCHIVES) $(BRIDGE) $(LIBRARIES)

# Started thousands of times by a matrix: at a fixed address it starts in two thirds of the time.
$(BUILD)/lakeproof-pipeline: $(call objects,$(EMBEDDED_SOURCES)) $(call archives,base) $(BRIDGE)
	$(call say,LINK,$@)
	$(Q)$(CXX) $(LINK_FLAGS) $(if $(SANITIZE),,-no-pie) $(BRIDGE_FLAGS) -o $@ $^ $(LIBRARIES)

# Made anew each time, so that a source file that is gone is gone from the archive too.
define archive
$(call archives,$(1)): $(call objects,$(call members_of,$(1))) $(BUILD)/members | $$(DEPS)
	@mkdir -p $$(@D)
	$(Q)rm -f $$@ && ar rcs $$@ $(call objects,$(call members_of,$(1)))
endef
$(foreach folder,$(ARCHIVE_FOLDERS),$(eval $(call archive,$(folder))))

$(BRIDGE): $(BRIDGE_SOURCES) | $(DEPS)
	$(call say,CARGO,$@)
	$(Q)env -u CFLAGS -u CXXFLAGS -u LDFLAGS -u MAKEFLAGS -u MFLAGS CARGO_TARGET_DIR=$(BRIDGE_BUILD) \
		cargo build --release --locked --jobs $(JOBS) --manifest-path bridge/Cargo.toml
	$(Q)touch $@

$(BUILD)/obj/%.c.o: %.c $(BUILD)/flags | $(DEPS)
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(C_FLAGS) $(if $(filter harness/main.c,$<),-I$(BUILD)/generated) -MMD -MP -c -o $@ $<

# The reference merger holds its SQL, the generator its presets and a report its style by .incbin, which -MMD does not
# see.
$(BUILD)/obj/reconcile/judge/reference.c.o: docs/semantics.sql
$(BUILD)/obj/generators/workload_presets.c.o: $(wildcard generators/presets/*.yaml)
$(BUILD)/obj/reports/matrix_html.c.o: reports/matrix.css

$(BUILD)/obj/%.cc.o: %.cc $(BUILD)/flags | $(DEPS)
	@mkdir -p $(@D)
	$(call say,CXX,$<)
	$(Q)$(CXX) $(CXX_FLAGS) -MMD -MP -c -o $@ $<

-include $(patsubst %,$(BUILD)/obj/%.d,$(SOURCES) $(EMBEDDED_SOURCES) $(FAKE_SOURCES) $(SUPPORT_SOURCES) \
	$(ALL_TEST_SOURCES) $(FUZZ_SOURCES) $(FAULT_SOURCES) $(CANARY_SOURCES))

# Files that hold what a rule depends on besides files: rewritten only when it changes.
.PHONY: FORCE
FORCE:
define keep
	@mkdir -p $(@D)
	@printf '%s\n' '$(1)' >$@.new; if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi
endef
$(BUILD)/flags: FORCE
	$(call keep,$(CC) $(CXX) $(C_FLAGS) $(CXX_FLAGS))
$(BUILD)/members: FORCE
	$(call keep,$(SOURCES) $(EMBEDDED_SOURCES))

# A verb is a file of harness/verbs that defines `const struct verb verb_<name>`.
VERB_SOURCES := $(sort $(wildcard harness/verbs/*.c))
$(BUILD)/generated/verbs.h: $(VERB_SOURCES) FORCE
	@mkdir -p $(@D)
	@sed -n 's/^const struct verb verb_\([a-z0-9_]*\) = {.*/VERB(\1)/p' /dev/null $(VERB_SOURCES) >$@.new
	@if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi
$(MAIN_OBJECT): $(BUILD)/generated/verbs.h

# ---- test programs

.PHONY: unit-programs real-test-programs property-programs test-programs objects
unit-programs: $(call test_programs,$(filter $(FAKE_TEST_SOURCES),$(UNIT_SOURCES)))
real-test-programs: $(call test_programs,$(REAL_TEST_SOURCES))
property-programs: $(call test_programs,$(PROPERTY_SOURCES))
test-programs: $(call test_programs,$(ALL_TEST_SOURCES))
objects: $(call objects,$(SOURCES) $(EMBEDDED_SOURCES) $(FAKE_SOURCES) $(SUPPORT_SOURCES)) \
	$(call objects,$(ALL_TEST_SOURCES) $(FUZZ_SOURCES) $(FAULT_SOURCES) $(CANARY_SOURCES))

# An archive, so that a test of base does not need what helpers of sources need.
SUPPORT := $(BUILD)/lib/support.a
$(SUPPORT): $(SUPPORT_OBJECTS) | $(DEPS)
	@mkdir -p $(@D)
	$(Q)rm -f $@ && ar rcs $@ $(SUPPORT_OBJECTS)

# 1: the test's source, 2: what answers for the bridge, 3: further flags. Archives stand in a group because the fake
# bridge uses base as well.
define test_program
$(call test_programs,$(1)): $(call objects,$(1)) $(SUPPORT) $(call test_archives,$(1)) $(2)
	@mkdir -p $$(@D)
	$(call say,LINK,$$@)
	$(Q)$(CXX) $(LINK_FLAGS) $(3) -o $$@ $(call objects,$(1)) \
		-Wl,--start-group $(SUPPORT) $(call test_archives,$(1)) $(2) -Wl,--end-group $(LIBRARIES)
endef
$(foreach test,$(FAKE_TEST_SOURCES),$(eval $(call test_program,$(test),$(FAKE_OBJECTS))))
$(foreach test,$(REAL_TEST_SOURCES),$(eval $(call test_program,$(test),$(BRIDGE),$(BRIDGE_FLAGS))))
$(foreach test,$(FUZZ_SOURCES),$(eval $(call test_program,$(test),$(FAKE_OBJECTS),-fsanitize=fuzzer)))

# Short names: `make test_json` builds and runs one of them.
.PHONY: $(basename $(notdir $(ALL_TEST_SOURCES)))
define short_name
$(basename $(notdir $(1))): $(call test_programs,$(1))
	@tests/run $$<
endef
$(foreach test,$(ALL_TEST_SOURCES),$(eval $(call short_name,$(test))))

# lakeproof again, with calls that can be made to fail: tests/fault/inject.c says which and why so. What allocates in
# C is linked into one object first, so that memory fails there and not in Rust.
FAULT_PROGRAM := $(BUILD)/tests/fault/lakeproof
FAULT_MEMORY := malloc calloc realloc reallocarray strdup strndup asprintf realpath glob \
	EVP_MD_CTX_new EVP_DigestInit_ex pthread_create
FAULT_FILES := open open64 fopen opendir fdopendir scandir readdir readdir64 stat stat64 lstat lstat64 fstat fstat64 \
	flock fcntl64 unlink rename mkdir ftruncate ftruncate64 fsync fdatasync mmap64 read __read_chk pread pread64 \
	write pwrite64
.PHONY: fault-programs
fault-programs: $(FAULT_PROGRAM)
$(FAULT_PROGRAM): $(MAIN_OBJECT) $(PROGRAM_ARCHIVES) $(call objects,$(FAULT_SOURCES)) $(BRIDGE)
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) -r -nostdlib -o $@.o $(patsubst %,-Wl$(comma)--wrap=%,$(FAULT_MEMORY)) $(MAIN_OBJECT) \
		-Wl,--start-group $(PROGRAM_ARCHIVES) -Wl,--end-group \
		-l:libsqlite3.a -l:libyaml.a -l:libdeflate.a -l:libcsv.a
	$(Q)$(CXX) $(LINK_FLAGS) $(BRIDGE_FLAGS) $(patsubst %,-Wl$(comma)--wrap=%,$(FAULT_FILES)) \
		-o $@ $@.o $(call objects,$(FAULT_SOURCES)) $(BRIDGE) $(LIBRARIES)

# lakeproof again, which can be blinded: tests/canary/blind.c says how. What notices it is what checks the real one.
CANARY_PROGRAM := $(BUILD)/tests/canary/lakeproof
CANARY_BLINDS := run_reconcile versions_check versions_compare generator_parse_faults landing_plan_make cell_write \
	scenario_file_load
$(CANARY_PROGRAM): $(MAIN_OBJECT) $(PROGRAM_ARCHIVES) $(call objects,$(CANARY_SOURCES)) $(BRIDGE)
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CXX) $(LINK_FLAGS) $(BRIDGE_FLAGS) $(patsubst %,-Wl$(comma)--wrap=%,$(CANARY_BLINDS)) \
		-o $@ $(MAIN_OBJECT) $(call objects,$(CANARY_SOURCES)) $(PROGRAM_ARCHIVES) $(BRIDGE) $(LIBRARIES)

# ---- checks: tests/run builds each suite, runs it, and ends with one line "N passed, N failed"

RUN := +@MAKE='$(MAKE)' BUILD='$(BUILD)' tests/run
.PHONY: check check-unit check-property check-bats check-fault check-fault-all
.PHONY: check-asan check-tsan check-clang check-real
.PHONY: lint tidy format fuzz-smoke bench
check: $(DEPS_CHECK) ## every suite below but tidy, fuzz-smoke, bench, check-real; ends in one line (15 min)
	$(RUN) --suite unit --suite property --suite bats --suite fault --suite asan --suite tsan --suite clang \
		--suite lint
check-unit: $(DEPS_CHECK) ## unit tests (5 min)
	$(RUN) --suite unit
check-property: $(DEPS_CHECK) ## property tests against naive oracles (5 min)
	$(RUN) --suite property
check-bats: $(DEPS_CHECK) ## command-line tests (5 min)
	$(RUN) --suite bats
check-fault: $(DEPS_CHECK) ## calls that fail, one a run: memory, files, the process; a sample of them (5 min)
	$(RUN) --suite fault
check-fault-all: all fault-programs ## every call that can fail, one a run (600 min)
	tests/fault/run.t --all
check-asan: $(DEPS_CHECK) ## unit and property tests under AddressSanitizer and UBSan (5 min)
	$(RUN) --suite asan
check-tsan: $(DEPS_CHECK) ## unit and property tests under ThreadSanitizer (5 min)
	$(RUN) --suite tsan
check-clang: $(DEPS_CHECK) ## everything compiles under clang without a warning (5 min)
	$(RUN) --suite clang
.PHONY: canary check-scenarios
canary: all $(CANARY_PROGRAM) $(DEPS_CHECK) ## a harness that is blinded is noticed (2 min)
	tests/run tests/canary/run.t
check-scenarios: all $(DEPS_CHECK) ## the embedded pipelines that are right, over 20 seeds: no alarm (15 min)
	tests/run tests/scenarios/seeds.t
check-real: all ## against real Spark, Delta and DynamoDB Local; needs Java and Maven (45 min)
	tests/real/run.sh
lint: $(DEPS_CHECK) ## include order, banned calls, findings against their documentation (5 min)
	$(RUN) --suite lint
tidy: $(DEPS_CHECK) ## clang-tidy over the C that changed since it last passed (8 min)
	+$(Q)$(MAKE) -k tidied
bench: all ## time and memory against the floor and DuckDB (15 min)
	bench/run.sh
	bench/readers.sh

# An object is made anew when its source or one of its headers changes, so a stamp need only be as new as that.
.PHONY: tidied
tidied: $(patsubst %,$(BUILD)/tidy/%.ok,$(filter %.c,$(SOURCES)) $(EMBEDDED_SOURCES) $(FAKE_SOURCES))
$(BUILD)/tidy/%.c.ok: $(BUILD)/obj/%.c.o .clang-tidy | $(DEPS_CHECK)
	@mkdir -p $(@D)
	$(call say,TIDY,$*.c)
	$(Q)clang-tidy --quiet $*.c -- $(filter-out -O% -Wno-%,$(C_FLAGS)) -I$(BUILD)/generated 2>$@.log || \
		{ cat $@.log >&2; exit 1; }
	@touch $@

FUZZ_BUILD := build/fuzz
format: ## clang-format over all C (changes files)
	clang-format -i $(SOURCES) $(EMBEDDED_SOURCES) $(FAKE_SOURCES) $(SUPPORT_SOURCES) $(ALL_TEST_SOURCES) \
		$(FUZZ_SOURCES) $(FAULT_SOURCES)
fuzz-smoke: $(DEPS_CHECK) ## each fuzz target for FUZZ_SECONDS (a minute each)
	+$(Q)$(MAKE) BUILD=$(FUZZ_BUILD) CC=clang CXX=clang++ SANITIZE=address,undefined,fuzzer-no-link fuzz-programs
	$(Q)set -e; for target in $(basename $(notdir $(FUZZ_SOURCES))); do \
		mkdir -p $(FUZZ_BUILD)/corpus/$$target; seeds=tests/fuzz/corpus/$$target; \
		echo "  FUZZ  $$target"; \
		$(FUZZ_BUILD)/tests/fuzz/$$target -max_total_time=$(FUZZ_SECONDS) -timeout=10 -rss_limit_mb=2048 \
			-verbosity=0 -artifact_prefix=$(FUZZ_BUILD)/$$target- $(FUZZ_BUILD)/corpus/$$target \
			$$(test ! -d $$seeds || echo $$seeds) >$(FUZZ_BUILD)/$$target.log 2>&1 || \
			{ tail -n 60 $(FUZZ_BUILD)/$$target.log; exit 1; }; done

.PHONY: fuzz-programs
fuzz-programs: $(call test_programs,$(FUZZ_SOURCES))

# ---- everything else

.PHONY: demo deps install clean distclean help
demo: all ## the whole story on 100,000 items: PASS, then a planted bug found (1 min after the build)
	scenarios/demo.sh

deps: ## install the Debian packages that building and checking need (quick when they are there)
	@.ci/deps build check
	@mkdir -p build && touch $(DEPS) $(DEPS_CHECK)
$(DEPS): .ci/deps
	@.ci/deps build
	@mkdir -p build && touch $@
$(DEPS_CHECK): .ci/deps
	@.ci/deps build check
	@mkdir -p build && touch $@

install: all ## install under DESTDIR and PREFIX
	install -D -m 755 $(BUILD)/lakeproof $(DESTDIR)$(PREFIX)/bin/lakeproof
	install -D -m 755 $(BUILD)/lakeproof-pipeline $(DESTDIR)$(PREFIX)/bin/lakeproof-pipeline
	install -d $(DESTDIR)$(PREFIX)/share/man/man1 $(DESTDIR)$(PREFIX)/share/bash-completion/completions
	$(BUILD)/lakeproof --man >$(DESTDIR)$(PREFIX)/share/man/man1/lakeproof.1
	$(BUILD)/lakeproof --complete bash >$(DESTDIR)$(PREFIX)/share/bash-completion/completions/lakeproof

clean: ## remove what was built, but the Rust archive and downloads
	test ! -d $(BUILD) || find $(BUILD) -mindepth 1 -maxdepth 1 ! -name bridge ! -name cache -exec rm -rf {} +
distclean: ## remove all of build/
	rm -rf build $(BUILD)
help: ## this list; times are limits on two cores (CONTRIBUTING.md)
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-15s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
	@echo "  test_NAME       build and run one unit or property test"
