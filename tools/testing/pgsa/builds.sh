# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# shellcheck disable=SC2154,SC2317	# check has set logs; functions are called by name
# The suites of check that build. Sourced by check, not run.

# tap_step NAME COMMAND...: one TAP line for one command.
tap_step() {
	local name=$1

	shift
	((++steps))
	if "$@"; then
		echo "ok $steps - $name"
	else
		echo "not ok $steps - $name"
	fi
}

# series: all its patches
series() {
	(cd "$TOP/patches" && read_series | xargs cat)
}

### The series on an untouched kernel

# untouched_files FILE...: puts the kernel's own into the current directory.
untouched_files() {
	local archive

	if [[ -n ${KSRC:-} ]]; then
		tar -C "$KSRC" -cf - "$@" | tar -xf -
	else
		archive=$(find_archive) &&
			tar --strip-components=1 --wildcards -xf "$archive" "${@/#/*/}"
	fi
}

applies_untouched() (
	local patch files

	mapfile -t files < <(series | patched_files)
	rm -rf "$logs/untouched"
	mkdir -p "$logs/untouched" && cd "$logs/untouched" || return
	untouched_files "${files[@]}" || return
	for patch in $(read_series); do
		patch -p1 -N -F0 <"$TOP/patches/$patch" || return
	done
	rm -rf "$logs/untouched"
)

suite_series() {
	local steps=0

	tap_step "the series applies to an untouched kernel" applies_untouched
	echo 1..1
}

### Configurations: ARCH is um or x86_64; what is built is in build/config-ARCH

# What "kunit.py run" would build of PGSA. The tests themselves run in the kernels of
# the guests, which are built anyway; and what it would build on x86-64 is what the
# suite style looks at.
build_kunitconfig() {
	local out=$BUILD/config-um

	cd "$BUILD/src" || return
	mkdir -p "$out"
	tools/testing/kunit/kunit.py config --build_dir="$out" \
		--kunitconfig=mm/pgsa/tests &&
		make ARCH=um O="$out" -j"$JOBS" mm/pgsa/
}

# patched_objects ARCH: what comes of the files that the series changes there, and who
# uses the headers most. What um has no devices for is not built, and what um has in the
# directory of x86 is not x86's.
patched_objects() {
	echo mm/memory.o
	series | patched_files | sed -n 's/\.c$/.o/p' |
		if [[ $1 == um ]]; then
			grep -v '^arch/x86/\|^drivers/'
		else
			grep -v '^arch/um/\|^arch/x86/um/'
		fi
}

# build_without ARCH: what the series changes, without PGSA. Nothing else differs from
# the kernel as it was; and it links if nothing asks for a function of PGSA.
build_without() {
	local out=$BUILD/config-$1 objects fragments users

	fragments=("$HERE/configs/minimal.config")
	[[ $1 != x86_64 ]] || fragments+=("$HERE/configs/minimal-x86_64.config")
	mapfile -t objects < <(patched_objects "$1")
	cd "$BUILD/src" || return
	mkdir -p "$out"
	ARCH=$1 scripts/kconfig/merge_config.sh -n -O "$out" "${fragments[@]}" || return
	! grep -x CONFIG_PGSA=y "$out/.config" || return
	! grep -hvxFf "$out/.config" "${fragments[@]}" | grep ^CONFIG_ || return
	make ARCH="$1" O="$out" -j"$JOBS" "${objects[@]}" || return
	cd "$out" || return
	users=$(nm -A -u "${objects[@]}" | grep pgsa)
	[[ -z $users ]] || ! echo "$users"
}

# suite_build um|x86_64|kunit|off
suite_build() {
	local steps=0

	case $1 in
	off)
		tap_step "um without PGSA" build_without um
		tap_step "x86_64 without PGSA" build_without x86_64
		;;
	kunit)
		tap_step "mm/pgsa/tests/.kunitconfig" build_kunitconfig
		;;
	*)
		tap_step "$1 with PGSA" "$HERE/kernel" -p "$1"
		;;
	esac
	echo "1..$steps"
}
