// SPDX-License-Identifier: GPL-2.0
/*
 * The tracepoints are defined here.
 */
#define CREATE_TRACE_POINTS
#include <trace/events/pgsa.h>
