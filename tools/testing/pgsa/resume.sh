# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# The selftests in as many guests as it takes. Sourced by check, not run.
#
# A guest that QEMU killed (status 123, see lib.sh) says nothing about the tests
# that it had not come to, and those that it had finished need not be done again.

guests_max=4

# Drops what was said after the last test that came to its end, and what the kernel
# said of its death.
keep_finished() {
	local last

	last=$(grep -nE '^(not )?ok [0-9]+ - consistency after ' "$1.tap" | tail -n 1)
	sed -i "$((${last%%:*} + 1)),\$d" "$1.tap"
	sed -i '/Oops: int3/,$d' "$1.console"
}

# unfinished NAME TEST...: those that NAME.tap has no end of.
unfinished() {
	local name=$1 test

	shift
	for test; do
		grep -qE "^(not )?ok [0-9]+ - consistency after $test\$" "$name.tap" ||
			echo "$test"
	done
}

# run_selftests NAME PLATFORM SWITCH LIMIT TEST...: their TAP is in NAME.tap, what the
# kernel said in NAME.console.
run_selftests() {
	local name=$1 platform=$2 switch=$3 limit=$4 guests status
	local tests=("${@:5}")

	: >"$name.tap"
	: >"$name.console"
	for ((guests = 1; ; guests++)); do
		rm -f "$name.ext4"
		truncate -s 256M "$name.ext4"
		mke2fs -q -F -t ext4 "$name.ext4" || return
		SELFTEST_DONE=$(grep -cE '^(not )?ok ' "$name.tap") \
		"$HERE/guest" -v -p "$platform" -a "pgsa=$switch" \
			-d "$name.ext4" -t "$limit" -- \
			"$HERE/selftests/run" "${tests[@]}" 2>>"$name.console" |
			tee -a "$name.tap" | sed -u -n 's/^# \([a-z]*\)$/now: \1/p'
		status=${PIPESTATUS[0]}
		rm -f "$name.ext4"
		((status == 123 && guests < guests_max)) || break
		keep_finished "$name"
		mapfile -t tests < <(unfinished "$name" "${tests[@]}")
		echo "QEMU ran code that the kernel had replaced: on with ${tests[0]}"
	done
	grep -v '^1\.\.' "$name.tap"
	return "$status"
}
