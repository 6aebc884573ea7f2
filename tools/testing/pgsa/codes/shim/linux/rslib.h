/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SHIM_LINUX_RSLIB_H
#define _SHIM_LINUX_RSLIB_H

#include <linux/types.h>

struct rs_codec {
	int nn;			/* symbols of a word that is not shortened */
	int nroots;
	int fcr;
	int prim;
	u16 alpha_to[256];
	u16 index_of[256];
	u16 genpoly[256];	/* logarithms, lowest coefficient first */
};

struct rs_control {
	struct rs_codec *codec;
};

struct rs_control *init_rs(int symsize, int gfpoly, int fcr, int prim,
			   int nroots);
int decode_rs8(struct rs_control *rsc, u8 *data, u16 *par, int len, u16 *s,
	       int no_eras, int *eras_pos, u16 invmsk, u16 *corr);

static inline int rs_modnn(const struct rs_codec *codec, int x)
{
	return x % codec->nn;
}

#endif /* _SHIM_LINUX_RSLIB_H */
