/* SPDX-License-Identifier: Apache-2.0 */
/*
 * testkit: the disk, in memory that processes share, and the journal on it.  Counters are raised
 * last, so that a crash in between leaves nothing half written.
 */
#include "kit.h"

#include <sys/mman.h>
#include <unistd.h>

struct testkit_disk *testkit_disk_new(void)
{
	static atomic_uint count;
	struct testkit_disk *d = mmap(NULL, sizeof(*d), PROT_READ | PROT_WRITE,
				      MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (d == MAP_FAILED) {
		perror("testkit: mmap");
		abort();
	}
	snprintf(d->channel, sizeof(d->channel), "testchannel-%ld-%u", (long)getpid(),
		 atomic_fetch_add(&count, 1));
	return d;
}

void testkit_disk_free(struct testkit_disk *d)
{
	munmap(d, sizeof(*d));
}

struct kit_text kit_store(struct testkit_disk *d, const void *p, size_t n)
{
	unsigned at = atomic_fetch_add(&d->used, (unsigned)n);

	if (n > KIT_ARENA || at > KIT_ARENA - n) {
		fputs("testkit: the disk is full: fewer or shorter messages, please\n", stderr);
		abort();
	}
	if (n > 0)
		memcpy(d->arena + at, p, n);
	return (struct kit_text){at, (uint32_t)n};
}

/* The slot behind the last one. */
static unsigned slot(const atomic_uint *n)
{
	unsigned at = atomic_load(n);

	if (at == KIT_MAX) {
		fprintf(stderr, "testkit: the disk holds no more than %d of a kind\n", KIT_MAX);
		abort();
	}
	return at;
}

void kit_store_accepted(struct testkit_disk *d, const char *text)
{
	unsigned at = slot(&d->n_accepted);

	d->accepted[at] = kit_store(d, text, strlen(text));
	atomic_store(&d->n_accepted, at + 1);
}

void kit_store_block(struct testkit *k, const struct ord_block *b)
{
	struct testkit_disk *d = k->disk;
	unsigned at = slot(&d->n_blocks), m = atomic_load(&d->n_messages);
	struct kit_stored *stored = &d->blocks[at];

	*stored = (struct kit_stored){.config = b->config,
				      .n = (uint32_t)b->batch->n,
				      .first = m,
				      .metadata = kit_store(d, b->metadata.data, b->metadata.len)};
	for (size_t i = 0; i < b->batch->n; i++) {
		const struct ord_env *env = b->batch->envs[i];

		m = slot(&d->n_messages);
		d->messages[m] = kit_store(d, env->text, strcspn(env->text, " "));
		atomic_store(&d->n_messages, m + 1);
		if (env->journal_pos > stored->journal_pos)
			stored->journal_pos = env->journal_pos;
	}
	atomic_store(&d->n_blocks, at + 1);
}

uint64_t kit_disk_sequence(const struct testkit_disk *d)
{
	uint64_t sequence = atomic_load(&d->bumps);

	for (unsigned i = 0; i < atomic_load(&d->n_blocks); i++)
		sequence += d->blocks[i].config;
	return sequence;
}

/* The highest position that was ever given away. */
uint64_t kit_disk_journal_pos(const struct testkit_disk *d)
{
	unsigned n = atomic_load(&d->n_records);

	return n ? d->records[n - 1].pos : 0;
}

struct ord_bytes kit_disk_metadata(const struct testkit_disk *d)
{
	unsigned n = atomic_load(&d->n_blocks);
	struct kit_text t = n ? d->blocks[n - 1].metadata : (struct kit_text){0, 0};

	return (struct ord_bytes){(const uint8_t *)d->arena + t.at, t.len};
}

char *testkit_disk_blocks(const struct testkit_disk *d)
{
	char *s = kit_print("%s", "");

	for (unsigned i = 0; i < atomic_load(&d->n_blocks); i++) {
		const struct kit_stored *b = &d->blocks[i];

		kit_append(&s, "%s[%s", i ? " " : "", b->config ? "*" : "");
		for (unsigned m = b->first; m < b->first + b->n; m++)
			kit_append(&s, "%s%.*s", m > b->first ? " " : "", (int)d->messages[m].len,
				   d->arena + d->messages[m].at);
		kit_append(&s, "]");
	}
	return s;
}

char *testkit_disk_accepted(const struct testkit_disk *d)
{
	char *s = kit_print("%s", "");

	for (unsigned i = 0; i < atomic_load(&d->n_accepted); i++)
		kit_append(&s, "%s%.*s", i ? " " : "", (int)d->accepted[i].len,
			   d->arena + d->accepted[i].at);
	return s;
}

/* ---- journal ------------------------------------------------------------- */

int kit_journal_open(struct ord_support *s, struct ord_journal **out, struct ord_err *e)
{
	struct testkit *k = (struct testkit *)s;
	struct ord_journal *j = ord_alloc(sizeof(*j));

	kit_step(k);
	kit_lock(k);
	k->uses_journal = true;
	if (k->journal)
		kit_broken(k, "journal_open() was called twice");
	if (k->fail_opens > 0) {
		k->fail_opens--;
		kit_unlock(k);
		free(j);
		return ord_fail(e, ORD_EUNAVAIL, "journal: no space left on device");
	}
	j->k = k;
	for (unsigned i = 0; i < atomic_load(&k->disk->n_blocks); i++)
		if (k->disk->blocks[i].journal_pos > j->written)
			j->written = k->disk->blocks[i].journal_pos;
	k->journal = *out = j;
	kit_unlock(k);
	return 0;
}

int kit_journal_next(struct ord_journal *j, struct ord_env **env, uint64_t *seq)
{
	struct testkit *k = j->k;
	struct testkit_disk *d = k->disk;

	kit_lock_chain(k, "journal_next");
	while (!j->replayed && j->next < atomic_load(&d->n_records)) {
		const struct kit_record *r = &d->records[j->next++];

		if (r->pos <= j->written)
			continue;
		*env = kit_env_of_bytes(
			k, (struct ord_bytes){(uint8_t *)d->arena + r->bytes.at, r->bytes.len});
		(*env)->journal_pos = r->pos;
		*seq = r->seq;
		kit_unlock(k);
		return 1;
	}
	j->replayed = true;
	kit_unlock(k);
	return 0;
}

void kit_journal_append(struct ord_journal *j, struct ord_env *env, uint64_t seq)
{
	struct testkit *k = j->k;

	kit_lock_chain(k, "journal_append");
	if (!j->replayed)
		kit_broken(k, "journal_append() before journal_next() has returned 0");
	if (env->journal_pos)
		kit_broken(k, "'%s' was appended to the journal twice", env->text);
	env->journal_pos = ++k->journal_pos;
	j->unsynced[j->n_unsynced++] = (struct kit_record){
		env->journal_pos, seq, kit_store(k->disk, env->bytes, env->len)};
	if (j->n_unsynced == KIT_MAX)
		kit_broken(k, "%d messages appended to the journal without a sync", KIT_MAX);
	kit_unlock(k);
}

int kit_journal_sync(struct ord_journal *j, struct ord_err *e)
{
	struct testkit *k = j->k;
	int rc = 0;

	kit_lock_chain(k, "journal_sync");
	if (k->fail_syncs > 0) {
		k->fail_syncs--;
		rc = ord_fail(e, ORD_EUNAVAIL, "journal: no space left on device");
	}
	for (size_t i = 0; rc == 0 && i < j->n_unsynced; i++) {
		unsigned at = slot(&k->disk->n_records);

		k->disk->records[at] = j->unsynced[i];
		atomic_store(&k->disk->n_records, at + 1);
	}
	j->n_unsynced = 0;
	kit_unlock(k);
	return rc;
}

void kit_journal_close(struct ord_journal *j)
{
	struct testkit *k = j->k;

	kit_step(k);
	kit_lock(k);
	k->journal = NULL;
	kit_unlock(k);
	free(j);
}
