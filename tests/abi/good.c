/* SPDX-License-Identifier: Apache-2.0 */
/* The control: no sin.  Its settings are of every type. */
#include "sinner.h"

static const struct ord_setting settings[] = {
	{"Text", ORD_SET_STRING, "some text", "a text"},
	{"Flag", ORD_SET_BOOL, "false", "a flag"},
	{"Count", ORD_SET_UINT, "42", "a number"},
	{"Retry.Interval", ORD_SET_DURATION, "1m30s", "a duration"},
	{"File", ORD_SET_PATH, "", "a path"},
	{"Password", ORD_SET_SECRET, "", "a secret"},
	{"Certificate", ORD_SET_PEM, "", "a PEM text"},
	{"Client", ORD_SET_MAP, "", "a library's own"},
	{0}};

static int closed;

static int open_it(const struct ord_host *h, void **plugin, struct ord_err *e)
{
	(void)e;
	ord_host_log(h, ORD_DEBUG, "opened with %s", h->ops->setting(h, "Text"));
	*plugin = &closed;
	return 0;
}

static void close_it(void *plugin)
{
	++*(int *)plugin;
}

SINNER("good", .settings = settings, .open = open_it, .close = close_it,
       .handle_chain = handle_chain);
