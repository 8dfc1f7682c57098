/* SPDX-License-Identifier: Apache-2.0 */
/* Steps at which a kill test may have the process die. */
#ifdef ORD_DEVELOPER
#include <signal.h>
#include <stdlib.h>
#include <util/util.h>

void util_stop_at(const char *step)
{
	const char *at = getenv("ORDERERD_TEST_STOP_AT");

	if (at && strcmp(at, step) == 0)
		raise(SIGKILL);
}
#else
typedef int util_stop_unused; /* a file must declare something */
#endif
