# SPDX-License-Identifier: GPL-2.0
"""What the demonstration works with: the files of PGSA, programs whose output
is watched, and the kernel's reports matched with the flips that were made."""

import mmap
import os
import re
import selectors
import subprocess
import threading
import time
import zlib

SYSFS = '/sys/kernel/mm/pgsa'
DEBUGFS = '/sys/kernel/debug/pgsa'
CONFIGFS = '/sys/kernel/config/pgsa'
TRACE = '/sys/kernel/tracing/instances/pgsa-demo'

PAGE = 4096


def read(path):
    with open(path, encoding='ascii') as file:
        return file.read().strip()


def write(path, text):
    """One write() without buffers: the kernel's errno reaches the caller."""
    fd = os.open(path, os.O_WRONLY)
    try:
        os.write(fd, f'{text}\n'.encode())
    finally:
        os.close(fd)


def sysfs(name):
    return int(read(f'{SYSFS}/{name}'))


def inject(pid, address, mask):
    write(f'{DEBUGFS}/inject_vaddr', f'{pid} {address:#x} {mask:#x}')


class Policy:
    """One directory in configfs, removed at the end."""

    def __init__(self, name, **attributes):
        self.dir = f'{CONFIGFS}/{name}'
        if os.path.isdir(self.dir):
            os.rmdir(self.dir)
        os.mkdir(self.dir)
        for attribute, value in attributes.items():
            write(f'{self.dir}/{attribute}', value)

    def enable(self, on):
        write(f'{self.dir}/enable', int(on))

    def stat(self, name):
        return int(read(f'{self.dir}/stats/{name}'))

    def wait_cycles(self, number):
        """Whole cycles from now on: the running one saw only a part."""
        goal = self.stat('cycles') + number + 1
        limit = time.monotonic() + 20
        while self.stat('cycles') < goal:
            if time.monotonic() > limit:
                raise RuntimeError(f'no {number} cycles in 20 s')
            time.sleep(0.02)

    def wait_sealed(self):
        """Until cycles hardly seal anything new."""
        limit = time.monotonic() + 10
        sealed = -1
        while time.monotonic() < limit:
            self.wait_cycles(2)
            now = sysfs('frames_sealed')
            if now <= sealed * 1.01:
                break
            sealed = now

    def remove(self):
        os.rmdir(self.dir)


class Trace:
    """The tracepoints pgsa_inject and pgsa_error, in a buffer of our own."""

    def __init__(self):
        os.makedirs(TRACE, exist_ok=True)
        write(f'{TRACE}/trace_clock', 'mono')
        for event in 'pgsa_inject', 'pgsa_error':
            write(f'{TRACE}/events/pgsa/{event}/enable', 1)
        self.clear()

    def clear(self):
        with open(f'{TRACE}/trace', 'w', encoding='ascii'):
            pass

    def events(self):
        """(seconds, name, fields) of all events since clear()."""
        found = []
        pattern = re.compile(r'(\d+\.\d+): (pgsa_\w+): (.*)')
        for line in read(f'{TRACE}/trace').splitlines():
            match = pattern.search(line)
            if match:
                fields = dict(word.split('=', 1)
                              for word in match[3].split() if '=' in word)
                found.append((float(match[1]), match[2], fields))
        return found

    def remove(self):
        os.rmdir(TRACE)


class Flip:
    """One pgsa_inject event, and later the error that reported it."""

    def __init__(self, when, fields):
        mask = int(fields['mask'], 0)
        self.pfn = int(fields['pfn'], 0)
        self.begin = when
        self.end = None
        self.bit = int(fields['offset']) * 8 + (mask & -mask).bit_length() - 1
        self.result = None
        self.bit_right = False
        self.delay_ns = -1
        self.reports = 0

    def report(self, when, fields):
        self.reports += 1
        self.end = when
        self.result = fields['result']
        self.bit_right = int(fields['bit']) == self.bit
        self.delay_ns = int(fields['delay_ns'])


def match(events, gone):
    """The flips in the order of their making, and the reports no flip explains,
    neither one of these nor one of an earlier part whose page had gone."""
    flips, unexplained = [], []
    pending = {flip.pfn: flip for flip in gone}
    for when, name, fields in events:
        pfn = int(fields['pfn'], 0)
        if name == 'pgsa_inject':
            pending[pfn] = Flip(when, fields)
            flips.append(pending[pfn])
        elif pfn in pending:
            pending[pfn].report(when, fields)
        else:
            unexplained.append(fields)
    # A second report of a flip is a false alarm, too.
    for flip in flips:
        if flip.reports > 1:
            unexplained += [{'pfn': hex(flip.pfn)}] * (flip.reports - 1)
    return flips, unexplained


def is_mapped(pfn):
    with open('/proc/kpagecount', 'rb', buffering=0) as counts:
        counts.seek(pfn * 8)
        return counts.read(8) != bytes(8)


def read_only_areas(pid):
    """(start, end, name) of what the process may read but not write. The
    kernel's own [vdso] and [vvar] do not count."""
    areas = []
    with open(f'/proc/{pid}/maps', encoding='utf-8') as maps:
        for line in maps:
            words = line.split()
            name = words[5] if len(words) > 5 else ''
            if words[1].startswith('r-') and not name.startswith('[v'):
                start, end = (int(word, 16) for word in words[0].split('-'))
                areas.append((start, end, name))
    return areas


def checksums(pid):
    """CRC-32 of every read-only area of a process, by address."""
    sums = {}
    with open(f'/proc/{pid}/mem', 'rb', buffering=0) as mem:
        for start, end, name in read_only_areas(pid):
            crc = 0
            try:
                for address in range(start, end, 64 * PAGE):
                    mem.seek(address)
                    crc = zlib.crc32(mem.read(min(64 * PAGE, end - address)),
                                     crc)
            except OSError:
                continue        # beyond the end of its file
            sums[start, end, name] = crc
    return sums


class Mapping:
    """Whole files, mapped and read: their frames are in the set meanwhile."""

    def __init__(self, paths):
        self.maps = []
        for path in paths:
            with open(path, 'rb') as file:
                self.maps.append(mmap.mmap(file.fileno(), 0,
                                           prot=mmap.PROT_READ))
            for offset in range(0, len(self.maps[-1]), PAGE):
                self.maps[-1][offset]       # pylint: disable=W0104

    def close(self):
        for area in self.maps:
            area.close()


def find_text(pid, text):
    """Address of a constant in the read-only memory of a process."""
    with open(f'/proc/{pid}/mem', 'rb', buffering=0) as mem:
        for start, end, name in read_only_areas(pid):
            if not name.startswith('/'):
                continue
            mem.seek(start)
            where = mem.read(end - start).find(text)
            if where >= 0:
                return start + where
    raise RuntimeError(f'no {text} in process {pid}')


class Program:
    """A program, or a pipeline, that prints lines for as long as it lives."""

    def __init__(self, name, argv, check):
        self.name = name
        self.check = check      # (line, number of lines before) -> right?
        self.lines = []         # (seconds, text)
        self.process = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, start_new_session=True)
        self.pids = []
        self.rest = b''

    def find_pids(self):
        """The processes of its session that last: [(pid, command)]."""
        seen = [self.session() for _ in range(2) if not time.sleep(0.03)]
        self.pids = sorted(set.intersection(*seen))
        return self.pids

    def session(self):
        found = set()
        for entry in os.listdir('/proc'):
            try:
                stat = read(f'/proc/{entry}/stat') if entry.isdigit() else ''
            except OSError:
                continue        # ended meanwhile
            fields = stat.rpartition(')')[2].split()
            if fields and int(fields[3]) == self.process.pid:
                found.add((int(entry), stat[stat.find('(') + 1:stat.rfind(')')]))
        return found

    def alive(self):
        return self.process.poll() is None and all(
            os.path.exists(f'/proc/{pid}/exe') for pid, _ in self.pids)

    def take(self, data):
        now = time.monotonic()
        *lines, self.rest = (self.rest + data).split(b'\n')
        self.lines += [(now, line.decode('utf-8', 'backslashreplace'))
                       for line in lines]

    def damaged(self):
        """[(seconds, text)] of the lines that are not what they should be."""
        return [line for number, line in enumerate(self.lines)
                if not self.check(line[1], number)]

    def since(self, begin):
        return [text for when, text in self.lines if when >= begin]

    def stop(self):
        try:
            os.killpg(self.process.pid, 9)
        except ProcessLookupError:
            pass
        self.process.wait()


class Reader(threading.Thread):
    """Collects what the programs print, and when."""

    def __init__(self, programs):
        super().__init__(daemon=True)
        self.selector = selectors.DefaultSelector()
        for program in programs:
            self.selector.register(program.process.stdout,
                                   selectors.EVENT_READ, program)
        self.start()

    def run(self):
        while self.selector.get_map():
            for key, _ in self.selector.select():
                data = os.read(key.fd, 65536)
                if data:
                    key.data.take(data)
                else:
                    self.selector.unregister(key.fileobj)
