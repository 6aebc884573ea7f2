// SPDX-License-Identifier: GPL-2.0
/*
 * How an agent is told about an error.
 */

/**
 * DOC: The signal to an agent
 *
 * SIGBUS has a code that says it all: BUS_MCEERR_AO, as for any memory error
 * that nobody has run into yet, with si_addr and si_addr_lsb.
 *
 * Codes above 0 mean something else for each of the other signals, or nothing,
 * and whoever passes them on (to a handler of 32 bits, to signalfd(), into
 * another namespace) takes the rest of the siginfo for what they mean. There is
 * one code that goes with every number, and with an address: SI_QUEUE, as if the
 * signal came from sigqueue(), with the address as si_ptr.
 */
#include <linux/cred.h>
#include <linux/init_task.h>
#include <linux/pid.h>
#include <linux/sched/signal.h>
#include <linux/signal.h>

#include "targets.h"

/**
 * pgsa_signal_valid - can a process have a handler for it?
 * @signal: number of a signal, or what a flipped bit has made of one
 *
 * Context: Any context.
 * Return: true if it can.
 */
bool pgsa_signal_valid(int signal)
{
	return signal > 0 && valid_signal(signal) && !sig_kernel_only(signal);
}

static void pgsa_agent_siginfo(struct kernel_siginfo *info, int signal,
			       unsigned long addr)
{
	clear_siginfo(info);
	info->si_signo = signal;
	if (signal == SIGBUS) {
		info->si_code = BUS_MCEERR_AO;
		info->si_addr = (void __user *)addr;
		info->si_addr_lsb = PAGE_SHIFT;
	} else {
		info->si_code = SI_QUEUE;
		info->si_ptr = (void __user *)addr;
	}
}

/* The default action of a signal may be to kill. */
static bool pgsa_agent_handles(const struct sighand_struct *sighand, int signal)
{
	__sighandler_t handler = sighand->action[signal - 1].sa.sa_handler;

	return handler != SIG_DFL && handler != SIG_IGN;
}

/*
 * It comes from the kernel, whoever runs it now: si_uid is translated from the
 * user namespace of the current credentials to that of the agent.
 */
static bool pgsa_agent_signal(struct task_struct *agent, int signal,
			      unsigned long addr)
{
	const struct cred *cred = override_creds(&init_cred);
	struct sighand_struct *sighand;
	struct kernel_siginfo info;
	unsigned long flags;
	bool sent = false;

	pgsa_agent_siginfo(&info, signal, addr);
	sighand = lock_task_sighand(agent, &flags);
	if (sighand) {
		sent = pgsa_agent_handles(sighand, signal) &&
		       !send_signal_locked(signal, &info, agent, PIDTYPE_TGID);
		unlock_task_sighand(agent, &flags);
	}
	revert_creds(cred);
	return sent;
}

/**
 * pgsa_agent_tell - tell a target's agent, if it has one, about an error
 * @target: the target, of a live policy, which counts what became of it
 * @addr: where the target maps the frame
 *
 * Context: Process context, in an RCU read-side section.
 */
void pgsa_agent_tell(struct pgsa_target *target, unsigned long addr)
{
	struct task_struct *agent =
		pgsa_target_process(rcu_dereference(target->agent));
	bool sent, valid;
	int signal;

	if (!agent)
		return;
	signal = pgsa_setting_get(&target->signal) ?: SIGBUS;
	valid = pgsa_signal_valid(signal);
	if (!valid)
		pgsa_stat_add(target->policy, PGSA_STAT_RECORDS_DAMAGED, 1);
	sent = valid && pgsa_agent_signal(agent, signal, addr);
	pgsa_stat_add(target->policy, sent ? PGSA_STAT_SIGNALS :
		      PGSA_STAT_SIGNALS_WITHHELD, 1);
}
