// SPDX-License-Identifier: GPL-2.0
/*
 * Pages of the kernel that a process maps read-only, and that the kernel goes on
 * writing: rings of all kinds. Some look like pages of a file.
 */
#include "writers.h"

#include <arpa/inet.h>
#include <linux/aio_abi.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/io_uring.h>
#include <linux/perf_event.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

/* Touches all pages for reading. */
static uint32_t look_at(const void *area, size_t size)
{
	const volatile uint32_t *words = area;
	uint32_t sum = 0;
	size_t i;

	for (i = 0; i < size / sizeof(*words); i++)
		sum += words[i] * (i + 1);
	return sum;
}

/*
 * @work makes the kernel write to the ring, as often as the searcher has had the
 * time to seal it, until new pages have reached the LRU lists and longer.
 */
static void watch_ring(const void *ring, size_t size, void (*work)(void))
{
	double end = now_s() + LRU_MS / 1000.0;
	uint32_t sum = look_at(ring, size);
	unsigned int rounds = 0;

	check(!frame_of(pfn_of(ring)).writers, "the ring is writable");
	do {
		wait_cycles(1);
		work();
		rounds++;
	} while (now_s() < end);
	check(look_at(ring, size) != sum, "the kernel did not use the ring");
	wait_cycles(1);
	diag("%u rounds", rounds);
	expect_no_errors(0);
}

static aio_context_t aio;

static void aio_work(void)
{
	static char buf[512];
	struct io_event event;
	struct iocb iocb = {
		.aio_lio_opcode = IOCB_CMD_PREAD,
		.aio_fildes = open("/proc/self/exe", O_RDONLY),
		.aio_buf = (uintptr_t)buf,
		.aio_nbytes = sizeof(buf),
	}, *list = &iocb;

	check(syscall(SYS_io_submit, aio, 1, &list) == 1, "io_submit: %s",
	      strerror(errno));
	check(syscall(SYS_io_getevents, aio, 1, 1, &event, NULL) == 1,
	      "io_getevents: %s", strerror(errno));
	close(iocb.aio_fildes);
}

void test_aio_ring(void)
{
	if (syscall(SYS_io_setup, 32, &aio))
		skip("no AIO");
	watch_ring((void *)aio, PGSA_PAGE, aio_work);
}

static struct uring uring;

static void uring_work(void)
{
	/* All requests are queued; one a time is handed over. */
	syscall(SYS_io_uring_enter, uring.fd, 1, 0, 0, NULL, 0);
}

void test_uring_ring(void)
{
	unsigned int i;

	uring_open(&uring, 1024);
	for (i = 0; i < 1024; i++)
		uring_queue(&uring, IORING_OP_NOP, -1, NULL, 0);
	protect(uring.rings, uring.size, PROT_READ);
	watch_ring(uring.rings, uring.size, uring_work);
}

#define SETUP_NO_MMAP	0x4000	/* IORING_SETUP_NO_MMAP */

/* The address; its field is not called user_addr in older headers. */
static uint64_t *last_word(void *offsets, size_t size)
{
	return (uint64_t *)((char *)offsets + size) - 1;
}

/* The kernel writes to a page of the process, which it has pinned. */
void test_uring_user_ring(void)
{
	uint32_t *area = new_sealed(2, PROT_READ | PROT_WRITE);
	struct io_uring_params params = { .flags = SETUP_NO_MMAP };
	unsigned int i, *array, *tail;

	memset(area, 0, 2 * PGSA_PAGE);
	*last_word(&params.cq_off, sizeof(params.cq_off)) = (uintptr_t)area;
	*last_word(&params.sq_off, sizeof(params.sq_off)) =
		(uintptr_t)(area + WORDS);
	uring.fd = syscall(SYS_io_uring_setup, 32, &params);
	if (uring.fd < 0)
		skip("no io_uring in pages of the process");
	array = area + params.sq_off.array / sizeof(*area);
	tail = area + params.sq_off.tail / sizeof(*area);
	for (i = 0; i < 32; i++)
		array[i] = i;	/* all of them IORING_OP_NOP */
	*tail = 32;
	protect(area, 2 * PGSA_PAGE, PROT_READ);
	watch_ring(area, PGSA_PAGE, uring_work);
}

/* Long enough for a sample on this CPU. */
static void perf_work(void)
{
	double end = now_s() + 0.005;

	while (now_s() < end)
		;
}

/* Of a CPU and by its clock: no code of the kernel is patched for such an event. */
void test_perf_ring(void)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_CPU_CLOCK,
		.sample_period = 1000000,
		.sample_type = PERF_SAMPLE_IP | PERF_SAMPLE_TIME,
	};
	const size_t size = 9 * PGSA_PAGE;
	int fd = syscall(SYS_perf_event_open, &attr, -1, 0, -1, 0);
	void *ring;

	if (fd < 0)
		skip("no perf events");
	ring = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
	must_map(ring);
	stay_on(0, 0);
	watch_ring(ring, size, perf_work);
}

static int udp;

static void packet_work(void)
{
	struct sockaddr_in to = {
		.sin_family = AF_INET,
		.sin_port = htons(9),
		.sin_addr = { htonl(INADDR_LOOPBACK) },
	};

	sendto(udp, "packet", 6, 0, (struct sockaddr *)&to, sizeof(to));
}

static void lo_up(void)
{
	struct ifreq ifr = { .ifr_name = "lo", .ifr_flags = IFF_UP };

	check(!ioctl(udp, SIOCSIFFLAGS, &ifr), "lo: %s", strerror(errno));
}

void test_packet_ring(void)
{
	struct tpacket_req req = {
		.tp_block_size = 4 * PGSA_PAGE,
		.tp_block_nr = 4,
		.tp_frame_size = 2048,
		.tp_frame_nr = 32,
	};
	int fd = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));
	size_t size = req.tp_block_size * req.tp_block_nr;
	void *ring;

	if (fd < 0)
		skip("no packet sockets");
	udp = socket(AF_INET, SOCK_DGRAM, 0);
	lo_up();
	check(!setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &req, sizeof(req)),
	      "PACKET_RX_RING: %s", strerror(errno));
	ring = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
	must_map(ring);
	watch_ring(ring, size, packet_work);
}

#define RING_DIR	"/sys/kernel/tracing/instances/pgsa-ring"

static void trace_work(void)
{
	unsigned int i;

	for (i = 0; i < 20; i++)
		pgsa_write(RING_DIR "/trace_marker", "a line for the ring");
}

/* The first page describes the ring; its fourth word is the number of others. */
void test_trace_ring(void)
{
	uint32_t *ring;
	size_t size;
	int fd;

	mkdir(RING_DIR, 0755);
	pgsa_write(RING_DIR "/buffer_size_kb", "16");
	fd = open(RING_DIR "/per_cpu/cpu0/trace_pipe_raw",
		  O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	ring = mmap(NULL, PGSA_PAGE, PROT_READ, MAP_SHARED, fd, 0);
	if (ring == MAP_FAILED)
		skip("the trace's ring cannot be mapped");
	size = (ring[3] + 1) * PGSA_PAGE;
	ring = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
	must_map(ring);
	stay_on(0, 0);
	watch_ring(ring, size, trace_work);
	munmap(ring, size);
	close(fd);
	rmdir(RING_DIR);
}
