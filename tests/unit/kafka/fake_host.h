/* SPDX-License-Identifier: Apache-2.0 */
/* A host that has only settings, and what reading them must give. */
#ifndef FAKE_HOST_H
#define FAKE_HOST_H

#include "../test.h"
#include <kafka/settings.h>

/* What the operator wrote: "Key=value", ended by NULL. */
struct fake_host {
	struct ord_host pub; /* first */
	const char *const *given;
	char *values[64]; /* by index in the table */
	char warning[256];
};

static inline char *host_value(const struct ord_setting *s, const char *const *given)
{
	const char *value = s->fallback;
	size_t n = strlen(s->key);
	struct ord_err e;
	int64_t ns;

	for (; *given; given++)
		if (!strncmp(*given, s->key, n) && (*given)[n] == '=')
			value = *given + n + 1;
	if (s->type != ORD_SET_DURATION)
		return x_strdup(value);
	test_ok(duration_parse(value, &ns, &e), &e);
	return x_printf("%lld", (long long)ns);
}

static inline const char *host_setting(const struct ord_host *pub, const char *name)
{
	struct fake_host *h = (struct fake_host *)(uintptr_t)pub;

	for (size_t i = 0; kafka_settings_table[i].key; i++)
		if (!strcmp(kafka_settings_table[i].key, name))
			return h->values[i];
	fail_msg("setting %s is not in the table", name);
	return NULL;
}

static inline void host_log(const struct ord_host *pub, enum ord_level l, const char *func,
			    const char *fmt, va_list ap)
{
	struct fake_host *h = (struct fake_host *)(uintptr_t)pub;

	(void)func;
	assert_int_equal(l, ORD_WARN);
	vsnprintf(h->warning, sizeof(h->warning), fmt, ap);
}

static const struct ord_host_ops host_ops = {
	.size = sizeof(host_ops), .setting = host_setting, .log = host_log};

static inline void host_init(struct fake_host *h, const char *const *given)
{
	*h = (struct fake_host){.pub = {&host_ops}, .given = given};
	for (size_t i = 0; kafka_settings_table[i].key; i++)
		h->values[i] = host_value(&kafka_settings_table[i], given);
}

static inline void host_fini(struct fake_host *h)
{
	for (size_t i = 0; i < UTIL_ARRAY_LEN(h->values); i++)
		free(h->values[i]);
}

/* The settings of @given; the warning that came of it in @warning, unless that is NULL. */
static inline void read_given(const char *const *given, struct kafka_settings *s, char *warning)
{
	struct fake_host h;
	struct ord_err e = ERR_INIT;

	host_init(&h, given);
	test_ok(kafka_settings_read(&h.pub, s, &e), &e);
	if (warning)
		strcpy(warning, h.warning);
	else
		assert_string_equal(h.warning, "");
	host_fini(&h);
}

static inline void refused(const char *const *given, const char *want)
{
	struct kafka_settings s;
	struct fake_host h;
	struct ord_err e = ERR_INIT;

	host_init(&h, given);
	assert_true(kafka_settings_read(&h.pub, &s, &e) < 0);
	assert_string_equal(e.msg, want);
	host_fini(&h);
}

static inline void property_is(const rd_kafka_conf_t *conf, const char *property, const char *want)
{
	char value[4096];
	size_t len = sizeof(value);

	if (rd_kafka_conf_get(conf, property, value, &len) != RD_KAFKA_CONF_OK)
		snprintf(value, sizeof(value), "(unset)");
	if (strcmp(value, want) != 0)
		fail_msg("%s is %s, expected %s", property, value, want);
}

#endif /* FAKE_HOST_H */
