/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config_edit - a configuration changed in one step: fetched, edited, computed, signed, submitted.
 */
#ifndef CONFIG_EDIT_H
#define CONFIG_EDIT_H

#include <chanconf/chanconf.h>

#include "remote.h"

struct edit_opts {
	struct remote_opts remote;
	struct ctl_list identities;
	const char *channel, *config_block, *output;
	bool dry_run;
};
/* The rows of these options in the table of a command whose struct is @s, member @m: where the
 * configuration comes from, and what becomes of the update. */
/* clang-format off */
#define EDIT_SOURCE_OPTS(s, m) \
	{"channel", CTL_STRING, offsetof(s, m.channel), false, "ID", \
	 "the channel, whose configuration is fetched"}, \
	{"config-block", CTL_STRING, offsetof(s, m.config_block), false, "FILE", \
	 "take the configuration out of this block, do not fetch it"}, \
	{"identity", CTL_LIST, offsetof(s, m.identities), false, "MSPID:DIR", \
	 "who signs: MSP id and MSP directory; may be given several times, the first one talks to " \
	 "the orderer"}
#define EDIT_OPTS(s, m) \
	EDIT_SOURCE_OPTS(s, m), \
	{"dry-run", CTL_FLAG, offsetof(s, m.dry_run), false, NULL, \
	 "send nothing: tell what the orderer would make of the update, as 'config-update check' " \
	 "does"}, \
	{"output", CTL_STRING, offsetof(s, m.output), false, "FILE", \
	 "send nothing: write the update there, signed by the identities that are given, for " \
	 "others to sign"}, \
	REMOTE_OPTS(s, m.remote)
#define EDIT_DEFAULTS {.remote = REMOTE_DEFAULTS}
/* clang-format on */

/** The configuration that @o names: from its file or from the orderer.
 *  Owns: *out +1. */
int config_edit_read(const struct edit_opts *o, struct chanconf **out, struct ord_err *e);
/** Let @edit change a copy of the configuration; then do with the update what @o says, by default
 *  submit it and wait for its block.
 *  Errors: of @edit; "no differences detected …"; of the orderer. */
int config_edit(const struct edit_opts *o,
		int (*edit)(void *arg, Common__Config *config, struct ord_err *e), void *arg,
		struct ord_err *e);

#endif /* CONFIG_EDIT_H */
