// SPDX-License-Identifier: GPL-2.0
/*
 * /sys/kernel/config/pgsa/<policy>/targets/: directories, their files, and what
 * may be written to them.
 */
#define pr_fmt(fmt) "pgsa: " fmt

#include <linux/capability.h>
#include <linux/module.h>
#include <linux/pid.h>
#include <linux/printk.h>
#include <linux/rculist.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/string_helpers.h>
#include <linux/stringify.h>
#include <linux/sysfs.h>
#include <kunit/visibility.h>

#include "targets.h"
#include "text.h"

#define PGSA_SIGNALS_VALID						\
	"0 to " __stringify(_NSIG) " but for " __stringify(SIGKILL) " and "	\
	__stringify(SIGSTOP)

#define pgsa_held(target)	lockdep_is_held(&(target)->policy->lock)

static struct pgsa_target *to_target(struct config_item *item)
{
	return container_of(item, struct pgsa_target, item);
}

/* With the policy's lock: may the target's files be written? */
static int pgsa_target_writable(struct pgsa_target *target)
{
	lockdep_assert_held(&target->policy->lock);
	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	return target->policy->crew && (rcu_access_pointer(target->pid) ||
					rcu_access_pointer(target->cgroup)) ?
	       -EBUSY : 0;
}

/*
 * The number of a thread as the writer sees it stands for its thread group, of
 * which the main thread may have ended; 0 is none.
 */
static int pgsa_parse_process(const char *text, struct pid **pid)
{
	struct task_struct *thread, *process;
	struct pid *tgid;
	u64 nr;

	*pid = NULL;
	if (pgsa_parse_decimal(text, INT_MAX, &nr))
		return -EINVAL;
	if (!nr)
		return 0;
	guard(rcu)();
	thread = pid_task(find_vpid(nr), PIDTYPE_PID);
	/* Read once: it becomes NULL when the last thread has been reaped. */
	tgid = thread ? READ_ONCE(thread->signal->pids[PIDTYPE_TGID]) : NULL;
	process = pgsa_target_process(tgid);
	if (!process)
		return -ESRCH;
	if (process->flags & PF_KTHREAD)
		return -EINVAL;
	*pid = get_pid(tgid);
	return 0;
}

/*
 * Writes the process that @text names to @field, if it may stand beside a cgroup
 * or there is none.
 */
static int pgsa_set_process(struct pgsa_target *target, const char *attr,
			    const char *text, struct pid __rcu **field,
			    bool alone)
{
	const char *valid = alone ?
		"0, or number of a process that is no kernel thread, if cgroup is empty" :
		"0, or number of a process that is no kernel thread";
	struct pid *pid, *old = NULL;
	int err = pgsa_parse_process(text, &pid);

	mutex_lock(&target->policy->lock);
	if (!err)
		err = pgsa_target_writable(target);
	if (!err && pid && alone && rcu_access_pointer(target->cgroup))
		err = -EINVAL;
	if (!err && alone && !rcu_access_pointer(target->cgroup))
		err = pgsa_targets_list(target, pid, NULL);
	if (!err)
		old = rcu_replace_pointer(*field, pid, pgsa_held(target));
	mutex_unlock(&target->policy->lock);

	if (err) {
		put_pid(pid);
		return pgsa_target_refuse(target, attr, text, err, valid);
	}
	if (old)
		synchronize_rcu();
	put_pid(old);
	return 0;
}

/**
 * pgsa_target_set_pid - choose the process
 * @target: the target
 * @text: number of a thread group in the writer's pid namespace, 0 for none
 *
 * Context: Process context, may sleep.
 * Return: 0; -EINVAL for another text, for a kernel thread, and if the target
 * has a cgroup; -ESRCH if there is no such thread group; -EBUSY if the target is
 * in use; -EPERM without CAP_SYS_ADMIN.
 */
int pgsa_target_set_pid(struct pgsa_target *target, const char *text)
{
	return pgsa_set_process(target, "pid", text, &target->pid, true);
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_target_set_pid);

/**
 * pgsa_target_set_agent - choose who is told about errors
 * @target: the target
 * @text: number of a thread group in the writer's pid namespace, 0 for none
 *
 * Context: Process context, may sleep.
 * Return: 0; -EINVAL for another text and for a kernel thread; -ESRCH if there
 * is no such thread group; -EBUSY if the target is in use; -EPERM without
 * CAP_SYS_ADMIN.
 */
int pgsa_target_set_agent(struct pgsa_target *target, const char *text)
{
	return pgsa_set_process(target, "agent", text, &target->agent, false);
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_target_set_agent);

/* Nothing but a newline is no cgroup. */
static int pgsa_parse_cgroup(const char *text, struct cgroup **cgroup)
{
	char *path = kstrndup(text, strcspn(text, "\n"), GFP_KERNEL);
	int err = 0;

	*cgroup = NULL;
	if (!path)
		return -ENOMEM;
	if (text[strlen(path)] && text[strlen(path) + 1])
		err = -EINVAL;
	else if (*path && *path != '/')
		err = -EINVAL;
	else if (*path)
		*cgroup = pgsa_cgroup_get(path);
	kfree(path);
	if (IS_ERR(*cgroup)) {
		err = -ENOENT;
		*cgroup = NULL;
	}
	return err;
}

/**
 * pgsa_target_set_cgroup - choose all processes of a cgroup
 * @target: the target
 * @text: path in the unified hierarchy as the writer sees it, or an empty line
 *
 * Context: Process context, may sleep.
 * Return: 0; -EINVAL for a text that does not begin with "/", and if the target
 * has a pid; -ENOENT if there is no such cgroup; -EBUSY if the target is in use;
 * -EPERM without CAP_SYS_ADMIN; -ENOMEM.
 */
int pgsa_target_set_cgroup(struct pgsa_target *target, const char *text)
{
	struct cgroup *cgroup, *old = NULL;
	int err = pgsa_parse_cgroup(text, &cgroup);

	mutex_lock(&target->policy->lock);
	if (!err)
		err = pgsa_target_writable(target);
	if (!err && cgroup && rcu_access_pointer(target->pid))
		err = -EINVAL;
	if (!err && !rcu_access_pointer(target->pid))
		err = pgsa_targets_list(target, NULL, cgroup);
	if (!err)
		old = rcu_replace_pointer(target->cgroup, cgroup,
					  pgsa_held(target));
	mutex_unlock(&target->policy->lock);

	if (err) {
		pgsa_cgroup_put(cgroup);
		return pgsa_target_refuse(target, "cgroup", text, err,
			"an empty line, or path of a cgroup from \"/\" on, if pid is 0");
	}
	/* A cgroup stays for a grace period by itself. */
	pgsa_cgroup_put(old);
	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_target_set_cgroup);

/**
 * pgsa_target_set_signal_number - choose the signal for the agent
 * @target: the target
 * @text: number of a signal, 0 for SIGBUS
 *
 * Context: Process context, may sleep.
 * Return: 0; -EINVAL for another text, and for what no process can handle;
 * -EBUSY if the target is in use; -EPERM without CAP_SYS_ADMIN.
 */
int pgsa_target_set_signal_number(struct pgsa_target *target, const char *text)
{
	u64 signal;
	int err = pgsa_parse_decimal(text, _NSIG, &signal);

	if (!err && signal && !pgsa_signal_valid(signal))
		err = -EINVAL;
	mutex_lock(&target->policy->lock);
	if (!err)
		err = pgsa_target_writable(target);
	if (!err)
		pgsa_setting_set(&target->signal, signal);
	mutex_unlock(&target->policy->lock);
	return err ? pgsa_target_refuse(target, "signal_number", text, err,
					PGSA_SIGNALS_VALID) : 0;
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_target_set_signal_number);

/* Its number as the reader sees it, 0 if there is none any more. */
static ssize_t pgsa_show_process(char *page, struct pid __rcu **field)
{
	struct task_struct *process;

	guard(rcu)();
	process = pgsa_target_process(rcu_dereference(*field));
	return sysfs_emit(page, "%d\n", process ? task_tgid_vnr(process) : 0);
}

static ssize_t pgsa_target_pid_show(struct config_item *item, char *page)
{
	return pgsa_show_process(page, &to_target(item)->pid);
}

static ssize_t pgsa_target_agent_show(struct config_item *item, char *page)
{
	return pgsa_show_process(page, &to_target(item)->agent);
}

static ssize_t pgsa_target_signal_number_show(struct config_item *item,
					      char *page)
{
	return sysfs_emit(page, "%d\n", pgsa_setting_get(&to_target(item)->signal));
}

static ssize_t pgsa_target_cgroup_show(struct config_item *item, char *page)
{
	struct pgsa_target *target = to_target(item);
	struct cgroup *cgroup;

	page[0] = '\0';
	guard(mutex)(&target->policy->lock);
	cgroup = rcu_dereference_protected(target->cgroup, pgsa_held(target));
	if (cgroup)
		pgsa_cgroup_path(cgroup, page, PAGE_SIZE - 1);
	strlcat(page, "\n", PAGE_SIZE);
	return strlen(page);
}

static ssize_t pgsa_target_comm_show(struct config_item *item, char *page)
{
	struct pgsa_target *target = to_target(item);
	char comm[TASK_COMM_LEN];
	struct task_struct *process;
	struct cgroup *cgroup;

	page[0] = '\0';
	rcu_read_lock();
	process = pgsa_target_process(rcu_dereference(target->pid));
	cgroup = rcu_dereference(target->cgroup);
	/* A process may call itself anything: as in /proc/PID/status. */
	if (process)
		string_escape_str(get_task_comm(comm, process), page,
				  PAGE_SIZE - 1, ESCAPE_SPACE | ESCAPE_SPECIAL,
				  "\n\\");
	else if (cgroup)
		pgsa_cgroup_name(cgroup, page, PAGE_SIZE - 1);
	rcu_read_unlock();
	strlcat(page, "\n", PAGE_SIZE);
	return strlen(page);
}

static ssize_t pgsa_target_frames_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%llu\n", READ_ONCE(to_target(item)->frames));
}

static ssize_t pgsa_target_errors_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%lld\n",
			  atomic64_read(&to_target(item)->errors));
}

/*
 * They tell pid, name and cgroup of processes, which a pid namespace and hidepid
 * may hide from others.
 */
#define PGSA_TARGET_ATTR(name, mode, write)				\
static struct configfs_attribute pgsa_target_attr_##name = {		\
	.ca_name = #name,						\
	.ca_mode = (mode),						\
	.ca_owner = THIS_MODULE,					\
	.show = pgsa_target_##name##_show,				\
	.store = (write),						\
}

#define PGSA_TARGET_STORE(name)						\
static ssize_t pgsa_target_##name##_store(struct config_item *item,	\
					  const char *page, size_t count) \
{									\
	struct pgsa_target *target = to_target(item);			\
	int ret = pgsa_target_refuse_incomplete(target, #name, page, count) ?:	\
		  pgsa_target_set_##name(target, page);			\
									\
	return ret ?: count;						\
}									\
PGSA_TARGET_ATTR(name, 0600, pgsa_target_##name##_store)

PGSA_TARGET_STORE(pid);
PGSA_TARGET_STORE(agent);
PGSA_TARGET_STORE(signal_number);
PGSA_TARGET_STORE(cgroup);
PGSA_TARGET_ATTR(comm, 0400, NULL);
PGSA_TARGET_ATTR(frames, 0400, NULL);
PGSA_TARGET_ATTR(errors, 0400, NULL);

static struct configfs_attribute *pgsa_target_attrs[] = {
	&pgsa_target_attr_pid,
	&pgsa_target_attr_agent,
	&pgsa_target_attr_signal_number,
	&pgsa_target_attr_cgroup,
	&pgsa_target_attr_comm,
	&pgsa_target_attr_frames,
	&pgsa_target_attr_errors,
	NULL
};

static void pgsa_target_free(struct rcu_head *rcu)
{
	struct pgsa_target *target = container_of(rcu, struct pgsa_target, rcu);

	put_pid(rcu_access_pointer(target->pid));
	put_pid(rcu_access_pointer(target->agent));
	pgsa_cgroup_put(rcu_access_pointer(target->cgroup));
	kfree(target);
}

/* Out of the set already; who found it there may still look. */
static void pgsa_target_release(struct config_item *item)
{
	call_rcu(&to_target(item)->rcu, pgsa_target_free);
}

static struct configfs_item_operations pgsa_target_item_ops = {
	.release = pgsa_target_release,
};

static const struct config_item_type pgsa_target_type = {
	.ct_item_ops = &pgsa_target_item_ops,
	.ct_attrs = pgsa_target_attrs,
	.ct_owner = THIS_MODULE,
};

static struct pgsa_policy *targets_to_policy(struct config_group *group)
{
	return container_of(group, struct pgsa_policy, targets_group);
}

static struct config_item *pgsa_make_target(struct config_group *group,
					    const char *name)
{
	struct pgsa_policy *policy = targets_to_policy(group);
	struct pgsa_target *target;
	int ret = pgsa_check_name("target", name);

	if (ret)
		return ERR_PTR(ret);
	if (!capable(CAP_SYS_ADMIN))
		return ERR_PTR(-EPERM);
	ret = pgsa_limits_target(pgsa_targets_of_all(),
				 pgsa_policy_name(policy));
	if (ret)
		return ERR_PTR(ret);
	target = kzalloc(sizeof(*target), GFP_KERNEL);
	if (!target)
		return ERR_PTR(-ENOMEM);
	config_item_init_type_name(&target->item, name, &pgsa_target_type);
	if (!config_item_name(&target->item)) {
		kfree(target);
		return ERR_PTR(-ENOMEM);
	}
	mutex_lock(&policy->lock);
	ret = pgsa_targets_add(policy, target);
	mutex_unlock(&policy->lock);
	if (!ret)
		return &target->item;
	if (ret == -ENOSPC)
		pr_info("%s: targets/%s: refused: a policy has at most %u targets\n",
			pgsa_policy_name(policy), name, PGSA_TARGETS_MAX);
	config_item_put(&target->item);
	return ERR_PTR(ret);
}

static void pgsa_drop_target(struct config_group *group,
			     struct config_item *item)
{
	struct pgsa_policy *policy = targets_to_policy(group);

	mutex_lock(&policy->lock);
	pgsa_targets_remove(to_target(item));
	mutex_unlock(&policy->lock);
	config_item_put(item);
}

static struct configfs_group_operations pgsa_targets_group_ops = {
	.make_item = pgsa_make_target,
	.drop_item = pgsa_drop_target,
};

static const struct config_item_type pgsa_targets_type = {
	.ct_group_ops = &pgsa_targets_group_ops,
	.ct_owner = THIS_MODULE,
};

/**
 * pgsa_targets_add_group - give a new policy its directory targets/
 * @policy: the policy, whose own group is set up
 *
 * Context: Process context.
 */
void pgsa_targets_add_group(struct pgsa_policy *policy)
{
	config_group_init_type_name(&policy->targets_group, "targets",
				    &pgsa_targets_type);
	configfs_add_default_group(&policy->targets_group, &policy->group);
}
