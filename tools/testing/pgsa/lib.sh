# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Common parts of the scripts in tools/testing/pgsa. Sourced, not run.
#
# BUILD  where everything is built (default: build/ at the top of the repository)
# JOBS   how many jobs make runs at a time (default: one for each CPU)

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
TOP=$(cd "$HERE/../../.." && pwd -P)
BUILD=$(realpath -ms "${BUILD:-$TOP/build}")
JOBS=${JOBS:-$(nproc)}
# shellcheck disable=SC2034	# read by the scripts that source this file
TOOLS=$BUILD/tools

# Others than root do not have them there, and need some of what they hold.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

# What the caller's make was told is not for the makes that run from here.
unset MAKEFLAGS MFLAGS

say() {
	printf '%s: %s\n' "${0##*/}" "$*"
}

complain() {
	say "$*" >&2
}

# fail [-STATUS] MESSAGE
fail() {
	local status=1

	if [[ $1 =~ ^-[0-9]+$ ]]; then
		status=${1#-}
		shift
	fi
	complain "$*"
	exit "$status"
}

[[ $TOP$BUILD != *[[:space:]:]* ]] ||
	fail "make cannot work in $TOP and $BUILD: no spaces and colons, please"

# replaced_code CONSOLE: did the kernel die of an int3 that its code does not hold?
# QEMU's TCG translates on one CPU what the kernel is patching on another, and can
# keep a translation of the int3 that stood there for a moment. It may be run seconds
# later. Prints where that was. An int3 that is there is the kernel's own fault.
replaced_code() {
	awk '
		/Oops: int3/ { died = 1 }
		died && /RIP: / { sub(/.*RIP: [0-9]+:/, ""); where = $0 }
		died && /Code: / { gone = !/ cc </; exit }
		END { if (gone) print where; exit !gone }' "$1"
}

# find_archive: Debian's kernel source
find_archive() {
	local file

	for file in /usr/src/linux-source-6.12.tar{.xz,}; do
		[[ -f $file ]] && echo "$file" && return
	done
	fail "linux-source-6.12 is installed, but there is no $file"
}

# read_series: the patches' names, in their order
read_series() {
	[[ ! -f $TOP/patches/series ]] ||
		sed -e 's/[[:space:]]*#.*//' -e '/^[[:space:]]*$/d' "$TOP/patches/series"
}

# patched_files: those that the patches on stdin change
patched_files() {
	sed -n 's|^+++ [^/]*/\([^[:space:]]*\).*|\1|p' | sort -u
}

minutes() {
	printf '%d min %02d s' $(($1 / 60)) $(($1 % 60))
}

# need_packages PACKAGE...: installs what is missing, or says how to.
need_packages() {
	local package
	local missing=()

	if ! command -v dpkg-query >/dev/null; then
		say "no dpkg here: taking for granted that there is: $*"
		return
	fi
	for package; do
		[[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>&1) \
		   == installed ]] || missing+=("$package")
	done
	((${#missing[@]})) || return 0
	((EUID == 0)) ||
		fail "these packages are missing; install them with:
sudo apt-get install --no-install-recommends ${missing[*]}"
	say "installing ${missing[*]}"
	install_packages "${missing[@]}"
}

install_packages() {
	local log

	mkdir -p "$BUILD"
	log=$BUILD/apt.log
	export DEBIAN_FRONTEND=noninteractive
	apt-get update -qq >"$log" 2>&1 </dev/null ||
		say "apt-get update failed (see $log), going on without"
	if ! apt-get install -y -qq --no-install-recommends "$@" \
	     >>"$log" 2>&1 </dev/null; then
		tail -n 15 "$log" >&2
		fail "apt-get cannot install: $* (all output: $log)"
	fi
}

# Files that were compiled, in the output of make or of make -n.
count_files() {
	grep -cE "(^|echo ')  (CC|AS|LD|HOSTCC) +" "$1"
}

# start_counting LOG MAKE...: what is left to be made, for how_far.
start_counting() {
	local log=$1

	shift
	total='' made_before=$(count_files "$log")
	# A process group of its own, so that make ends with it; and a lock that the
	# caller holds must not be held for longer by this.
	set -m
	(
		[[ -z ${lock:-} ]] || exec {lock}>&-
		renice -n 19 "$BASHPID"
		"$@" -n -k
	) >"$log.left" 2>/dev/null </dev/null &
	counting=$!
	set +m
}

# how_far LOG SECONDS: how many files of how many, and how long it still takes
how_far() {
	local made left

	made=$(count_files "$1")
	if [[ -z $total ]] && ! kill -0 "$counting" 2>/dev/null; then
		total=$((made_before + $(count_files "$1.left")))
	fi
	if [[ -z $total ]]; then
		echo "$made files made in $2 s, of how many is being counted"
	elif ((made >= total)); then
		echo "$made files made in $2 s, linking"
	elif ((made == 0)); then
		echo "0 of about $total files made in $2 s"
	else
		left=$(($2 * (total - made) / made))
		echo "$made of about $total files made in $2 s, about $(minutes $left) left"
	fi
}

# run_logged NAME LOG MAKE...: runs a make that may take long, tells every 15 s how
# far it is, and shows the end of its output when it fails.
run_logged() {
	local name=$1 log=$2 start=$SECONDS next=15 counting='' total made_before pid now

	shift 2
	mkdir -p "$(dirname "$log")"
	"$@" >"$log" 2>&1 </dev/null &
	pid=$!
	# shellcheck disable=SC2064	# this pid, not a later one
	trap "kill $pid \${counting:+-\$counting} 2>/dev/null; rm -f '$log.left'; exit 130" INT TERM
	while kill -0 "$pid" 2>/dev/null; do
		sleep 0.5
		now=$((SECONDS - start))
		((now < next)) && continue
		next=$((now + 15))
		[[ -n $counting ]] || start_counting "$log" "$@"
		say "$name: $(how_far "$log" "$now")"
	done
	[[ -z $counting ]] || kill -- "-$counting" 2>/dev/null
	rm -f "$log.left"
	trap - INT TERM
	wait "$pid" && return
	grep -m 10 -E '(error|Error|undefined reference)[: ]' "$log" >&2
	complain "$name failed; the last lines of $log:"
	tail -n 15 "$log" >&2
	return 1
}
