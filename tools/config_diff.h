/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config_diff - what a config update adds, changes and removes.
 */
#ifndef CONFIG_DIFF_H
#define CONFIG_DIFF_H

#include <chanconf/chanconf.h>

enum config_change { CONFIG_ADDED = '+', CONFIG_CHANGED = '~', CONFIG_REMOVED = '-' };

struct config_diff {
	enum config_change change;
	const char *key;   /* "[Value]  /Channel/Orderer/BatchSize" */
	uint64_t from, to; /* versions */
	const char *lines; /* what changed in it, indented by four blanks; may be "" */
};

/** Call @each for every element that @update, against @current, adds, changes or removes. */
void config_diff(const Common__ConfigGroup *current, const Common__ConfigUpdate *update,
		 void (*each)(void *arg, const struct config_diff *d), void *arg);

#endif /* CONFIG_DIFF_H */
