/* SPDX-License-Identifier: Apache-2.0 */
/* ops in a build without libmicrohttpd: who asks for a listener is told so. */
#include "ops.h"

#define WITHOUT "this ordererd was built without libmicrohttpd (configure --with-microhttpd)"

int ops_check(const struct ops_listen *l, struct ord_err *e)
{
	return err_set(e, ORD_ENOTSUP, "there is an address, %s, but " WITHOUT, l->address);
}

static int refuse(const char *setting, struct ops_server **out, struct ord_err *e)
{
	*out = NULL;
	return err_set(e, ORD_ENOTSUP, "%s is set, but " WITHOUT, setting);
}

int ops_operations_open(const struct ops_operations *o, struct ops_server **out, struct ord_err *e)
{
	(void)o;
	return refuse("Operations.ListenAddress", out, e);
}

int ops_admin_open(const struct ops_admin *o, struct ops_server **out, struct ord_err *e)
{
	(void)o;
	return refuse("Admin.ListenAddress or ChannelParticipation.Enabled", out, e);
}

struct ord_ticket *ops_health_check(struct ops_health *h, const char *component)
{
	(void)h;
	(void)component;
	return NULL; /* no listener, no checks */
}

void ops_metric(struct ops_metrics *m, const char *name, char kind, const char *help)
{
	(void)m;
	(void)name;
	(void)kind;
	(void)help;
}

void ops_sample(struct ops_metrics *m, const struct ops_label *labels, double value)
{
	(void)m;
	(void)labels;
	(void)value;
}

void ops_sample_histogram(struct ops_metrics *m, const struct ops_label *labels,
			  const struct histogram_sum *sum)
{
	(void)m;
	(void)labels;
	(void)sum;
}

uint16_t ops_port(const struct ops_server *s)
{
	(void)s;
	return 0;
}

void ops_stop(struct ops_server *s)
{
	(void)s;
}

void ops_free(struct ops_server *s)
{
	(void)s;
}
