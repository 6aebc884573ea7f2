/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _SHIM_LINUX_BITOPS_H
#define _SHIM_LINUX_BITOPS_H

#define hweight8(byte)	((unsigned int)__builtin_popcount((byte) & 0xff))
#define hweight64(word)	((unsigned int)__builtin_popcountll(word))

#endif /* _SHIM_LINUX_BITOPS_H */
