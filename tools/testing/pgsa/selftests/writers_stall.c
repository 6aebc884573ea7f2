// SPDX-License-Identifier: GPL-2.0
/*
 * Makes the kernel wait in the middle of copying: it reads from a page that is
 * not there until userfaultfd provides it.
 */
#include "writers.h"

#include <linux/userfaultfd.h>
#include <sys/ioctl.h>

void stall_prepare(struct stall *stall)
{
	stall->page = mmap(NULL, PGSA_PAGE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	must_map(stall->page);
	stall->uffd = uffd_register(stall->page, PGSA_PAGE,
				    UFFDIO_REGISTER_MODE_MISSING, 0);
}

/* Returns when somebody waits for the page. */
void stall_wait(struct stall *stall)
{
	struct uffd_msg msg;

	check(read(stall->uffd, &msg, sizeof(msg)) == sizeof(msg) &&
	      msg.event == UFFD_EVENT_PAGEFAULT, "userfaultfd: %s",
	      strerror(errno));
}

void stall_end(struct stall *stall, const void *content)
{
	struct uffdio_copy copy = {
		.dst = (uintptr_t)stall->page,
		.src = (uintptr_t)content,
		.len = PGSA_PAGE,
	};

	check(!ioctl(stall->uffd, UFFDIO_COPY, &copy), "UFFDIO_COPY: %s",
	      strerror(errno));
	close(stall->uffd);
}
