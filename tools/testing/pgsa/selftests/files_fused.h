/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The FUSE server of the tests.
 */
#ifndef PGSA_FILES_FUSED_H
#define PGSA_FILES_FUSED_H

#include "files.h"

#define FUSED_NAME	"file"
#define FUSED_NODE	2
#define FUSED_PAGES	8
#define FUSED_SIZE	(FUSED_PAGES * PGSA_PAGE)

int fused_mount(const char *dir);
void fused_store(int fd, size_t at, const char *data, size_t len);

#endif /* PGSA_FILES_FUSED_H */
