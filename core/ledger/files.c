/* SPDX-License-Identifier: Apache-2.0 */
/* The block files of one chain, and a reader that walks through them. */
#include "ledger_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define PREFIX "blockfile_"

char *ledger_file_path(const char *dir, uint32_t file)
{
	return x_printf("%s/" PREFIX "%06u", dir, file);
}

/* The number in a block file's name; other names are not ours to judge. */
static bool file_number(const char *name, uint32_t *number)
{
	char again[32];
	unsigned n;

	if (sscanf(name, PREFIX "%9u", &n) != 1)
		return false;
	snprintf(again, sizeof(again), PREFIX "%06u", n);
	*number = n;
	return strcmp(name, again) == 0;
}

int ledger_file_count(const char *dir, uint32_t *n, struct ord_err *e)
{
	uint32_t number, end = 0, count = 0;
	char **names;
	int rc = file_list(dir, &names, NULL, e);

	if (rc < 0)
		return rc;
	for (char **p = names; *p; p++) {
		if (!file_number(*p, &number))
			continue;
		count++;
		if (number >= end)
			end = number + 1;
	}
	file_list_free(names);
	*n = end;
	for (number = 0; count < end; number++) {
		char *path = ledger_file_path(dir, number);
		bool there = file_exists(path);

		if (!there)
			rc = err_set(e, ORD_EINVAL,
				     "%s is missing, but there are later block files: nothing was "
				     "changed; put the file back",
				     path);
		free(path);
		if (!there)
			return rc;
	}
	return 0;
}

/* ---- walking ------------------------------------------------------------- */

void ledger_scan_init(struct ledger_scan *s, const char *dir, uint32_t files)
{
	*s = (struct ledger_scan){.dir = dir, .files = files, .fd = -1};
}

void ledger_scan_fini(struct ledger_scan *s)
{
	if (s->fd >= 0)
		close(s->fd);
	buf_fini(&s->bytes);
	free(s->views.v);
}

void ledger_scan_seek(struct ledger_scan *s, struct ledger_place at)
{
	if (s->fd >= 0 && at.file != s->next.file) {
		close(s->fd);
		s->fd = -1;
	}
	s->next = at;
}

static int scan_error(struct ledger_scan *s, int errnum, struct ord_err *e)
{
	char *path = ledger_file_path(s->dir, s->next.file);
	int rc = err_sys(e, errnum, "read %s", path);

	free(path);
	return rc;
}

static int open_file(struct ledger_scan *s, struct ord_err *e)
{
	char *path = ledger_file_path(s->dir, s->next.file);
	struct stat st;

	s->fd = open(path, O_RDONLY | O_CLOEXEC);
	free(path);
	if (s->fd < 0 || fstat(s->fd, &st) < 0)
		return scan_error(s, errno, e);
	if (!S_ISREG(st.st_mode))
		return scan_error(s, EISDIR, e);
	s->size = (uint64_t)st.st_size;
	return 0;
}

/* Open the file of the next record, past files that have no more.  1: there is something. */
static int move_on(struct ledger_scan *s, struct ord_err *e)
{
	int rc;

	while (s->next.file < s->files) {
		rc = s->fd < 0 ? open_file(s, e) : 0;
		if (rc < 0)
			return rc;
		if (s->next.offset < s->size)
			return 1;
		if (s->next.file + 1 == s->files)
			break;
		ledger_scan_seek(s, (struct ledger_place){s->next.file + 1, 0});
	}
	return 0;
}

static int broken(struct ledger_scan *s, const char *why)
{
	s->why = why;
	return LEDGER_SCAN_BROKEN;
}

/* The first @n bytes at the next record into s->bytes; fewer at the end of the file. */
static int fetch(struct ledger_scan *s, uint64_t n, struct ord_err *e)
{
	uint64_t left = s->size - s->next.offset;
	ssize_t got;

	s->bytes.len = 0;
	if (n > left)
		n = left;
	buf_reserve(&s->bytes, (size_t)n);
	got = ledger_io_read(s->fd, s->bytes.data, (size_t)n, s->next.offset);
	if (got < 0)
		return scan_error(s, errno, e);
	s->bytes.len = (size_t)got;
	return 0;
}

int ledger_scan_next(struct ledger_scan *s, bool full, struct ord_err *e)
{
	struct ord_bytes b;
	uint64_t body;
	size_t prefix;
	int rc = move_on(s, e);

	s->at = s->next;
	if (rc <= 0)
		return rc;
	rc = fetch(s, LEDGER_RECORD_HEAD, e);
	if (rc < 0)
		return rc;
	if (!ledger_record_prefix(buf_bytes(&s->bytes), &prefix, &body))
		return broken(s, "the length is not one");
	if (body > LEDGER_RECORD_MAX)
		return broken(s, "the record is larger than any block");
	if (body > s->size - s->next.offset - prefix)
		return broken(s, "the record goes beyond the end of the file");
	if (full && prefix + body > s->bytes.len) {
		rc = fetch(s, prefix + body, e);
		if (rc < 0)
			return rc;
	}
	b = buf_bytes(&s->bytes);
	b.data += prefix;
	b.len -= prefix;
	if (b.len > body)
		b.len = (size_t)body;
	s->why = full ? ledger_record_parse(b, &s->record) : ledger_record_head(b, &s->record);
	if (s->why)
		return LEDGER_SCAN_BROKEN;
	if (s->next.offset + prefix + body > UINT32_MAX)
		return broken(s, "the file is larger than block files are");
	s->next.offset += (uint32_t)(prefix + body);
	return LEDGER_SCAN_RECORD;
}
