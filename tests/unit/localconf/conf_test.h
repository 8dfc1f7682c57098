/* SPDX-License-Identifier: Apache-2.0 */
/* A folder of its own for every test, and loading from what the test writes there. */
#ifndef CONF_TEST_H
#define CONF_TEST_H

#include "../files.h"
#include <localconf/localconf.h>

static char *conf_dir;

/* As a plugin brings them, of the types that built-in rows do not have. */
static const struct localconf_row conf_plugin_rows[] = {
	{.key = "Kafka.TLS.PrivateKey", .type = LOCALCONF_PEM, .help = "A key."},
	{.key = "Kafka.TLS.Certificate", .type = LOCALCONF_PEM, .help = "A certificate."},
	{.key = "Kafka.TLS.RootCAs", .type = LOCALCONF_PEM, .help = "Certificates."},
	{.key = "Kafka.SASLPlain.Password", .type = LOCALCONF_SECRET, .help = "A secret."},
	{.key = NULL},
};

static int conf_setup(void **state)
{
	(void)state;
	conf_dir = test_dir();
	return 0;
}

static int conf_teardown(void **state)
{
	(void)state;
	test_rmdir(conf_dir);
	return 0;
}

/* The path of file @name in the test's folder, which holds @n bytes of @text.  Heap. */
static inline char *conf_write_bytes(const char *name, const void *text, size_t n)
{
	char *path = x_printf("%s/%s", conf_dir, name);

	test_write(path, bytes_of(text, n));
	return path;
}

static inline char *conf_write(const char *name, const char *text)
{
	return conf_write_bytes(name, text, strlen(text));
}

/* @text with every "@" that stands for the test's folder replaced by its name.  Heap. */
static inline char *conf_expand(const char *text)
{
	struct buf b = BUF_INIT;

	for (; *text; text++)
		buf_printf(&b, *text == '@' ? "%s" : "%.1s", *text == '@' ? conf_dir : text);
	return buf_cstr(&b);
}

/* Loading @text as file @name with @environment must fail with @why ("@": the folder).  The rows
 * are the built-in ones and those of a plugin; so below. */
static inline void conf_refuses(const char *name, const char *text, char **environment,
				const char *why)
{
	struct ord_err e = ERR_INIT;
	char *path = conf_write(name, text), *want = conf_expand(why);
	struct localconf *c = NULL;
	int rc = localconf_load(path, conf_plugin_rows, environment, &c, &e);

	if (rc >= 0)
		fail_msg("loaded, expected: %s", want);
	assert_string_equal(e.msg, want);
	assert_null(c);
	free(path);
	free(want);
}

static inline struct localconf *conf_load(const char *name, const char *text, char **environment)
{
	struct ord_err e = ERR_INIT;
	char *path = conf_write(name, text);
	struct localconf *c = NULL;

	test_ok(localconf_load(path, conf_plugin_rows, environment, &c, &e), &e);
	free(path);
	return c;
}

/* @key reads @want ("@": the folder). */
static inline void conf_is(const struct localconf *c, const char *key, const char *want)
{
	char *text = conf_expand(want);

	assert_string_equal(localconf_str(c, key), text);
	free(text);
}

#endif /* CONF_TEST_H */
