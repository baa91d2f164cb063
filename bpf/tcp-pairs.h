/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What TCP did between a client and a server, as seen at the device of one of them. */
#ifndef HUBTOP_TCP_PAIRS_H
#define HUBTOP_TCP_PAIRS_H

#include "conntrack.h"

/* What was open before we came shows itself within this time, unless it was idle. */
#define HT_ATTACH_GRACE_S 60
#define HT_FIRST_BUCKET_BIT 16
#define HT_MAX_TRIES 4

static __always_inline void ht_tcp_miss(void)
{
	struct ht_counters *counters = ht_count();

	if (counters)
		ht_add_shared(&counters->tcp_failed, 1);
}

static __always_inline struct ht_tcp *ht_tcp_pair(const struct ht_tcp_key *key)
{
	struct ht_tcp *tcp = bpf_map_lookup_elem(&ht_tcp_pairs, key), fresh;

	if (tcp)
		return tcp;
	ht_zero(&fresh, sizeof(fresh));
	bpf_map_update_elem(&ht_tcp_pairs, key, &fresh, BPF_NOEXIST);
	tcp = bpf_map_lookup_elem(&ht_tcp_pairs, key);
	if (!tcp)
		ht_tcp_miss();
	return tcp;
}

static __always_inline __u32 ht_handshake_bucket(__u64 ns)
{
	__u32 bucket = 0;

	for (__u32 i = 1; i < HT_HANDSHAKE_BUCKETS; i++)
		bucket += ns >> (HT_FIRST_BUCKET_BIT + i) != 0;
	return bucket;
}

static __always_inline void ht_raise(__u64 *most, __u64 value)
{
	for (int i = 0; i < HT_MAX_TRIES; i++) {
		__u64 known = *most;

		if (known >= value || __sync_val_compare_and_swap(most, known, value) == known)
			return;
	}
}

static __always_inline void ht_count_handshake(struct ht_tcp *tcp, __u64 ns)
{
	ht_add_shared(&tcp->handshakes, 1);
	ht_add_shared(&tcp->handshake_ns, ns);
	ht_add_shared(&tcp->handshake_buckets[ht_handshake_bucket(ns) & (HT_HANDSHAKE_BUCKETS - 1)], 1);
	ht_raise(&tcp->handshake_max_ns, ns);
}

static __always_inline bool ht_is_just_attached(__u32 ifindex, __u32 now_s)
{
	struct ht_device *device = bpf_map_lookup_elem(&ht_devices, &ifindex);

	/* A device that the agent has not told of yet came this moment. */
	return !device || now_s - device->attached_s < HT_ATTACH_GRACE_S;
}

static __always_inline void ht_count_stray(struct ht_conntrack *entry, struct ht_tcp *tcp, __u32 ifindex)
{
	if (ht_is_just_attached(ifindex, ht_now_s())) {
		entry->opened = HT_OPENED_UNSEEN;
		ht_add_shared(&tcp->no_syn_attach, 1);
	} else {
		entry->opened = HT_OPENED_STRAY;
		ht_add_shared(&tcp->no_syn, 1);
	}
}

/* Not for the established path: of packets that are worth an event, those that an entry waits for. */
static __noinline void ht_note_tcp(const struct ht_packet *packet, struct ht_conntrack *entry, const struct ht_pair_key *pair,
				   __u32 ifindex)
{
	struct ht_tcp_key key;
	struct ht_tcp *tcp;

	if (!packet || !entry || !pair || (entry->opened == HT_OPENED_ACK) == pair->is_reply)
		return;
	key.client_labels = pair->client_labels;
	key.server_labels = pair->server_labels;
	key.port = pair->port;
	key.family = pair->family;
	key.direction = pair->direction;
	tcp = ht_tcp_pair(&key);
	if (!tcp)
		return;
	if (entry->opened == HT_OPENED_ACK)
		return ht_count_stray(entry, tcp, ifindex);
	if (entry->opened == HT_OPENED_STRAY) {
		if (packet->tcp_flags & HT_TCP_RST)
			ht_add_shared(&tcp->no_syn_reset, 1);
	} else if ((packet->tcp_flags & (HT_TCP_SYN | HT_TCP_ACK)) == (HT_TCP_SYN | HT_TCP_ACK)) {
		ht_count_handshake(tcp, bpf_ktime_get_boot_ns() - entry->created_ns);
	}
	entry->opened = HT_OPENED_UNSEEN;
}

#endif
