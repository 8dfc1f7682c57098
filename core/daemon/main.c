/* SPDX-License-Identifier: Apache-2.0 */
/* ordererd: the daemon. */
#include <util/util.h>

int main(void)
{
	fputs("ordererd: nothing to serve yet\n", stderr);
	return 1;
}
