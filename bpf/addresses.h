/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Who owns an address, as the agent wrote it into ht_addresses and ht_networks. */
#ifndef HUBTOP_ADDRESSES_H
#define HUBTOP_ADDRESSES_H

#include "maps.h"

/* What holds for a whole network: its own label set, or that its pods are not known yet. */
static __noinline void ht_network_of(const struct ht_address_key *address, struct ht_address *owner)
{
	struct ht_network_key key;
	struct ht_address *found;

	if (!address || !owner)
		return;
	ht_zero(&key, sizeof(key));
	key.prefix_bits = 8 * (sizeof(key.family) + sizeof(key.ip));
	key.family = address->family;
	ht_copy(key.ip, address->ip, 16);
	found = bpf_map_lookup_elem(&ht_networks, &key);
	if (found)
		*owner = *found;
}

static __noinline void ht_find_owner(const struct ht_address_key *key, struct ht_address *owner)
{
	struct ht_config *config;
	struct ht_address *found;

	if (!key || !owner)
		return;
	found = bpf_map_lookup_elem(&ht_addresses, key);
	if (found) {
		*owner = *found;
		return;
	}
	config = ht_configuration();
	if (config && config->has_networks)
		ht_network_of(key, owner);
}

/* The label set of all that stand behind a service's address; 0 where they are not all alike. */
static __noinline __u32 ht_behind(const __u8 *ip, __u8 family)
{
	struct ht_address_key key;
	struct ht_address *found;

	if (!ip)
		return 0;
	ht_zero(&key, sizeof(key));
	ht_copy(key.ip, ip, 16);
	key.family = family;
	found = bpf_map_lookup_elem(&ht_addresses, &key);
	return found && found->flags & HT_ADDRESS_VIRTUAL ? found->flags >> HT_ADDRESS_BEHIND_SHIFT : 0;
}

/* All zero for an address nobody told us of: the world. */
static __always_inline struct ht_address ht_owner(const __u8 *ip, __u8 family)
{
	struct ht_address_key key;
	struct ht_address owner = {};

	ht_zero(&key, sizeof(key));
	ht_copy(key.ip, ip, 16);
	key.family = family;
	ht_find_owner(&key, &owner);
	return owner;
}

#endif
