// SPDX-License-Identifier: GPL-2.0
/* recordflips: the structures of PGSA, and which of their bits to flip. */
#include <err.h>

#include "recordflips.h"

#define MAX_OBJECTS	4096
#define MAX_POINTERS	128
#define TRIES		1000

struct object {
	enum kind kind;
	uint64_t offset, bytes, phys;
};

struct pointer {
	enum kind kind;
	uint64_t offset, bytes;
};

static struct object objects[MAX_OBJECTS];
static struct pointer pointers[MAX_POINTERS];
static unsigned int nr_objects, nr_pointers;

const char * const kind_names[NR_KINDS] = {
	"record", "redundancy", "policy", "target", "crew", "search",
	"claims", "marks",
};

int kind_of(const char *name)
{
	int k;

	for (k = 0; k < NR_KINDS; k++)
		if (!strcmp(kind_names[k], name))
			return k;
	return -1;
}

void load_objects(void)
{
	FILE *file = fopen(PGSA_DEBUGFS "/objects", "r");
	unsigned long long offset, bytes, phys;
	char what[16], name[16], line[128];
	int n, k;

	if (!file)
		err(1, "%s/objects", PGSA_DEBUGFS);
	nr_objects = 0;
	nr_pointers = 0;
	while (fgets(line, sizeof(line), file)) {
		n = sscanf(line, "%15s %15s %llu %llu %llx", what, name, &offset,
			   &bytes, &phys);
		k = kind_of(name);
		if (n == 5 && k >= 0 && nr_objects < MAX_OBJECTS)
			objects[nr_objects++] = (struct object){
				k, offset, bytes, phys,
			};
		else if (n == 4 && k >= 0 && nr_pointers < MAX_POINTERS)
			pointers[nr_pointers++] = (struct pointer){
				k, offset, bytes,
			};
	}
	fclose(file);
}

static bool is_pointer(const struct object *o, uint64_t at)
{
	unsigned int i;

	for (i = 0; i < nr_pointers; i++)
		if (pointers[i].kind == o->kind && pointers[i].offset <= at &&
		    at < pointers[i].offset + pointers[i].bytes)
			return true;
	return false;
}

static struct place place_in(const struct object *o, uint64_t bit)
{
	uint64_t at = bit / 64 * 8;

	return (struct place){
		o->kind, is_pointer(o, o->offset + at), o->offset + at,
		o->phys + at, bit % 64,
	};
}

/* Any bit of a kind; of pointers and locks only one in a hundred. */
bool random_place(enum kind kind, struct place *place)
{
	unsigned int tries;

	for (tries = 0; tries < TRIES; tries++) {
		const struct object *o = &objects[random() % nr_objects];

		if (kind != o->kind)
			continue;
		*place = place_in(o, random() % (o->bytes * 8));
		if (!place->pointer || random() % 100 == 0)
			return true;
	}
	return false;
}

/* The mark of a frame, or another one of the same word */
bool place_of_mark(uint64_t pfn, struct place *place)
{
	uint64_t bit = random() % 2 ? pfn : (pfn & ~63ULL) + random() % 64;
	unsigned int i;

	for (i = 0; i < nr_objects; i++) {
		const struct object *o = &objects[i];
		uint64_t first = o->offset * 8;

		if (o->kind != MARKS || bit < first || bit >= first + o->bytes * 8)
			continue;
		*place = place_in(o, bit - first);
		return true;
	}
	return false;
}

/*
 * The bit after those before *next that are of this kind, in no pointer or lock.
 * False when there is none left.
 */
bool next_place(enum kind kind, uint64_t *next, struct place *place)
{
	uint64_t first = 0;
	unsigned int i;

	for (i = 0; i < nr_objects; i++) {
		const struct object *o = &objects[i];

		if (kind != o->kind)
			continue;
		while (*next < first + o->bytes * 8) {
			*place = place_in(o, *next - first);
			++*next;
			if (!place->pointer)
				return true;
		}
		first += o->bytes * 8;
	}
	return false;
}
