/* SPDX-License-Identifier: Apache-2.0 */
/* Memory for a message that is put together out of parts of others: freed all at once, after the
 * message was packed or copied. */
#include "chanconf_priv.h"
#include <stdlib.h>

void *chanconf_scratch(struct scratch *s, size_t n)
{
	if ((s->n & (s->n - 1)) == 0) /* full: the room for it is a power of two */
		s->blocks = x_realloc(s->blocks, (s->n ? 2 * s->n : 1) * sizeof(*s->blocks));
	return s->blocks[s->n++] = x_alloc(n);
}

void chanconf_scratch_free(struct scratch *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->blocks[i]);
	free(s->blocks);
	*s = (struct scratch){NULL, 0};
}
