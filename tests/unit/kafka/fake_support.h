/* SPDX-License-Identifier: Apache-2.0 */
/* What every support of a simulated chain has: messages as they are, and a log that only reads what
 * it would print. */
#ifndef KAFKA_FAKE_SUPPORT_H
#define KAFKA_FAKE_SUPPORT_H

#include <channel/channel_priv.h>

static inline struct ord_bytes fake_env_bytes(const struct ord_env *env)
{
	return env->raw;
}

static inline int fake_env_parse(struct ord_support *s, struct ord_bytes b, struct ord_env **out,
				 struct ord_err *e)
{
	(void)s;
	return env_parse(b, out, e);
}

static inline void fake_log(struct ord_support *s, enum ord_level l, const char *func,
			    const char *fmt, va_list ap)
{
	char text[256];

	(void)s, (void)l, (void)func;
	vsnprintf(text, sizeof(text), fmt, ap);
}

/* Entries of a struct ord_support_ops. */
#define FAKE_SUPPORT                                                                  \
	.size = sizeof(struct ord_support_ops), .classify = env_classify,             \
	.env_bytes = fake_env_bytes, .env_parse = fake_env_parse, .env_ref = env_ref, \
	.env_unref = env_unref, .batch_one = cutter_one, .log = fake_log

#endif /* KAFKA_FAKE_SUPPORT_H */
