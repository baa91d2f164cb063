/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What there is no room for in a ring: events that have everything in common
 * but address, client port and connection become one row, which the agent
 * takes once a second. A burst costs detail, never counts.
 */
#ifndef HUBTOP_FOLD_H
#define HUBTOP_FOLD_H

#include "conntrack.h"

/* Beyond this many rows new ones are for any port: a scan of all ports must not use up the rest. */
#define HT_FINE_FOLDS (HT_FOLDS * 3 / 4)

/* Everything about an event that is not in the packet. */
struct ht_report {
	__u32 ifindex;
	__u32 source_ref;
	__u32 source_labels;
	__u32 destination_ref;
	__u32 destination_labels;
	__u32 now_s;
	__u64 time_ns;   /* CLOCK_BOOTTIME; 0: it is read for the record, which costs 30 ns */
	__u32 policy;
	__u32 service;
	__u32 drop_reason;
	__u16 line;
	__u8 type;       /* HT_EVENT_* */
	__u8 kind;       /* HT_KIND_*, where it is counted */
	__u8 lane;
	__u8 why;
	__u8 reason;
	__u8 direction;
	__u8 sub_type;
	__u8 flags;      /* HT_FLAG_* beside the packet's own */
	__u8 has_volume; /* 0: it tells of a packet whose bytes another event counts */
	__u8 padding;
};

/* Is the bulk ring more than half full? Looked at once a tick and CPU. */
static __always_inline bool ht_is_crowded(void)
{
	__u32 zero = 0;
	__u64 tick = bpf_jiffies64();
	struct ht_clock *clock = bpf_map_lookup_elem(&ht_clock, &zero);

	if (!clock)
		return false;
	if (clock->fill_tick != tick) {
		clock->fill_tick = tick;
		clock->is_crowded = bpf_ringbuf_query(&ht_bulk, BPF_RB_AVAIL_DATA) > bpf_ringbuf_query(&ht_bulk, BPF_RB_RING_SIZE) / 2;
	}
	return clock->is_crowded;
}

/* Not on the stack: the way here is deep, and 512 bytes are all there are. One for hooks, one for the sweep that they interrupt. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, struct ht_fold_key);
} ht_fold_keys SEC(".maps");

static __always_inline struct ht_fold_key *ht_fold_scratch(const struct ht_report *report)
{
	__u32 at = report->why == HT_WHY_SWEEP ? 1 : 0;

	return bpf_map_lookup_elem(&ht_fold_keys, &at);
}

static __always_inline void ht_fill_fold_key(struct ht_fold_key *key, const struct ht_report *report, const struct ht_packet *packet)
{
	const struct ht_ends *ends = &packet->ends;

	ht_zero(key, sizeof(*key));
	key->source_labels = report->source_labels;
	key->destination_labels = report->destination_labels;
	key->drop_reason = report->drop_reason;
	key->policy = report->policy;
	key->service = report->service;
	key->ifindex = report->ifindex;
	if (ends->protocol == HT_IP_ICMP || ends->protocol == HT_IP_ICMPV6)
		key->port = packet->icmp_type | packet->icmp_code << 8;
	else if (ends->protocol == HT_IP_TCP || ends->protocol == HT_IP_UDP || ends->protocol == HT_IP_SCTP)
		key->port = bpf_ntohs(report->reason == HT_TRACE_REPLY ? ends->source_port : ends->destination_port);
	key->type = report->type;
	key->sub_type = report->sub_type;
	key->reason = report->reason;
	key->direction = report->direction;
	key->protocol = ends->protocol;
	key->flags = (ends->family == 6 ? HT_FLAG_IPV6 : 0) | (report->flags & HT_FLAG_AUDITED) | (packet->flags & HT_FLAG_FRAGMENT);
}

/* Calls with each map and not one with a pointer: the verifier wants to know the map. */
static __always_inline struct ht_fold *ht_find_fold(bool is_b, const struct ht_fold_key *key)
{
	if (is_b)
		return bpf_map_lookup_elem(&ht_folds_b, key);
	return bpf_map_lookup_elem(&ht_folds_a, key);
}

static const struct ht_fold ht_empty_fold;

static __noinline struct ht_fold *ht_begin_fold(bool is_b, struct ht_fold_key *key)
{
	struct ht_fold *fold;
	__u32 at = is_b ? 2 : 1;
	__u64 *rows = bpf_map_lookup_elem(&ht_fold_state, &at);
	long result;

	if (!key || !rows)
		return NULL;
	if (*rows >= HT_FINE_FOLDS) {
		key->is_coarse = 1;
		key->port = 0;
		key->ifindex = 0;
		key->service = 0;
		fold = ht_find_fold(is_b, key);
		if (fold)
			return fold;
	}
	if (is_b)
		result = bpf_map_update_elem(&ht_folds_b, key, &ht_empty_fold, BPF_NOEXIST);
	else
		result = bpf_map_update_elem(&ht_folds_a, key, &ht_empty_fold, BPF_NOEXIST);
	if (result == 0)
		ht_add_shared(rows, 1);
	/* Fails with EEXIST when another CPU made it: the element is there for all CPUs. */
	return ht_find_fold(is_b, key);
}

/* The sweeper can be interrupted by a hook anywhere in here: all is added, and what is set was 0 before. */
static __always_inline void ht_note_ends(struct ht_fold *fold, const struct ht_report *report)
{
	struct ht_device *device;

	if (__sync_fetch_and_add(&fold->events, 1) == 0) {
		fold->source_ref = report->source_ref;
		fold->destination_ref = report->destination_ref;
		device = bpf_map_lookup_elem(&ht_devices, &report->ifindex);
		if (device)
			fold->endpoint_ref = device->ref;
		return;
	}
	if (fold->source_ref != report->source_ref && !(fold->mixed & HT_FOLD_MIXED_SOURCE))
		__sync_fetch_and_or(&fold->mixed, HT_FOLD_MIXED_SOURCE);
	if (fold->destination_ref != report->destination_ref && !(fold->mixed & HT_FOLD_MIXED_DESTINATION))
		__sync_fetch_and_or(&fold->mixed, HT_FOLD_MIXED_DESTINATION);
}

/*
 * Adds an event to its row, with the volume of its side of a connection, or,
 * if there is none (side NULL), its own bytes in so many segments (0: none).
 * False if there is no room for the row, too, or folding is switched off.
 */
static __noinline bool ht_fold(const struct ht_report *report, const struct ht_packet *packet, struct ht_conntrack_side *side,
			       __u32 bytes, __u32 segments)
{
	struct ht_config *config = ht_configuration();
	struct ht_fold_key *key;
	struct ht_volume volume;
	struct ht_fold *fold;
	__u32 zero = 0;
	__u64 *state = bpf_map_lookup_elem(&ht_fold_state, &zero);
	bool is_b;

	if (!report || !packet || !config || !state || (config->flags & HT_CONFIG_NO_FOLD))
		return false;
	key = ht_fold_scratch(report);
	if (!key)
		return false;
	is_b = *state & 1;
	ht_fill_fold_key(key, report, packet);
	fold = ht_find_fold(is_b, key);
	if (!fold)
		fold = ht_begin_fold(is_b, key);
	if (!fold)
		return false;
	ht_note_ends(fold, report);
	fold->last_ns = bpf_ktime_get_boot_ns();
	if (side) {
		ht_take(side, &volume, report->now_s);
	} else {
		volume.bytes = bytes;
		volume.skbs = segments ? 1 : 0;
		volume.segments = segments;
		volume.tcp_flags = packet->tcp_flags;
	}
	ht_add_shared(&fold->skbs, volume.skbs);
	ht_add_shared(&fold->segments, volume.segments);
	ht_add_shared(&fold->bytes, volume.bytes);
	if (volume.tcp_flags & ~fold->tcp_flags)
		__sync_fetch_and_or(&fold->tcp_flags, volume.tcp_flags);
	return true;
}

#endif
