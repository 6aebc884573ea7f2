/* SPDX-License-Identifier: GPL-2.0 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM pgsa

#if !defined(_TRACE_PGSA_H) || defined(TRACE_HEADER_MULTI_READ)
#define _TRACE_PGSA_H

#include <linux/tracepoint.h>

#define PGSA_TRACE_STATES		\
	EM(0, "NONE")			\
	EM(1, "OPEN")			\
	EM(2, "SEALING")		\
	EM(3, "SEALED")			\
	EM(4, "CHECKING")		\
	EM(5, "BAD")			\
	EMe(6, "?")

#define EM(a, b)	{ a, b },
#define EMe(a, b)	{ a, b }

TRACE_EVENT(pgsa_inject,
	TP_PROTO(unsigned long pfn, unsigned int offset, u64 mask),
	TP_ARGS(pfn, offset, mask),

	TP_STRUCT__entry(
		__field(unsigned long, pfn)
		__field(unsigned int, offset)
		__field(u64, mask)
	),

	TP_fast_assign(
		__entry->pfn = pfn;
		__entry->offset = offset;
		__entry->mask = mask;
	),

	TP_printk("pfn=0x%lx offset=%u mask=0x%016llx",
		  __entry->pfn, __entry->offset, __entry->mask)
);

TRACE_EVENT(pgsa_frame_state,
	TP_PROTO(unsigned long pfn, unsigned int from, unsigned int to,
		 unsigned int generation),
	TP_ARGS(pfn, from, to, generation),

	TP_STRUCT__entry(
		__field(unsigned long, pfn)
		__field(unsigned int, from)
		__field(unsigned int, to)
		__field(unsigned int, generation)
	),

	TP_fast_assign(
		__entry->pfn = pfn;
		__entry->from = from;
		__entry->to = to;
		__entry->generation = generation;
	),

	TP_printk("pfn=0x%lx from=%s to=%s generation=%u", __entry->pfn,
		  __print_symbolic(__entry->from, PGSA_TRACE_STATES),
		  __print_symbolic(__entry->to, PGSA_TRACE_STATES),
		  __entry->generation)
);

TRACE_EVENT(pgsa_seal,
	TP_PROTO(unsigned long pfn, const char *detect, const char *correct,
		 u32 crc),
	TP_ARGS(pfn, detect, correct, crc),

	TP_STRUCT__entry(
		__field(unsigned long, pfn)
		__string(detect, detect)
		__string(correct, correct)
		__field(u32, crc)
	),

	TP_fast_assign(
		__entry->pfn = pfn;
		__assign_str(detect);
		__assign_str(correct);
		__entry->crc = crc;
	),

	TP_printk("pfn=0x%lx detect=%s correct=%s crc=0x%08x", __entry->pfn,
		  __get_str(detect), __get_str(correct), __entry->crc)
);

TRACE_EVENT(pgsa_error,
	TP_PROTO(unsigned long pfn, const char *policy, const char *code,
		 int bit, const char *result, s64 delay_ns),
	TP_ARGS(pfn, policy, code, bit, result, delay_ns),

	TP_STRUCT__entry(
		__field(unsigned long, pfn)
		__string(policy, policy)
		__string(code, code)
		__field(int, bit)
		__string(result, result)
		__field(s64, delay_ns)
	),

	TP_fast_assign(
		__entry->pfn = pfn;
		__assign_str(policy);
		__assign_str(code);
		__entry->bit = bit;
		__assign_str(result);
		__entry->delay_ns = delay_ns;
	),

	TP_printk("pfn=0x%lx policy=%s code=%s bit=%d result=%s delay_ns=%lld",
		  __entry->pfn, __get_str(policy), __get_str(code),
		  __entry->bit, __get_str(result), __entry->delay_ns)
);

TRACE_EVENT(pgsa_unconfirmed,
	TP_PROTO(unsigned long pfn, const char *policy, const char *reason),
	TP_ARGS(pfn, policy, reason),

	TP_STRUCT__entry(
		__field(unsigned long, pfn)
		__string(policy, policy)
		__string(reason, reason)
	),

	TP_fast_assign(
		__entry->pfn = pfn;
		__assign_str(policy);
		__assign_str(reason);
	),

	TP_printk("pfn=0x%lx policy=%s reason=%s", __entry->pfn,
		  __get_str(policy), __get_str(reason))
);

TRACE_EVENT(pgsa_repair,
	TP_PROTO(unsigned long pfn, unsigned int offset, u64 mask,
		 const char *code),
	TP_ARGS(pfn, offset, mask, code),

	TP_STRUCT__entry(
		__field(unsigned long, pfn)
		__field(unsigned int, offset)
		__field(u64, mask)
		__string(code, code)
	),

	TP_fast_assign(
		__entry->pfn = pfn;
		__entry->offset = offset;
		__entry->mask = mask;
		__assign_str(code);
	),

	TP_printk("pfn=0x%lx offset=%u mask=0x%016llx code=%s", __entry->pfn,
		  __entry->offset, __entry->mask, __get_str(code))
);

TRACE_EVENT(pgsa_cycle,
	TP_PROTO(const char *policy, u64 frames, u64 checked, u64 ns,
		 u64 cpu_ns),
	TP_ARGS(policy, frames, checked, ns, cpu_ns),

	TP_STRUCT__entry(
		__string(policy, policy)
		__field(u64, frames)
		__field(u64, checked)
		__field(u64, ns)
		__field(u64, cpu_ns)
	),

	TP_fast_assign(
		__assign_str(policy);
		__entry->frames = frames;
		__entry->checked = checked;
		__entry->ns = ns;
		__entry->cpu_ns = cpu_ns;
	),

	TP_printk("policy=%s frames=%llu checked=%llu ns=%llu cpu_ns=%llu",
		  __get_str(policy), __entry->frames, __entry->checked,
		  __entry->ns, __entry->cpu_ns)
);

#undef EM
#undef EMe
#endif /* _TRACE_PGSA_H */

#include <trace/define_trace.h>
