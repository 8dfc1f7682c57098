/* SPDX-License-Identifier: Apache-2.0 */
/*
 * participation - the channel participation API of an orderer's admin listener, as osnadmin uses
 * it.
 */
#ifndef PARTICIPATION_H
#define PARTICIPATION_H

#include "http.h"

struct participation_opts {
	struct http_opts http;
	const char *channel, *config_block;
	bool no_status;
};
/* The rows of these options, but for the channel's, in the table of a command whose options these
 * are. */
/* clang-format off */
#define PARTICIPATION_OPTS \
	{"no-status", CTL_FLAG, offsetof(struct participation_opts, no_status), false, NULL, \
	 "print the JSON alone, not the line 'Status: …' before it"}, \
	HTTP_OPTS(struct participation_opts, http)
#define PARTICIPATION_DEFAULTS {.http = HTTP_DEFAULTS}
/* clang-format on */

/** Ask @method of /participation/v1/channels, or of o->channel below it when @one, and print the
 *  answer in osnadmin's form.
 *  Errors: ORD_EUNAVAIL no answer; ORD_EINVAL the orderer refused, which was printed. */
int participation_ask(const struct participation_opts *o, const char *method, bool one,
		      const char *content_type, struct ord_bytes body, struct ord_err *e);

#endif /* PARTICIPATION_H */
