// SPDX-License-Identifier: GPL-2.0
/*
 * What the codes use of lib/reed_solomon, written anew and in another way, so
 * that the two check each other: W. W. Peterson's decoder ("Encoding and
 * Error-Correction Procedures for the Bose-Chaudhuri Codes", IRE Transactions
 * on Information Theory 6, 1960) with linear equations both for the error
 * locator and, as D. Gorenstein and N. Zierler do (Journal of the SIAM 9, 1961),
 * for the error values. lib/reed_solomon has the Berlekamp-Massey algorithm.
 */
#include <assert.h>
#include <errno.h>
#include <linux/rslib.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define MAX_ERRORS	16
#define MAX_ROOTS	(2 * MAX_ERRORS)

static u8 gf_mul(const struct rs_codec *codec, u8 a, u8 b)
{
	if (!a || !b)
		return 0;
	return codec->alpha_to[(codec->index_of[a] + codec->index_of[b]) %
			       codec->nn];
}

static u8 gf_power(const struct rs_codec *codec, int exponent)
{
	return codec->alpha_to[exponent % codec->nn];
}

static u8 gf_inverse(const struct rs_codec *codec, u8 a)
{
	return gf_power(codec, codec->nn - codec->index_of[a]);
}

static void make_field(struct rs_codec *codec, int gfpoly)
{
	int i, x = 1;

	codec->index_of[0] = codec->nn;
	for (i = 0; i < codec->nn; i++) {
		codec->alpha_to[i] = x;
		codec->index_of[x] = i;
		x <<= 1;
		if (x > codec->nn)
			x ^= gfpoly;
	}
}

static void make_generator(struct rs_codec *codec)
{
	u8 g[MAX_ROOTS + 1] = { 1 };
	int i, k;

	for (i = 0; i < codec->nroots; i++) {
		for (k = i + 1; k >= 0; k--)
			g[k] = (k ? g[k - 1] : 0) ^
			       gf_mul(codec, g[k],
				      gf_power(codec, (codec->fcr + i) *
						      codec->prim));
	}
	for (i = 0; i <= codec->nroots; i++)
		codec->genpoly[i] = codec->index_of[g[i]];
}

/* Kept until the end of the program, as the codes are */
struct rs_control *init_rs(int symsize, int gfpoly, int fcr, int prim,
			   int nroots)
{
	static struct rs_codec codecs[8];
	static struct rs_control controls[8];
	static unsigned int nr;
	struct rs_codec *codec = &codecs[nr];

	assert(symsize == 8 && nroots <= MAX_ROOTS && nr < 8);
	codec->nn = (1 << symsize) - 1;
	codec->nroots = nroots;
	codec->fcr = fcr;
	codec->prim = prim;
	make_field(codec, gfpoly);
	make_generator(codec);
	controls[nr].codec = codec;
	return &controls[nr++];
}

/* Gauss and Jordan: is there one solution? It ends up in the last column. */
static bool solve(const struct rs_codec *codec,
		  u8 m[MAX_ERRORS][MAX_ERRORS + 1], int n)
{
	u8 row[MAX_ERRORS + 1], factor;
	int i, j, k;

	for (i = 0; i < n; i++) {
		for (k = i; k < n && !m[k][i]; k++)
			;
		if (k == n)
			return false;
		memcpy(row, m[k], sizeof(row));
		memcpy(m[k], m[i], sizeof(row));
		factor = gf_inverse(codec, row[i]);
		for (j = 0; j <= n; j++)
			m[i][j] = gf_mul(codec, row[j], factor);
		for (k = 0; k < n; k++) {
			factor = m[k][i];
			for (j = 0; k != i && j <= n; j++)
				m[k][j] ^= gf_mul(codec, m[i][j], factor);
		}
	}
	return true;
}

/* The value of the received word at each root of the generator */
static bool syndromes(const struct rs_codec *codec, const u8 *data,
		      const u16 *par, int len, u8 *s)
{
	bool any = false;
	int i, k;
	u8 root;

	for (i = 0; i < codec->nroots; i++) {
		root = gf_power(codec, (codec->fcr + i) * codec->prim);
		s[i] = 0;
		for (k = 0; k < len; k++)
			s[i] = gf_mul(codec, s[i], root) ^ data[k];
		for (k = 0; k < codec->nroots; k++)
			s[i] = gf_mul(codec, s[i], root) ^ par[k];
		any |= s[i];
	}
	return any;
}

/* As many wrong symbols as the syndromes have independent equations for */
static int locator(const struct rs_codec *codec, const u8 *s,
		   u8 m[MAX_ERRORS][MAX_ERRORS + 1])
{
	int errors, i, k;

	for (errors = codec->nroots / 2; errors; errors--) {
		for (i = 0; i < errors; i++)
			for (k = 0; k <= errors; k++)
				m[i][k] = s[i + k];
		if (solve(codec, m, errors))
			break;
	}
	return errors;
}

/* The exponents whose powers are roots of the locator, the highest one first */
static int find(const struct rs_codec *codec,
		u8 m[MAX_ERRORS][MAX_ERRORS + 1], int errors, int total,
		int *exponent)
{
	int i, k, nr = 0;
	u8 sum, x;

	for (k = total - 1; k >= 0; k--) {
		x = gf_power(codec, k * codec->prim);
		sum = 1;
		for (i = errors - 1; i >= 0; i--)
			sum = gf_mul(codec, sum, x) ^ m[i][errors];
		if (!sum)
			exponent[nr++] = k;
	}
	return nr;
}

static bool values(const struct rs_codec *codec, const u8 *s,
		   const int *exponent, int errors, u16 *value)
{
	u8 m[MAX_ERRORS][MAX_ERRORS + 1], sum;
	int i, k;

	for (i = 0; i < errors; i++) {
		for (k = 0; k < errors; k++)
			m[i][k] = gf_power(codec, (codec->fcr + i) *
						  codec->prim * exponent[k]);
		m[i][errors] = s[i];
	}
	if (!solve(codec, m, errors))
		return false;
	for (i = 0; i < errors; i++)
		value[i] = m[i][errors];

	for (i = 0; i < codec->nroots; i++) {
		sum = 0;
		for (k = 0; k < errors; k++)
			sum ^= gf_mul(codec, value[k],
				      gf_power(codec, (codec->fcr + i) *
						      codec->prim *
						      exponent[k]));
		if (sum != s[i])
			return false;
	}
	return true;
}

/* Only as the codes call it: tell positions and values, and change nothing. */
int decode_rs8(struct rs_control *rsc, u8 *data, u16 *par, int len, u16 *s,
	       int no_eras, int *eras_pos, u16 invmsk, u16 *corr)
{
	const struct rs_codec *codec = rsc->codec;
	u8 m[MAX_ERRORS][MAX_ERRORS + 1], syn[MAX_ROOTS];
	int total = len + codec->nroots, errors, i;

	assert(!s && !no_eras && eras_pos && !invmsk && corr);
	assert(len > 0 && total <= codec->nn);
	if (!syndromes(codec, data, par, len, syn))
		return 0;
	errors = locator(codec, syn, m);
	if (!errors ||
	    find(codec, m, errors, total, eras_pos) != errors ||
	    !values(codec, syn, eras_pos, errors, corr))
		return -EBADMSG;
	for (i = 0; i < errors; i++)
		eras_pos[i] = total - 1 - eras_pos[i];
	return errors;
}
