# SPDX-License-Identifier: GPL-2.0
# PGSA: what can be done with this repository. The scripts do the work.

PLATFORM ?= um
override BUILD := $(or $(BUILD),build)
# From here, whatever directory a make below runs in
ifeq ($(filter /%,$(BUILD)),)
override BUILD := $(CURDIR)/$(BUILD)
endif
export PLATFORM BUILD

ifneq ($(KSRC),)
export KSRC
endif
ifneq ($(JOBS),)
export JOBS
endif
ifneq ($(SUITES),)
export SUITES
endif

SCRIPTS := tools/testing/pgsa

help:
	@echo 'make demo     protect real processes in a guest, throw bit flips at them, report'
	@echo 'make check    run all tests; SUITES="style kunit-um ..." runs only some'
	@echo 'make check-debug   run the selftests on kernels with KASAN, lockdep and KCSAN,'
	@echo '              and what damages PGSA or toggles bits from outside for long'
	@echo 'make stress   keep the memory of a guest as busy as possible, without and with flips'
	@echo 'make bench    measure the codes, in user space and in the kernel of a guest'
	@echo 'make kernel   build the guest kernel: $(BUILD)/PLATFORM/'
	@echo 'make tools    the same, and the programs that run in it: $(BUILD)/tools/'
	@echo 'make clean    remove everything that was built'
	@echo
	@echo 'PLATFORM=um      User Mode Linux, for demo, stress, bench, kernel (this is the default)'
	@echo 'PLATFORM=x86_64  x86-64 in QEMU'
	@echo 'KSRC=DIR         an unpacked Linux 6.12 tree instead of linux-source-6.12;'
	@echo '                 it is copied, never changed'
	@echo 'BUILD=DIR        build in DIR instead of build/'
	@echo 'JOBS=N           run N compilers at a time (default: one for each CPU)'
	@echo
	@echo 'Any command in a guest: $(SCRIPTS)/guest -h'

kernel:
	@$(SCRIPTS)/kernel -p $(PLATFORM)

# The kernel script has installed the compiler.
tools: kernel
	@$(MAKE) -s -C $(SCRIPTS)

demo: tools
	@$(SCRIPTS)/demo/run

check:
	@$(SCRIPTS)/check

check-debug:
	@$(SCRIPTS)/check kasan-x86_64 kcsan-x86_64 damage-long-um toggle-long-um

stress:
	@$(SCRIPTS)/stress

bench: tools
	@echo 'In user space:'
	@$(MAKE) -s -C $(SCRIPTS)/codes BUILD=$(BUILD)/tools/codes bench
	@echo 'In a kernel ($(PLATFORM)):'
	@$(SCRIPTS)/guest -p $(PLATFORM) -- cat /sys/kernel/debug/pgsa/codes_bench

clean:
	@rm -rf -- "$(BUILD)"
	@echo 'clean: $(BUILD) is gone'

.PHONY: help kernel tools demo check check-debug stress bench clean
