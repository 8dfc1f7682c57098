/* SPDX-License-Identifier: Apache-2.0 */
#ifndef METRICS_PRIV_H
#define METRICS_PRIV_H

#include "http_priv.h"

/** Answer /metrics. */
void metrics_serve(struct ops_operations *s, struct http_request *rq);
/** What Prometheus' client libraries tell of every process. */
void process_metrics(struct ops_metrics *m);

#endif /* METRICS_PRIV_H */
