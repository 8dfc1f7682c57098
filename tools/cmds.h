/* SPDX-License-Identifier: Apache-2.0 */
/* Every command, one file each. */
#ifndef CMDS_H
#define CMDS_H

#include "ctl.h"

extern const struct ctl_cmd cmd_anchor_peers;
extern const struct ctl_cmd cmd_bench;
extern const struct ctl_cmd cmd_block_import;
extern const struct ctl_cmd cmd_block_show;
extern const struct ctl_cmd cmd_block_verify;
extern const struct ctl_cmd cmd_channel_create;
extern const struct ctl_cmd cmd_channel_join;
extern const struct ctl_cmd cmd_channel_list;
extern const struct ctl_cmd cmd_channel_remove;
extern const struct ctl_cmd cmd_channel_tx;
extern const struct ctl_cmd cmd_channel_update;
extern const struct ctl_cmd cmd_config_add_org;
extern const struct ctl_cmd cmd_config_explain;
extern const struct ctl_cmd cmd_config_get;
extern const struct ctl_cmd cmd_config_remove_org;
extern const struct ctl_cmd cmd_config_set;
extern const struct ctl_cmd cmd_config_update_check;
extern const struct ctl_cmd cmd_crypto;
extern const struct ctl_cmd cmd_decode;
extern const struct ctl_cmd cmd_encode;
extern const struct ctl_cmd cmd_fetch;
extern const struct ctl_cmd cmd_genesis;
extern const struct ctl_cmd cmd_ledger_catch_up;
extern const struct ctl_cmd cmd_policy_explain;
extern const struct ctl_cmd cmd_send;
extern const struct ctl_cmd cmd_sign;
extern const struct ctl_cmd cmd_update_compute;

#endif /* CMDS_H */
