/* SPDX-License-Identifier: Apache-2.0 */
/*
 * line_diff - what changed between two short texts of JSON, line by line.
 */
#ifndef LINE_DIFF_H
#define LINE_DIFF_H

#include <util/util.h>

/** Append the lines that differ, each indented by @indent: "max_message_count: 10 -> 5" where one
 *  line of JSON takes the place of another, else "- old" and "+ new".  After @max lines it only
 *  says how many more there are. */
void line_diff(const char *from, const char *to, int indent, size_t max, struct buf *out);

#endif /* LINE_DIFF_H */
