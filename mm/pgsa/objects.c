// SPDX-License-Identifier: GPL-2.0
/*
 * Where PGSA's own structures are in physical memory, for tools that damage them
 * from outside; and which parts of them are pointers and locks, whose damage no
 * kernel survives.
 */
#include <linux/capability.h>
#include <linux/debugfs.h>
#include <linux/mm.h>
#include <linux/seq_file.h>
#include <linux/stddef.h>

#include "mark.h"
#include "pgsa.h"
#include "targets.h"

/* An object may be spread over frames that are not neighbours. */
static void pgsa_show_object(struct seq_file *seq, const char *kind,
			     const void *object, size_t size)
{
	size_t offset, bytes;

	for (offset = 0; offset < size; offset += bytes) {
		const void *part = object + offset;
		phys_addr_t phys = __pa(part);

		bytes = min(size - offset, PAGE_SIZE - offset_in_page(part));
		if (is_vmalloc_addr(part))
			phys = PFN_PHYS(vmalloc_to_pfn(part)) +
			       offset_in_page(part);
		seq_printf(seq, "object %s %zu %zu 0x%llx\n", kind, offset,
			   bytes, (u64)phys);
	}
}

#define PGSA_POINTER(kind, member)					\
	{ #kind, offsetof(struct pgsa_##kind, member),			\
	  sizeof_field(struct pgsa_##kind, member) }

/* Structures of others that are embedded here count as pointers. */
static const struct {
	const char *kind;
	size_t offset;
	size_t size;
} pgsa_pointers[] = {
	PGSA_POINTER(policy, group),
	PGSA_POINTER(policy, stats_group),
	PGSA_POINTER(policy, targets_group),
	PGSA_POINTER(policy, targets.by_id),
	PGSA_POINTER(policy, targets.by_whom),
	PGSA_POINTER(policy, live),
	PGSA_POINTER(policy, lock),
	PGSA_POINTER(policy, limited),
	PGSA_POINTER(policy, strategy),
	PGSA_POINTER(policy, detect),
	PGSA_POINTER(policy, correct),
	PGSA_POINTER(policy, crew),
	PGSA_POINTER(policy, counts),
	PGSA_POINTER(crew, cursor_lock),
	PGSA_POINTER(crew, strategy),
	PGSA_POINTER(crew, cursor.policy),
	PGSA_POINTER(crew, cursor.walk.seen),
	PGSA_POINTER(crew, cursor.walk.last),
	PGSA_POINTER(crew, lock),
	PGSA_POINTER(search, policy),
	PGSA_POINTER(search, crew),
	PGSA_POINTER(search, thread),
	PGSA_POINTER(search, damaged),
	PGSA_POINTER(search, repaired),
	PGSA_POINTER(search, now),
	PGSA_POINTER(search, claims),
	PGSA_POINTER(target, item),
	PGSA_POINTER(target, rcu),
	PGSA_POINTER(target, policy),
	PGSA_POINTER(target, pid),
	PGSA_POINTER(target, cgroup),
	PGSA_POINTER(target, agent),
	PGSA_POINTER(target, member),
	PGSA_POINTER(target, members),
	{ "crew", offsetof(struct pgsa_crew, searches),
	  (PGSA_SEARCHERS_MAX + 1) * sizeof(void *) },
};

static void pgsa_show_pointers(struct seq_file *seq)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(pgsa_pointers); i++)
		seq_printf(seq, "pointer %s %zu %zu\n", pgsa_pointers[i].kind,
			   pgsa_pointers[i].offset, pgsa_pointers[i].size);
}

static void pgsa_show_search(struct seq_file *seq,
			     const struct pgsa_search *search)
{
	pgsa_show_object(seq, "search", search, sizeof(*search));
	pgsa_show_object(seq, "claims", search->claims,
			 pgsa_claims_max() * sizeof(*search->claims));
}

static void pgsa_show_policy(struct pgsa_policy *policy, void *arg)
{
	struct pgsa_crew *crew = policy->crew;
	struct config_item *item;
	struct seq_file *seq = arg;
	unsigned int i;

	pgsa_show_object(seq, "policy", policy, sizeof(*policy));
	list_for_each_entry(item, &policy->targets_group.cg_children, ci_entry)
		pgsa_show_object(seq, "target",
				 container_of(item, struct pgsa_target, item),
				 sizeof(struct pgsa_target));
	if (!crew)
		return;
	for (i = 0; crew->searches[i]; i++)
		pgsa_show_search(seq, crew->searches[i]);
	pgsa_show_object(seq, "crew", crew, struct_size(crew, searches, i + 1));
}

static int pgsa_objects_show(struct seq_file *seq, void *unused)
{
	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	pgsa_show_pointers(seq);
	pgsa_show_object(seq, "marks", pgsa_marks,
			 pgsa_marks_end / BITS_PER_BYTE);
	pgsa_walk_policies(pgsa_show_policy, seq);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(pgsa_objects);

/**
 * pgsa_objects_init - create the file "objects"
 * @dir: directory of PGSA in debugfs
 *
 * Context: Boot.
 */
void __init pgsa_objects_init(struct dentry *dir)
{
	debugfs_create_file("objects", 0400, dir, NULL, &pgsa_objects_fops);
}
