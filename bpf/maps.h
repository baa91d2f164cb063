/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* All maps. Sizes are defaults, the loader may set others before loading. */
#ifndef HUBTOP_MAPS_H
#define HUBTOP_MAPS_H

#include "base.h"

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 << 20);
} ht_urgent SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 16 << 20);
} ht_bulk SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 << 10);
} ht_dns SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 131072);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct ht_address_key);
	__type(value, struct ht_address);
} ht_addresses SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 16384);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct ht_network_key);
	__type(value, struct ht_address);
} ht_networks SEC(".maps");

/* The agent makes the tries, fills them and puts them here: a new one stands in for the old in one step. */
struct ht_policy_trie {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 16384);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	/* sizes, not types: clang leaves those of an inner map out */
	__uint(key_size, sizeof(struct ht_policy_key));
	__uint(value_size, sizeof(struct ht_policy));
};
struct {
	__uint(type, BPF_MAP_TYPE_HASH_OF_MAPS);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__array(values, struct ht_policy_trie);
} ht_policies SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct ht_policy_drop_key);
	__type(value, struct ht_drop);
} ht_policy_drops SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct ht_policy_drop_key);
	__type(value, struct ht_limit);
} ht_policy_limits SEC(".maps");

/* An entry of conntrack in the making: it is judged before it takes a place in the table. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct ht_conntrack);
} ht_draft SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 262144);
	__type(key, struct ht_conntrack_key);
	__type(value, struct ht_conntrack);
} ht_conntrack SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct ht_pair_key);
	__type(value, struct ht_pair);
} ht_pairs SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct ht_drop_key);
	__type(value, struct ht_drop);
} ht_drop_pairs SEC(".maps");

#define HT_FOLDS 4096

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, HT_FOLDS);
	__type(key, struct ht_fold_key);
	__type(value, struct ht_fold);
} ht_folds_a SEC(".maps"), ht_folds_b SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 3);
	__type(key, __u32);
	__type(value, __u64);
} ht_fold_state SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct ht_counters);
} ht_counters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct ht_config);
} ht_config SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, struct ht_device);
} ht_devices SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 256);
	__type(key, __u32);
	__type(value, __u8);
} ht_noise SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, struct ht_tcp_key);
	__type(value, struct ht_tcp);
} ht_tcp_pairs SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, struct ht_reset_key);
	__type(value, __u64);
} ht_resets SEC(".maps");

/* The tracer's own: a map that it shares with a program it may interrupt would give it -EBUSY. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct ht_drop_key);
	__type(value, struct ht_limit);
} ht_drop_limits SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct ht_own_drop);
} ht_own_drops SEC(".maps");

/* What only the first fragment of a datagram says, for those that follow it. */
struct ht_fragment_key {
	__u8 source[16];
	__u8 destination[16];
	__u32 id;
	__u32 ifindex;
	__u8 family;
	__u8 protocol; /* IPv4; of IPv6 it is no part of what tells datagrams apart (RFC 8200, 4.5) */
	__u16 padding;
};
struct ht_fragment {
	__u16 source_port; /* network order */
	__u16 destination_port;
	__u8 protocol;
	__u8 icmp_type;
	__u8 icmp;
	__u8 is_answer;
};
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, struct ht_fragment_key);
	__type(value, struct ht_fragment);
} ht_fragments SEC(".maps");

/* Network namespace (cookie) -> our device that leads there, learned by the drop tracer. */
struct ht_netns {
	__u32 ifindex;
	__u32 learned_s;
};
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, __u64);
	__type(value, struct ht_netns);
} ht_netns SEC(".maps");

/* Reading the clock costs 30 ns, jiffies cost nothing: one reading per tick and CPU. */
struct ht_clock {
	__u64 tick;
	__u64 fill_tick;
	__u32 now_s;
	__u32 is_crowded; /* the bulk ring, as of fill_tick */
};
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct ht_clock);
} ht_clock SEC(".maps");

static __always_inline struct ht_counters *ht_count(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&ht_counters, &zero);
}

static __always_inline struct ht_config *ht_configuration(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&ht_config, &zero);
}

#define HT_DEFAULT_INTERVAL_S 5 /* Cilium's */

/* Seconds between two reports of an open connection. */
static __always_inline __u32 ht_interval_s(const struct ht_config *config)
{
	__u32 interval_s = config->report_interval ? config->report_interval : HT_DEFAULT_INTERVAL_S;

	return config->pressed_interval > interval_s ? config->pressed_interval : interval_s;
}

static __always_inline __u32 ht_read_s(void)
{
	return bpf_ktime_get_boot_ns() / HT_NS_PER_S;
}

static __always_inline __u32 ht_now_s(void)
{
	__u32 zero = 0;
	__u64 tick = bpf_jiffies64();
	struct ht_clock *clock = bpf_map_lookup_elem(&ht_clock, &zero);

	if (!clock)
		return ht_read_s();
	if (clock->tick != tick) {
		clock->now_s = ht_read_s();
		clock->tick = tick;
	}
	return clock->now_s;
}

#endif
