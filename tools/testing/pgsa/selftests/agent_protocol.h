/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the test agents_readers.c and its agent, the program agent, say to each
 * other by pipes. The agent may be a program of 32 bits.
 */
#ifndef PGSA_AGENT_PROTOCOL_H
#define PGSA_AGENT_PROTOCOL_H

enum agent_reader {
	READ_BY_HANDLER,
	READ_BY_SIGWAITINFO,
	READ_BY_SIGNALFD,
	NR_READERS
};

/* Test to agent. The answer to it is one byte, when all is prepared. */
struct agent_request {
	int signal;
	int reader;
};

/* Agent to test, when it has got the signal */
struct agent_answer {
	int signal;
	int code;
	int pid;
	unsigned int uid;
	int lsb;
	int value;		/* si_int or ssi_int */
	unsigned long long ptr;	/* si_ptr or ssi_ptr */
	unsigned long long addr; /* si_addr or ssi_addr */
};

#endif /* PGSA_AGENT_PROTOCOL_H */
