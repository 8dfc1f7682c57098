/* SPDX-License-Identifier: Apache-2.0 */
/* What the last run left: its segments, the mark that holds, and whether anything is missing. */
#include "journal_priv.h"

#include <stdlib.h>

void journal_add_segment(struct journal *j, const struct journal_segment *s)
{
	j->segments = x_realloc(j->segments, (j->n + 1) * sizeof(*s));
	j->segments[j->n++] = *s;
}

/* The ledger may have lost its last blocks: a torn tail that was cut, a person who gave them up.
 * Their messages are not done, then, whatever later marks say, and the newest mark that speaks of
 * none of these blocks holds. */
static void note_mark(struct journal *j, struct journal_segment *s, uint64_t position,
		      uint64_t block_number)
{
	if (block_number < j->height) {
		s->marked = true;
		s->mark_position = position;
		s->mark_block = block_number;
	} else if (position > j->void_position) {
		j->void_position = position;
	}
}

/* Read a segment's frames: its last record, the marks. */
static int scan_segment(struct journal *j, struct journal_segment *s, struct journal_cursor *c,
			struct ord_err *e)
{
	int rc;

	s->last_position = s->header.first_position - 1;
	note_mark(j, s, s->header.mark_position, s->header.mark_block);
	while ((rc = journal_cursor_next(c, e)) > 0 &&
	       c->frame.first_position == s->last_position + 1) {
		s->last_position += c->frame.count;
		note_mark(j, s, c->frame.mark_position, c->frame.mark_block);
		s->end = c->at;
		s->end_seed = c->seed;
	}
	return rc < 0 ? rc : 0;
}

static int load_segment(struct journal *j, const char *name, struct ord_err *e)
{
	struct journal_segment s = {.path = file_join(j->dir, name)};
	struct journal_cursor c;
	int rc = journal_cursor_open(&c, &s, e);

	if (rc > 0) {
		s.end = c.at;
		s.end_seed = c.seed;
		rc = scan_segment(j, &s, &c, e);
		journal_cursor_close(&c);
	} /* else made but never begun: sequence 0 sorts it in front, and it is free */
	if (rc < 0)
		free(s.path);
	else
		journal_add_segment(j, &s);
	return rc;
}

static int by_sequence(const void *a, const void *b)
{
	uint64_t x = ((const struct journal_segment *)a)->header.sequence;
	uint64_t y = ((const struct journal_segment *)b)->header.sequence;

	return (x > y) - (x < y);
}

static int load_segments(struct journal *j, struct ord_err *e)
{
	char **names;
	int rc = file_list(j->dir, &names, NULL, e);

	if (rc < 0)
		return rc;
	for (char **p = names; rc >= 0 && *p; p++) {
		unsigned number;
		int end = 0;

		if (sscanf(*p, JOURNAL_PREFIX "%8u%n", &number, &end) != 1 || (*p)[end])
			continue;
		if (number >= j->next_name)
			j->next_name = number + 1;
		rc = load_segment(j, *p, e);
	}
	file_list_free(names);
	if (j->n > 0)
		qsort(j->segments, j->n, sizeof(*j->segments), by_sequence);
	return rc < 0 ? rc : 0;
}

/* The last mark that was written, not the highest: where marks became void, later ones are lower.
 */
static void find_mark(struct journal *j)
{
	for (size_t i = j->n; i-- > 0;)
		if (j->segments[i].marked) {
			j->found_position = j->segments[i].mark_position;
			j->found_block = j->segments[i].mark_block;
			break;
		}
	j->durable_mark = j->mark_position = j->found_position;
	j->mark_block = j->found_block;
}

/* Positions grow from file to file, and behind the mark none is missing, but for some that a void
 * mark had given free. */
static int check_complete(const struct journal *j, struct ord_err *e)
{
	uint64_t next = j->mark_position + 1, end = 0;

	for (size_t i = 0; i < j->n; i++) {
		const struct journal_segment *s = &j->segments[i];
		uint64_t first = s->header.first_position;

		if (s->header.sequence == 0)
			continue;
		if (first < end || (first > next && first > j->void_position + 1 &&
				    s->last_position > j->mark_position))
			return err_set(
				e, ORD_EINTERNAL,
				"%s begins with message %llu instead of %llu, so this journal "
				"is damaged: to go on without the messages that stand in no "
				"block yet, remove the files " JOURNAL_PREFIX "* in that directory",
				s->path, (unsigned long long)first,
				(unsigned long long)(first < end ? end : next));
		end = s->last_position + 1;
		if (end > next)
			next = end;
	}
	return 0;
}

int journal_scan(struct journal *j, struct ord_err *e)
{
	int rc = load_segments(j, e);

	if (rc < 0)
		return rc;
	find_mark(j);
	return check_complete(j, e);
}
