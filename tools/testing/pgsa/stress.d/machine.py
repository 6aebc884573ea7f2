# SPDX-License-Identifier: GPL-2.0
"""The guest that is under stress: how it is prepared, how programs are run in
it, and what its kernel says and does."""

import collections
import ctypes
import os
import re
import resource
import signal
import subprocess
import sys
import threading
import time

import classes
import lab

DIRECTORY = '/mnt/pgsa-stress'
CGROUP = '/sys/fs/cgroup/stress'
FLIPS_CGROUP = '/sys/fs/cgroup/stress-flips'
EVIDENCE = '/sys/kernel/tracing/instances/pgsa-evidence'
DIRTY = re.compile(
    r'WARNING: |BUG: |Oops|INFO: task .* blocked|rcu: INFO|INFO: rcu|'
    r'general protection|KASAN|KCSAN|UBSAN|Kernel panic|possible .* locking|'
    r'pgsa: (?!keeping |code |error: |inject: )')

started = time.monotonic()


def note(text):
    print(f'# [{time.monotonic() - started:6.1f} s] {text}', flush=True)


def try_write(path, text):
    try:
        lab.write(path, text)
        return True
    except OSError:
        return False


class Kmsg:
    """The kernel's log, of which bad lines are shown at once."""

    def __init__(self):
        self.file = os.open('/dev/kmsg', os.O_RDONLY | os.O_NONBLOCK)
        self.bad = 0

    def look(self):
        while True:
            try:
                line = os.read(self.file, 8192).decode('utf-8', 'replace')
            except BlockingIOError:
                return
            except BrokenPipeError:
                continue        # overwritten before we read it
            text = line.split(';', 1)[-1].split('\n')[0]
            if DIRTY.search(text):
                self.bad += 1
                note(f'kernel: {text}')


class Evidence:
    """What happened to frames of late, shown when one was wrongly reported."""

    def __init__(self):
        os.makedirs(EVIDENCE, exist_ok=True)
        lab.write(f'{EVIDENCE}/buffer_size_kb', 8192)
        for event in 'frame_state', 'seal', 'inject', 'error', 'repair':
            lab.write(f'{EVIDENCE}/events/pgsa/pgsa_{event}/enable', 1)
        self.shown = set()

    def show(self, pfns=()):
        lab.write(f'{EVIDENCE}/tracing_on', 0)
        with open(f'{EVIDENCE}/trace', encoding='utf-8',
                  errors='replace') as file:
            lines = [line for line in file if not pfns or
                     any(f'pfn={pfn} ' in line for pfn in pfns)]
        if not pfns:
            pfns = re.findall(r'pgsa_error: pfn=(0x[0-9a-f]+)', ''.join(lines))
        for pfn in dict.fromkeys(pfns):
            if pfn in self.shown or len(self.shown) == 5:
                continue
            self.shown.add(pfn)
            note(f'what happened to {pfn}:')
            for line in [line for line in lines
                         if f'pfn={pfn} ' in line][-40:]:
                print(f'#   {line.rstrip()}', flush=True)
        lab.write(f'{EVIDENCE}/tracing_on', 1)


# A stray kill(-1) of one program shall hit no other.
ALONE = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc', 'sh',
         '-c', '"$@"; exit $?', 'sh']


class Program:
    """One program of a class; what it prints is kept."""

    def __init__(self, argv, on_line=None):
        self.argv = argv
        if not on_line:
            argv = ALONE + argv
        self.lines = collections.deque(maxlen=400)
        self.on_line = on_line
        self.late = False
        try:
            self.process = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT, text=True, errors='replace',
                start_new_session=True, preexec_fn=self.prepare)
        except OSError as error:
            self.process = None
            self.lines.append(f'{argv[0]}: {error.strerror}')
            return
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def prepare(self):
        """In the child: into a group that is a target, too."""
        try_write('/proc/self/oom_score_adj', 500)
        lab.write(f'{FLIPS_CGROUP if self.on_line else CGROUP}/cgroup.procs', 0)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    def read(self):
        for line in self.process.stdout:
            self.lines.append(line.rstrip())
            if self.on_line:
                self.on_line(line.rstrip())

    def running(self):
        return self.process is not None and self.process.poll() is None

    def kill(self):
        """Also what it has left behind."""
        if self.process is None:
            return
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        self.reader.join(5)

    def verdict(self):
        if self.process is None:
            return 'fail', self.lines[-1]
        if self.late:
            return 'fail', 'did not end in time'
        lines = list(self.lines)
        return classes.verdict(self.argv, self.process.returncode, lines)


def mount_and_swap():
    libc = ctypes.CDLL(None, use_errno=True)
    os.makedirs(DIRECTORY, exist_ok=True)
    if libc.mount(b'/dev/image0', DIRECTORY.encode(), b'ext4', 0, None):
        sys.exit('cannot mount /dev/image0 as ext4')
    if libc.swapon(b'/dev/image1', 0):
        sys.exit('cannot swap to /dev/image1')


def tune():
    """Everything that happens in the background shall happen all the time."""
    thp = '/sys/kernel/mm/transparent_hugepage'
    numa = '/sys/kernel/debug/sched/numa_balancing'
    for path, value in (
            ('/sys/kernel/mm/ksm/pages_to_scan', 1000),
            ('/sys/kernel/mm/ksm/sleep_millisecs', 20),
            ('/sys/kernel/mm/ksm/run', 1),
            (f'{thp}/enabled', 'always'),
            (f'{thp}/shmem_enabled', 'always'),
            (f'{thp}/khugepaged/scan_sleep_millisecs', 100),
            (f'{thp}/khugepaged/alloc_sleep_millisecs', 100),
            (f'{thp}/hugepages-64kB/enabled', 'always'),
            (f'{numa}/scan_delay_ms', 100),
            (f'{numa}/scan_period_min_ms', 100),
            ('/proc/sys/kernel/numa_balancing', 1),
            ('/proc/sys/vm/compaction_proactiveness', 100),
            ('/proc/sys/vm/dirty_writeback_centisecs', 50),
            ('/proc/sys/vm/dirty_expire_centisecs', 100),
            ('/proc/sys/vm/swappiness', 100),
            ('/proc/sys/vm/stat_interval', 1),
            ('/proc/sys/kernel/core_pattern', '/dev/null'),
            ('/proc/sys/kernel/print-fatal-signals', 0),
            ('/proc/self/oom_score_adj', -1000)):
        try_write(path, value)


def limit_memory():
    """What the loads use together, so that the others live on."""
    try_write('/sys/fs/cgroup/cgroup.subtree_control', '+memory')
    os.makedirs(CGROUP, exist_ok=True)
    os.makedirs(FLIPS_CGROUP, exist_ok=True)
    with open('/proc/meminfo', encoding='ascii') as file:
        total = int(file.readline().split()[1]) << 10
    try_write(f'{CGROUP}/memory.max', total // 2)


def add_hidden_memory():
    """What mem= has hidden from the kernel at boot becomes known to it."""
    probe = '/sys/devices/system/memory/probe'
    text = os.environ.get('STRESS_HIDDEN')
    if not text or not os.path.exists(probe):
        return
    block = int(lab.read('/sys/devices/system/memory/block_size_bytes'), 16)
    begin, end = (int(word) << 20 for word in text.split('-'))
    for address in range(begin, end, block):
        done = try_write(probe, f'{address:#x}')
        state = f'/sys/devices/system/memory/memory{address // block}/state'
        done = done and (lab.read(state) == 'online' or
                         try_write(state, 'online_movable'))
        note(f'memory at {address >> 20} MiB '
             f'{"added" if done else "could not be added"}')


class Policies:
    """An unlimited sweep, of page cache, too. Beside it a search of the loads
    alone, and of whoever of them gets the CPU."""

    def __init__(self):
        sweep = lab.Policy('stress', cpu_permille=0, interval_ms=0,
                           scope='pagecache')
        targets = lab.Policy('stress-targets', strategy='registered',
                             cpu_permille=100, interval_ms=0)
        switched = lab.Policy('stress-switched', strategy='schedule')
        for policy in targets, switched:
            for cgroup in CGROUP, FLIPS_CGROUP:
                name = os.path.basename(cgroup)
                os.mkdir(f'{policy.dir}/targets/{name}')
                lab.write(f'{policy.dir}/targets/{name}/cgroup', f'/{name}')
        self.all = sweep, targets, switched
        for policy in self.all:
            policy.enable(True)
        searcher_shall_run(sweep)

    def stat(self, name):
        return sum(policy.stat(name) for policy in self.all)

    def shares(self):
        """What each of them has done."""
        for policy in self.all:
            note(f'{os.path.basename(policy.dir)}: ' + ', '.join(
                f'{policy.stat(name)} {name}'
                for name in ('frames_checked', 'errors', 'corrected')))


def searcher_shall_run(policy):
    """As SCHED_IDLE it would wait for the load to end."""
    name = os.path.basename(policy.dir)
    for pid in filter(str.isdigit, os.listdir('/proc')):
        try:
            if lab.read(f'/proc/{pid}/comm') == f'kpgsad/{name}':
                os.sched_setscheduler(int(pid), os.SCHED_OTHER,
                                      os.sched_param(0))
                os.setpriority(os.PRIO_PROCESS, int(pid), -5)
                return
        except OSError:
            continue
    raise RuntimeError('no thread of the policy')
