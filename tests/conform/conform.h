/* SPDX-License-Identifier: Apache-2.0 */
/* ordererd-conform: what its files share. */
#ifndef CONFORM_H
#define CONFORM_H

#include <ordererd/testkit.h>
#include <util/util.h>

#define TIMEOUT UINT64_C(2000000000) /* the kit's BatchTimeout */

struct scenario {
	const char *name;
	void (*run)(const struct ord_plugin *def);
	bool durable; /* left out for a plugin that promises nothing */
};
extern const struct scenario scenarios[];
extern const size_t n_scenarios;

/* Each scenario runs in a process of its own: these end it. */
_Noreturn void conform_fail(const char *why);
_Noreturn void conform_skip(const char *why);

/* The commands that take the plugin's log away and bring it back, if the command line has them. */
bool conform_has_remote_log(void);
void conform_remote_log(bool there);

/* A kit with the settings of the command line. */
struct testkit *conform_kit(const struct ord_plugin *def, struct testkit_opts opts);

#define conform_check(x) ((x) ? (void)0 : conform_failf("%s: %s", __func__, #x))
#define conform_text(what, is, should)                                                          \
	(strcmp((is), (should)) == 0 ? (void)0                                                  \
				     : conform_failf("%s are\n#   %s\n# and should be\n#   %s", \
						     (what), (is), (should)))
_Noreturn void conform_failf(const char *fmt, ...) UTIL_PRINTF(1, 2);

/* How far apart the calls are at which crash_anywhere() crashes. */
unsigned conform_stride(void);

/* crash.c */
void crash_anywhere(const struct ord_plugin *def);

#endif /* CONFORM_H */
