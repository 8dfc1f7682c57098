/* SPDX-License-Identifier: Apache-2.0 */
/* May one configuration follow another (spec 4.5)? */
#include "chanconf_priv.h"

/* ---- organisations keep their MSP ids ------------------------------------ */

enum org_place { IN_APPLICATION, IN_CONSORTIUM, IN_ORDERER }; /* the order of their groups' keys */

static enum org_place place_of(const struct chanconf_org *org)
{
	return org->orderer ? IN_ORDERER : org->application ? IN_APPLICATION : IN_CONSORTIUM;
}

/* The order in which organisations stand in the tree, and so in chanconf.orgs. */
static int compare(const struct chanconf_org *a, const struct chanconf_org *b)
{
	int order = (int)place_of(a) - (int)place_of(b);

	if (order == 0 && a->consortium)
		order = strcmp(a->consortium, b->consortium);
	return order ? order : strcmp(a->name, b->name);
}

static int check_mspid(const struct chanconf_org *was, const struct chanconf_org *is,
		       struct ord_err *e)
{
	if (strcmp(was->mspid, is->mspid) == 0)
		return 0;
	if (was->consortium)
		return err_set(e, ORD_EINVAL,
			       "consortium %s org %s attempted to change MSP ID from %s to %s",
			       was->consortium, was->name, was->mspid, is->mspid);
	return err_set(e, ORD_EINVAL, "%s org %s attempted to change MSP ID from %s to %s",
		       was->orderer ? "orderer" : "application", was->name, was->mspid, is->mspid);
}

static int check_orgs(const struct chanconf *current, const struct chanconf *next,
		      enum org_place place, struct ord_err *e)
{
	size_t i = 0, k = 0;

	while (i < current->n_orgs && k < next->n_orgs) {
		const struct chanconf_org *was = &current->orgs[i], *is = &next->orgs[k];
		int order = compare(was, is);

		if (order == 0 && place_of(was) == place && check_mspid(was, is, e) < 0)
			return ORD_EINVAL;
		i += order <= 0;
		k += order >= 0;
	}
	return 0;
}

/* ---- groups -------------------------------------------------------------- */

static int check_orderer(const struct chanconf *current, const struct chanconf *next,
			 struct ord_err *e)
{
	if (!current->has_orderer)
		return 0;
	if (!next->has_orderer)
		return err_set(e, ORD_EINVAL,
			       "current config has orderer section, but new config does not");
	if (!current->caps.consensus_type_change &&
	    strcmp(current->pub.consensus_type, next->pub.consensus_type) != 0)
		return err_set(e, ORD_EINVAL, "attempted to change consensus type from %s to %s",
			       current->pub.consensus_type, next->pub.consensus_type);
	return check_orgs(current, next, IN_ORDERER, e);
}

static int check_application(const struct chanconf *current, const struct chanconf *next,
			     struct ord_err *e)
{
	if (current->has_application && !next->has_application)
		return err_set(e, ORD_EINVAL,
			       "current config has application section, but new config does not");
	return check_orgs(current, next, IN_APPLICATION, e);
}

static int check_consortiums(const struct chanconf *current, const struct chanconf *next,
			     struct ord_err *e)
{
	if (current->has_consortiums && !next->has_consortiums)
		return err_set(e, ORD_EINVAL,
			       "current config has consortiums section, but new config does not");
	if (!current->has_consortiums && next->has_consortiums)
		return err_set(e, ORD_EINVAL,
			       "current config has no consortiums section, but new config does");
	return check_orgs(current, next, IN_CONSORTIUM, e);
}

int chanconf_validate_new(const struct chanconf *current, const struct chanconf *next,
			  struct ord_err *e)
{
	int rc = check_orderer(current, next, e);

	if (rc == 0)
		rc = check_application(current, next, e);
	return rc == 0 ? check_consortiums(current, next, e) : rc;
}

int chanconf_accept(const struct chanconf *current, const Common__Config *config,
		    struct chanconf **next, struct ord_err *e)
{
	struct chanconf *c;
	int rc = chanconf_new(current->channel_id, config, &c, e);

	if (rc < 0)
		return rc;
	if (chanconf_check_supported(c, e) < 0) {
		err_wrap(e, "config update is not compatible");
		rc = e->code = ORD_EINVAL; /* the update is wrong, not this orderer */
	} else {
		rc = chanconf_validate_new(current, c, e);
	}
	if (rc < 0)
		chanconf_unref(c);
	else
		*next = c;
	return rc;
}
