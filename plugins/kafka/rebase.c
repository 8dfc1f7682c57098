/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the setting Rebase. */
#include "rebase.h"

#include <string.h>

#define BLANK " \t"

struct entry {
	const char *channel;
	size_t len; /* of the channel's name */
	uint64_t height, offset;
};

/* At most 18 digits: everything fits an int64_t.  NULL: no number. */
static const char *parse_number(const char *p, uint64_t *out)
{
	size_t n = strspn(p, "0123456789");

	*out = 0;
	if (n == 0 || n > 18)
		return NULL;
	for (const char *end = p + n; p < end; p++)
		*out = *out * 10 + (uint64_t)(*p - '0');
	return p;
}

/* The entry at *p, which goes on to the next.  A height of 0 has no block to forget. */
static bool parse_entry(const char **p, struct entry *out)
{
	const char *at = *p;

	out->channel = at;
	out->len = strcspn(at, "@:," BLANK);
	at += out->len;
	if (out->len == 0 || *at++ != '@' || !(at = parse_number(at, &out->height)) ||
	    out->height == 0 || *at++ != ':' || !(at = parse_number(at, &out->offset)))
		return false;
	*p = at += strspn(at, BLANK);
	if (*at != ',')
		return !*at;
	*p = at + 1 + strspn(at + 1, BLANK);
	return **p;
}

static bool names(const struct entry *a, const char *channel, size_t len)
{
	return a->len == len && memcmp(a->channel, channel, len) == 0;
}

/* Is @channel, of @len bytes, named again behind @p? */
static bool comes_again(const char *p, const char *channel, size_t len)
{
	struct entry other;

	while (*p && parse_entry(&p, &other))
		if (names(&other, channel, len))
			return true;
	return false;
}

int kafka_rebase_check(const char *setting, struct ord_err *e)
{
	const char *p = setting + strspn(setting, BLANK);
	struct entry entry;

	while (*p) {
		const char *begin = p;

		if (!parse_entry(&p, &entry))
			return ord_fail(e, ORD_EINVAL,
					"Kafka.Rebase: '%s': want <channel>@<height>:<offset>, "
					"several with commas between",
					begin);
		if (comes_again(p, entry.channel, entry.len))
			return ord_fail(e, ORD_EINVAL, "Kafka.Rebase names channel %.*s twice",
					(int)entry.len, entry.channel);
	}
	return 0;
}

struct kafka_rebase kafka_rebase(const char *setting, const char *channel, uint64_t height)
{
	struct kafka_rebase r = {.where = KAFKA_REBASE_NONE};
	const char *p = setting + strspn(setting, BLANK);
	struct entry entry;

	while (*p && parse_entry(&p, &entry)) {
		if (!names(&entry, channel, strlen(channel)) || height > entry.height)
			continue;
		r.where = height == entry.height ? KAFKA_REBASE_HERE : KAFKA_REBASE_BELOW;
		r.height = entry.height;
		r.offset = (int64_t)entry.offset;
	}
	return r;
}
