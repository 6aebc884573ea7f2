# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# shellcheck disable=SC2004,SC2034,SC2154	# the variables are those of check
# What suites of check came to, and how long they took. Sourced by check, not run.

# Counts the top level of a TAP stream. One that breaks off counts as a failure.
count_tap() {
	awk '
		/^1\.\.[0-9]+/ { sub(/^1\.\./, ""); plan = $1; planned = 1 }
		/^(not )?ok( |$)/ { results++ }
		/^ok .*# *[Ss][Kk][Ii][Pp]/ { skipped++; next }
		/^not ok .*# *[Tt][Oo][Dd][Oo]/ { skipped++; next }
		/^ok( |$)/ { passed++ }
		/^not ok( |$)/ { failed++ }
		/^Bail out!/ { failed++ }
		END {
			if (!planned || plan != results)
				failed++
			if (planned && plan == 0 && !results)
				skipped++
			print passed + 0, failed + 0, skipped + 0
		}' "$1"
}

# Counts the last line of kunit.py.
count_kunit() {
	awk '
		/Testing complete\. Ran [0-9]+ tests:/ {
			done = 1
			gsub(/,/, "")
			for (i = 1; i < NF; i++)
				n[$i] = $(i + 1)
		}
		END {
			bad = n["failed:"] + n["crashed:"] + n["errors:"]
			if (!done || n["passed:"] + bad == 0)
				bad++
			print n["passed:"] + 0, bad + 0, n["skipped:"] + 0
		}' "$1"
}

# why LOG: what went wrong, each time with the lines before that explain it.
why() {
	grep -nE '^ *not ok |^ *# |\[FAILED\]|\[ERROR\]|[Ee]rror: |^(kernel|guest): .*(not |fail|panic|limit)' \
		"$1" | grep -B 6 -vE '^[0-9]+: *# ' | tail -n 40 | sed 's/^/  /'
}

# add PASSED FAILED SKIPPED: what the present suite came to.
add() {
	((passed += $1, failed += $2, skipped += $3))
	(($2 == 0)) && return
	failures+="$suite: all output: $logs/$suite.log
$(why "$logs/$suite.log")
"
}

# cpu_seconds FILE: CPU time of all that a shell had waited for, by what its "times"
# has written to FILE.
cpu_seconds() {
	local user_m user_s system_m system_s

	read -r user_m user_s system_m system_s < <(sed -n '2s/[ms ]\+/ /gp' "$1")
	echo $((60 * (user_m + system_m) + ${user_s%.*} + ${system_s%.*}))
}

# The suites by the time they took, the longest last, and the programs that took
# longest in those of the selftests.
show_times() {
	local suite cpu=0

	for suite in "${suites[@]}"; do
		[[ $suite == selftests-* && -f $logs/$suite.log ]] || continue
		say "$suite: $(sed -n 's/^# \([a-z]*\) took \([0-9]*\) s$/\2 \1/p' \
			"$logs/$suite.log" | sort -rn | head -n 6 |
			sed 's/\(.*\) \(.*\)/\2 \1/' | paste -sd, | sed 's/,/, /g')"
	done
	say "seconds for each suite, and of the CPUs:"
	for suite in "${suites[@]}"; do
		printf '%8d %6d  %s\n' "${took[$suite]}" "${used_cpu[$suite]}" "$suite"
		((cpu += used_cpu[$suite]))
	done > >(sort -n)
	wait $!
	say "all suites took $(minutes $SECONDS), and $cpu s of the CPUs"
}
