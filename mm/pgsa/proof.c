// SPDX-License-Identifier: GPL-2.0
/*
 * The proof that no page table entry can write a frame.
 */

/**
 * DOC: Proof
 *
 * The folio is locked and the frame has a mark. From then on, whoever stores an
 * entry that can write the frame sees the mark before he does so. What he stored
 * before is what the proof looks for, in one of three ways:
 *
 * Page cache of a file, but not of tmpfs
 *	Private mappings never map it writable. Shared ones can only while the mapping
 *	is counted as writably mapped, which begins before the area can be faulted and
 *	ends after its entries have gone. And nobody has the file open for writing: one
 *	fact that does not follow from the other. Both are read, no entry is.
 * One page of anonymous memory that is not exclusive, KSM among it
 *	Only an exclusive page is mapped writable. fork() takes that away before it
 *	takes the permission to write from the entry, both under the lock of the same
 *	page table: a grace period later both are done, and the flush after it reaches
 *	what is left in TLBs.
 * All else: exclusive and large anonymous memory, tmpfs
 *	The reverse mapping leads to all areas that may map the page, and in each of
 *	them to one address. The entry there is looked at under its page table's lock.
 *
 * Why the walk finds what was stored before: an entry is announced and stored under
 * the lock of its page table. Either that comes before we take the same lock, and we
 * see the entry; or it comes after, and he who stores sees the mark, for we have set
 * it before we took the lock. Lock order is all that it needs, on any architecture.
 * Where there is no page table yet there is no such lock, so an empty entry of a
 * higher level is looked at under the lock under which it is filled: he who fills it
 * takes that lock before he takes the one of the new table.
 *
 * Entries move from one address to another (mremap), also as whole tables, which is
 * announced by nobody. The reverse mapping promises that nobody misses an entry for
 * that, but he may meet one twice. It does not promise to lead to all of them:
 * execve() moves its arguments to where the area is already but they are not, which
 * is why such an area explains nothing here; khugepaged has a table in its hands, which
 * no CPU can use any more; a driver may insert pages of tmpfs into an area of its own. So
 * as many entries must be found as the page is mapped by, counted before and after,
 * those of the page and those of the whole folio apart. An entry is counted before it
 * is stored, and until it has been taken away.
 *
 * An entry for the page that is none of the usual kind (special, of a device, of a huge
 * page in the guise of a small one, of a page that is being moved) is not explained,
 * and nothing is proved.
 *
 * For the O(1) ways there are no locks in common. He who maps counts first and looks
 * at the mark later, we set the mark first and look at the count later, and he who
 * makes a page exclusive does the same. With a full barrier in between on both sides
 * one of us sees the other. We have ours (pgsa_mark_set()). On x86 atomic
 * operations that return nothing are full barriers as well, elsewhere they are not:
 * so all is proved again when the frame is sealed, after a grace period that ends no
 * earlier than the section of his in which he holds the page table's lock.
 *
 * The walk takes no lock that it would have to wait for, but those of page tables, and
 * looks at a limited number of areas. It is not made for page cache or for KSM, which
 * anybody may map as often as he likes.
 */
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/rmap.h>
#include <linux/shmem_fs.h>
#include <linux/swapops.h>
#include <kunit/visibility.h>

#include "../internal.h"
#include "debug.h"
#include "entry.h"
#include "proof.h"

#define PGSA_PROOF_AREAS	2048	/* looked at for one frame */
#define PGSA_PROOF_TRIES	4	/* for a table that comes and goes */

/**
 * struct pgsa_proof - what a walk through the reverse mapping has found
 * @page: the page
 * @pfn: its number
 * @areas: so many more may be looked at
 * @ptes: entries met that map the page
 * @pmds: entries met that map all of its folio
 * @refusal: PGSA_ADMITTED as long as nothing is against it
 */
struct pgsa_proof {
	struct page *page;
	unsigned long pfn;
	unsigned int areas;
	int ptes;
	int pmds;
	enum pgsa_refusal refusal;
};

/* What cannot be read as an entry that maps the page, though it may be one */
static void pgsa_proof_swap(struct pgsa_proof *proof, swp_entry_t entry,
			    unsigned long frames)
{
	if (is_pfn_swap_entry(entry) &&
	    proof->pfn - swp_offset_pfn(entry) < frames)
		proof->refusal = PGSA_REFUSED_UNPROVED;
}

static bool pgsa_proof_usual(pte_t pte)
{
	return !(pte_val(pte) & PGSA_ENTRY_OTHER);
}

static void pgsa_proof_pte(struct pgsa_proof *proof, pte_t pte)
{
	if (pte_none(pte))
		return;
	if (!pte_present(pte)) {
		pgsa_proof_swap(proof, pte_to_swp_entry(pte), 1);
		return;
	}
	if (pte_pfn(pte) != proof->pfn)
		return;
	if (!pgsa_proof_usual(pte))
		proof->refusal = PGSA_REFUSED_UNPROVED;
	else if (pgsa_pte_writes(pte))
		proof->refusal = PGSA_REFUSED_WRITABLE;
	else
		proof->ptes++;
}

#ifdef CONFIG_TRANSPARENT_HUGEPAGE
/* An entry that is no table, and not empty. Its lock is held. */
static void pgsa_proof_pmd(struct pgsa_proof *proof, pmd_t pmd)
{
	if (!pmd_present(pmd)) {
		pgsa_proof_swap(proof, pmd_to_swp_entry(pmd), HPAGE_PMD_NR);
		return;
	}
	if (proof->pfn - pmd_pfn(pmd) >= HPAGE_PMD_NR)
		return;
	if (pmd_special(pmd) || pmd_devmap(pmd))
		proof->refusal = PGSA_REFUSED_UNPROVED;
	else if (pgsa_pmd_writes(pmd))
		proof->refusal = PGSA_REFUSED_WRITABLE;
	else
		proof->pmds++;
}
#else
static void pgsa_proof_pmd(struct pgsa_proof *proof, pmd_t pmd)
{
	proof->refusal = PGSA_REFUSED_UNPROVED;
}
#endif

/* Under the locks under which it is filled, see above. */
static pmd_t *pgsa_proof_find_pmd(struct mm_struct *mm, unsigned long addr)
{
	pmd_t *pmdp = mm_find_pmd(mm, addr);

	if (pmdp)
		return pmdp;
	spin_lock(&mm->page_table_lock);
	pmdp = mm_find_pmd(mm, addr);
	spin_unlock(&mm->page_table_lock);
	return pmdp;
}

/* Returns true if the address has a table, which is to be looked at. */
static bool pgsa_proof_table(struct pgsa_proof *proof, struct mm_struct *mm,
			     pmd_t *pmdp)
{
	pmd_t pmd = pmdp_get_lockless(pmdp);
	spinlock_t *ptl;	/* the table's, of the level above */
	bool table;

	if (pmd_present(pmd) && !pmd_leaf(pmd))
		return true;
	ptl = pmd_lock(mm, pmdp);
	pmd = *pmdp;
	table = pmd_present(pmd) && !pmd_leaf(pmd);
	if (!table && !pmd_none(pmd))
		pgsa_proof_pmd(proof, pmd);
	spin_unlock(ptl);
	return table;
}

/* Returns false if the table has gone meanwhile. */
static bool pgsa_proof_entry(struct pgsa_proof *proof, struct mm_struct *mm,
			     pmd_t *pmdp, unsigned long addr)
{
	spinlock_t *ptl;	/* the table's */
	pte_t *ptep;

	ptep = pte_offset_map_lock(mm, pmdp, addr, &ptl);
	if (!ptep)
		return false;
	pgsa_proof_pte(proof, ptep_get(ptep));
	pte_unmap_unlock(ptep, ptl);
	return true;
}

/* The one address at which an area maps the page */
static void pgsa_proof_address(struct pgsa_proof *proof, struct mm_struct *mm,
			       unsigned long addr)
{
	pmd_t *pmdp = pgsa_proof_find_pmd(mm, addr);
	unsigned int tries = PGSA_PROOF_TRIES;

	while (pmdp && pgsa_proof_table(proof, mm, pmdp)) {
		if (pgsa_proof_entry(proof, mm, pmdp, addr))
			return;
		if (!--tries) {
			proof->refusal = PGSA_REFUSED_UNPROVED;
			return;
		}
	}
}

/* False if there is no sense in looking at another one. */
static bool pgsa_proof_area(struct pgsa_proof *proof,
			    struct vm_area_struct *vma, pgoff_t pgoff)
{
	unsigned long addr;

	if (!proof->areas--) {
		proof->refusal = PGSA_REFUSED_UNPROVED;
		return false;
	}
	addr = vma_address(vma, pgoff, 1);
	if (addr < vma->vm_start || addr >= vma->vm_end ||
	    vma_is_temporary_stack(vma))
		proof->refusal = PGSA_REFUSED_UNPROVED;
	else
		pgsa_proof_address(proof, vma->vm_mm, addr);
	return proof->refusal == PGSA_ADMITTED;
}

static void pgsa_proof_anon(struct pgsa_proof *proof, struct folio *folio,
			    pgoff_t pgoff)
{
	struct rmap_walk_control control = { .try_lock = true };
	struct anon_vma *anon_vma = folio_lock_anon_vma_read(folio, &control);
	struct anon_vma_chain *avc;

	if (!anon_vma) {
		proof->refusal = PGSA_REFUSED_UNPROVED;
		return;
	}
	anon_vma_interval_tree_foreach(avc, &anon_vma->rb_root, pgoff, pgoff)
		if (!pgsa_proof_area(proof, avc->vma, pgoff))
			break;
	anon_vma_unlock_read(anon_vma);
}

static void pgsa_proof_shmem(struct pgsa_proof *proof, struct folio *folio,
			     pgoff_t pgoff)
{
	struct address_space *mapping = folio->mapping;
	struct vm_area_struct *vma;

	if (!i_mmap_trylock_read(mapping)) {
		proof->refusal = PGSA_REFUSED_UNPROVED;
		return;
	}
	vma_interval_tree_foreach(vma, &mapping->i_mmap, pgoff, pgoff)
		if (!pgsa_proof_area(proof, vma, pgoff))
			break;
	i_mmap_unlock_read(mapping);
}

/* One after the other, in the order of the page's and its folio's entries */
static int pgsa_page_ptes(const struct page *page)
{
	return atomic_read(&page->_mapcount) + 1;
}

static int pgsa_folio_pmds(const struct folio *folio)
{
	return folio_test_large(folio) ? folio_entire_mapcount(folio) : 0;
}

/* Has it been met as often as it is mapped, before and after the walk? */
static bool pgsa_proof_complete(const struct pgsa_proof *proof,
				const struct folio *folio, int ptes, int pmds)
{
	if (pgsa_dropped(PGSA_PROOF_COUNT))
		return true;
	return ptes == proof->ptes && ptes == pgsa_page_ptes(proof->page) &&
	       pmds == proof->pmds && pmds == pgsa_folio_pmds(folio);
}

static enum pgsa_refusal pgsa_proof_walk(struct folio *folio, struct page *page)
{
	struct pgsa_proof proof = {
		.page = page, .pfn = page_to_pfn(page),
		.areas = PGSA_PROOF_AREAS,
	};
	pgoff_t pgoff = folio->index + folio_page_idx(folio, page);
	int pmds = pgsa_folio_pmds(folio), ptes = pgsa_page_ptes(page);

	/* It is counted before its entry is stored, and until that has gone. */
	if (!ptes && !pmds)
		return PGSA_ADMITTED;
	if (folio_test_anon(folio))
		pgsa_proof_anon(&proof, folio, pgoff);
	else
		pgsa_proof_shmem(&proof, folio, pgoff);
	if (pgsa_dropped(PGSA_PROOF_WALK))
		return PGSA_ADMITTED;
	if (proof.refusal == PGSA_ADMITTED &&
	    !pgsa_proof_complete(&proof, folio, ptes, pmds))
		return PGSA_REFUSED_UNPROVED;
	return proof.refusal;
}

/* Neither of the two is an entry yet. */
static enum pgsa_refusal pgsa_proof_file(struct address_space *mapping)
{
	if (mapping_writably_mapped(mapping) && !pgsa_dropped(PGSA_PROOF_MAPPED))
		return PGSA_REFUSED_WRITE_OPEN;
	if (atomic_read(&mapping->host->i_writecount) > 0 &&
	    !pgsa_dropped(PGSA_RULE_WRITE_OPEN))
		return PGSA_REFUSED_WRITE_OPEN;
	return PGSA_ADMITTED;
}

/**
 * pgsa_proof - can no entry of a page table write a frame?
 * @folio: its folio: admitted, locked, and referenced by the caller
 * @page: the frame
 *
 * That is true from now on as long as its mark, which the caller has set before, stays.
 * Entries in TLBs and references are another matter: see seal.c.
 *
 * Context: Process context; does not sleep. Takes locks of page tables, and tries to
 *	    take those of the reverse mapping.
 * Return: PGSA_ADMITTED if it is proved; PGSA_REFUSED_WRITABLE if an entry can write
 * it; PGSA_REFUSED_WRITE_OPEN if its file is open for writing, or mapped so;
 * PGSA_REFUSED_UNPROVED if nothing could be found out.
 */
enum pgsa_refusal pgsa_proof(struct folio *folio, struct page *page)
{
	struct address_space *mapping = READ_ONCE(folio->mapping);

	if (!mapping)
		return PGSA_REFUSED_UNPROVED;
	if (!folio_test_anon(folio)) {
		if (!shmem_mapping(mapping))
			return pgsa_proof_file(mapping);
	} else if (!folio_test_large(folio)) {
		if (!PageAnonExclusive(page) ||
		    pgsa_dropped(PGSA_PROOF_EXCLUSIVE))
			return PGSA_ADMITTED;
	}
	return pgsa_proof_walk(folio, page);
}
EXPORT_SYMBOL_IF_KUNIT(pgsa_proof);
