/* SPDX-License-Identifier: Apache-2.0 */
/* Debug.BroadcastTraceDir, Debug.DeliverTraceDir (spec 7.2): each request goes to a file of its
 * own.
 */
#include <stdlib.h>

#include "service_priv.h"

static struct log_logger logger = LOG_LOGGER("orderer.common.server");

static void told(atomic_bool *once, const char *dir, const char *why)
{
	if (!atomic_exchange(once, true))
		log_warn(&logger, "Requests are not all traced to %s: %s (said once)", dir, why);
}

/* Whoever looks at the message writes it, so that no queue of them can grow: a slow disk makes
 * slow answers. */
void trace_request(struct service *sv, const char *dir, const char *method,
		   const struct ord_env *env)
{
	struct ord_err e = ERR_INIT;
	char *path;

	if (!dir || !*dir)
		return;
	path = x_printf("%s/%lld_%p.%s", dir, (long long)clock_wall_ns(), (const void *)env,
			method);
	log_debug(&logger, "Writing %s request trace to %s", method, path);
	if (file_write(path, env->raw, 0660, &e) < 0)
		told(&sv->trace_failed, dir, e.msg);
	free(path);
}
