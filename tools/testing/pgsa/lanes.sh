# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# shellcheck disable=SC2004,SC2034,SC2154	# the variables are those of check
# Which suites of check run beside which. Sourced by check, not run.
#
# Suites spend much of their time waiting, or on one CPU: so two of them run at a
# time, and a third beside the selftests in QEMU. Beside those on User Mode Linux the
# kernel for QEMU is built, which takes all that they leave. The first suite in the
# list that may run beside what runs already is next.

lanes=2
lane_of=()	# by process id: the suite that it runs

# needs SUITE: the suite that has to end before this one begins.
needs() {
	case $1 in
	kunit-* | selftests-* | off-* | mutations-* | power-* | scripts-* | toggle-* | \
	damage-*)
		echo "build-${1##*-}"
		;;
	esac
}

# disturb SUITE SUITE: one of them would make the other wait, or fail.
disturb() {
	case "$1 $2" in
	*build-*build-*)		# use the same kernel source
		;;
	*k?san-*k?san-*)
		;;
	*selftests-*selftests-*)	# have limits of time
		;;
	*selftests-x86_64*-x86_64* | *-x86_64*selftests-x86_64*)
		# Two emulated CPUs each, and who is calm gets next to nothing. To
		# build one is different, for that has no limits of time.
		[[ "$1 $2" != *build-* ]]
		;;
	*)
		return 1
		;;
	esac
}

# may_run SUITE: is all there that it needs, and is nobody disturbed?
may_run() {
	local need other

	need=$(needs "$1")
	[[ -z $need || " ${waiting[*]} ${lane_of[*]} " != *" $need "* ]] || return
	for other in "${lane_of[@]}"; do
		! disturb "$1" "$other" || return
	done
}

# A process group of its own, so that it can be ended with all it has started. What
# has no limits of time leaves the CPUs to what has.
start_suite() {
	local calm=(renice -n 10 -p)

	suite=$1
	rm -f "$logs/$suite.result"
	set -m
	(
		set +m
		[[ $suite == selftests-* ]] || "${calm[@]}" "$BASHPID" >/dev/null
		run_named
	) &
	set +m
	lane_of[$!]=$suite
}

end_suite() {
	local result=()

	suite=${lane_of[$1]}
	unset "lane_of[$1]"
	[[ ! -f $logs/$suite.result ]] || read -ra result <"$logs/$suite.result"
	((${#result[@]} == 5)) || result=(0 1 0 0 0)
	took[$suite]=${result[3]} used_cpu[$suite]=${result[4]}
	add "${result[@]::3}"
	[[ $suite != build-* || ${result[1]} != 0 ]] || built+="${suite#build-} "
}

end_lanes() {
	local pid

	for pid in "${!lane_of[@]}"; do
		kill -- "-$pid" 2>/dev/null
	done
}

start_next() {
	local index room=$lanes

	[[ $lanes == 1 || " ${lane_of[*]}" != *" selftests-x86_64"* ]] || ((++room))
	((${#lane_of[@]} < room)) || return
	for index in "${!waiting[@]}"; do
		may_run "${waiting[index]}" || continue
		start_suite "${waiting[index]}"
		unset "waiting[index]"
		return 0
	done
	return 1
}

# Runs $suites.
run_lanes() {
	local waiting=("${suites[@]}") pid

	(($(nproc) > 1)) || lanes=1
	trap end_lanes EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM
	while ((${#waiting[@]} + ${#lane_of[@]})); do
		while start_next; do :; done
		wait -n -p pid
		[[ -z ${pid:-} ]] || end_suite "$pid"
	done
}
