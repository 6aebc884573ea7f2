# SPDX-License-Identifier: GPL-2.0
"""The classes of stress: what makes memory busy, and how it is started. A class
is a list of programs that run at the same time."""

import os

HERE = os.path.dirname(os.path.realpath(__file__))
TOOLS = os.environ.get('PGSA_TOOLS', f'{HERE}/../../../../build/tools')

# Our own loads, see load.c: they check the content of their memory themselves.
LOADS = {
    'protect': 'tlb',
    'mremap': 'mremap',
    'madvise': 'madvise',
    'fork': 'cow',
    'exit': 'exit',
    'exec': 'exec',
    'forced': 'forced',
    'pipe': 'pipe',
    'userfault': 'userfault',
    'debugger': 'ptrace',
    'uprobe': 'uprobe',
    'softdirty': 'softdirty',
    'file': 'file',
    'tmpfs': 'tmpfs memfd',
    'overlay': 'overlay',
    'direct': 'direct',
    'uring': 'uring',
    'library': 'library',
    'program': 'program',
    'swap': 'swap',
    'reclaim': 'reclaim',
    'ksm': 'ksm',
    'compact': 'compact',
    'migrate': 'migrate',
    'hotplug': 'hotplug',
    'offline': 'offline',
    'thp': 'thp',
    'filethp': 'filethp',
    'hugetlb': 'hugetlb',
}

# Those of stress-ng: options without the leading "--"; a bare one gets 1 worker.
STRESS_NG = {
    'ng-vm': 'vm vm-bytes=24M vm-rw vm-rw-bytes=4M vm-splice vm-segv vm-addr',
    'ng-mmap': 'mmap mmap-bytes=16M mmapaddr mmapfixed mmapmany',
    'ng-munmap': 'mmapfork mmaphuge mmaphuge-mmaps=32 munmap remap',
    'ng-lock': 'mlock mlockmany mlockmany-procs=16 mincore msync '
               'msync-bytes=4M',
    'ng-protect': 'mprotect mremap mremap-bytes=8M madvise pkey',
    'ng-fork': 'fork vfork clone clone-max=64 zombie zombie-max=64',
    'ng-heavy': 'forkheavy forkheavy-allocs=256 forkheavy-procs=64 daemon '
                'spawn',
    'ng-exec': 'exec dynlib exit-group',
    'ng-signal': 'sigsegv sigtrap sigabrt bad-altstack',
    'ng-heap': 'brk malloc malloc-bytes=16M bigheap bigheap-growth=64K',
    'ng-stack': 'stack stackmmap fault',
    'ng-shm': 'shm shm-bytes=1M shm-sysv shm-sysv-bytes=1M',
    'ng-tmpfs': 'memfd memfd-bytes=16M tmpfs dev-shm seal',
    'ng-swap': 'swap pageswap',
    'ng-move': 'pagemove pagemove-bytes=8M rmap physpage',
    'ng-aio': 'aio aiol io-uring readahead readahead-bytes=8M',
    'ng-direct': 'hdd hdd-bytes=8M hdd-opts=direct iomix iomix-bytes=8M',
    'ng-file': 'fallocate fallocate-bytes=8M fpunch sync-file '
               'sync-file-bytes=1M',
    'ng-pipe': 'splice splice-bytes=1M tee sendfile sendfile-size=1M zero '
               'null',
    'ng-userfault': 'userfaultfd secretmem',
    'ng-debugger': 'ptrace kcmp',
    'ng-tlb': 'tlb-shootdown membarrier mcontend prefetch prefetch-l3-size=4M',
    'ng-numa': 'numa idle-page',
    'ng-resources': 'resources',
}

# Those that may not do all: they would poison their own memory, and die.
UNPRIVILEGED = 'ng-protect',

# What stress-ng takes for a failure and is none of the kernel.
EXCUSED = 'IORING_OP_STATX',    # looks for a file that it has removed

NAMES = [*LOADS, *STRESS_NG]


def stress_ng(options, seconds, seed, directory):
    argv = ['stress-ng', '--timeout', str(seconds), '--seed', str(seed),
            '--temp-path', directory, '--verify', '--oomable', '--metrics']
    for option in options.split():
        name, _, value = option.partition('=')
        argv += [f'--{name}', value or '1']
    return argv


def load(name, seconds, seed, directory):
    return [f'{TOOLS}/load', '-t', str(seconds), '-s', str(seed), '-d',
            directory, name]


def commands(name, seconds, seed, directory):
    """What to run for a class."""
    if name in STRESS_NG:
        argv = stress_ng(STRESS_NG[name], seconds, seed, directory)
        if name in UNPRIVILEGED:
            argv[:0] = 'setpriv', '--bounding-set=-sys_admin'
        return [argv]
    return [load(word, seconds, seed + number, directory)
            for number, word in enumerate(LOADS[name].split())]


def verdict_load(status, lines):
    """('ok', 'skip' or 'fail', why) of one of our loads."""
    last = lines[-1] if lines else 'said nothing'
    if status == 4:
        return 'skip', last.split(': ', 1)[-1]
    if status == 0 and last.startswith('done '):
        return 'ok', last
    return 'fail', f'ended with {status}: {last}'


def bogo_ops(lines):
    """{stressor: operations} from the table of stress-ng."""
    found = {}
    for line in lines:
        words = line.split()
        if len(words) > 8 and words[1] == 'metrc:' and words[4].isdigit():
            found[words[3]] = int(words[4])
    return found


def verdict_stress_ng(status, lines):
    """The same of stress-ng. A stressor that the kernel cannot do is no
    failure, one that did nothing at all is, unless others beside it did."""
    ops = bogo_ops(lines)
    done = ' '.join(f'{name}={number}' for name, number in ops.items()
                    if number)
    why = [line.split(']', 1)[-1].strip() for line in lines
           if ' fail:' in line]
    if why and all(word in line for word in EXCUSED for line in why):
        status = 0
    skipped = [line.split(']', 2)[-1].strip() for line in lines
               if 'skipping' in line or 'not implemented' in line]
    if status == 0 and done:
        return 'ok', done
    if status in (0, 3, 4) and skipped and not done:
        return 'skip', skipped[0]
    if status in (3, 4, 7) and done:
        return 'ok', done
    return 'fail', f'ended with {status}: ' + ('; '.join(why[:3]) or done or
                                               'nothing was done')


def verdict(argv, status, lines):
    if 'stress-ng' in argv:
        return verdict_stress_ng(status, lines)
    return verdict_load(status, lines)
