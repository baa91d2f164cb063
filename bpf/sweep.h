/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Walks conntrack: reports what went quiet before its interval was over, and
 * deletes what expired. Run by the agent once a second and when it stops.
 */
#ifndef HUBTOP_SWEEP_H
#define HUBTOP_SWEEP_H

#include "tc.h"

struct bpf_map;

struct ht_sweep {
	__u32 mode;
	__u32 now_s;
	__u32 interval_s;
	__u32 padding;
	__u64 live;
	__u64 live_skbs;
	__u64 live_bytes;
	__u64 reported;
	__u64 deleted;
};

static __always_inline void ht_sweep_pair(const struct ht_conntrack *entry, const struct ht_packet *packet, bool is_reply)
{
	struct ht_pair_key pair_key;
	struct ht_pair *pair;

	ht_pair_key_of(&pair_key, packet, entry, is_reply);
	pair = bpf_map_lookup_elem(&ht_pairs, &pair_key);
	if (pair)
		ht_add_shared(&pair->reported, 1);
}

/* As if this side's last packet were reported now, without a packet to show. */
static __noinline bool ht_report_side(const struct ht_conntrack_key *key, struct ht_conntrack *entry,
				      struct ht_packet *packet, __u32 is_b, __u32 now_s)
{
	struct ht_counters *counters = ht_count();
	struct ht_conntrack_side *side;
	struct ht_event_counts *counts;
	struct ht_report report;
	struct ht_volume volume;
	struct ht_event *event;
	bool is_reply, is_egress, is_folded;
	__u64 sequence;

	if (!counters || !key || !entry || !packet)
		return false;
	is_reply = (is_b != 0) != (entry->client_is_b != 0);
	is_egress = (entry->direction == HT_DIRECTION_EGRESS) != is_reply;
	ht_zero(&report, sizeof(report));
	report.ifindex = key->ifindex;
	report.source_ref = is_b ? entry->b_ref : entry->a_ref;
	report.source_labels = is_b ? entry->b_labels : entry->a_labels;
	report.destination_ref = is_b ? entry->a_ref : entry->b_ref;
	report.destination_labels = is_b ? entry->a_labels : entry->b_labels;
	report.type = HT_EVENT_TRACE;
	report.kind = HT_KIND_TRACE;
	report.policy = entry->policy;
	report.service = entry->service;
	report.flags = entry->flags & (HT_FLAG_IPV6 | HT_FLAG_VLAN | HT_FLAG_L3_DEVICE | HT_FLAG_MID_STREAM);
	report.lane = HT_LANE_BULK;
	report.why = HT_WHY_SWEEP;
	report.reason = is_reply ? HT_TRACE_REPLY : HT_TRACE_ESTABLISHED;
	report.direction = entry->direction;
	report.sub_type = ht_sub_type(is_egress ? HT_DIRECTION_EGRESS : HT_DIRECTION_INGRESS);
	ht_copy(packet->ends.source, is_b ? key->b : key->a, 16);
	ht_copy(packet->ends.destination, is_b ? key->a : key->b, 16);
	packet->ends.source_port = is_b ? key->b_port : key->a_port;
	packet->ends.destination_port = is_b ? key->a_port : key->b_port;

	report.now_s = now_s;

	counts = &counters->kinds[HT_LANE_BULK][HT_KIND_TRACE];
	side = is_b ? &entry->side[1] : &entry->side[0];
	event = ht_place(counters, &report, packet, side, 0, 0, &is_folded);
	if (!event && !is_folded)
		return false;
	ht_add_shared(&counts->happened, 1);
	if (is_folded)
		ht_sweep_pair(entry, packet, is_reply);
	if (!event)
		return true;
	sequence = __sync_fetch_and_add(&counters->sequence[HT_LANE_BULK], 1);
	ht_begin(event, &report, sequence);
	ht_fill_ends(event, &packet->ends);
	ht_take(side, &volume, now_s);
	event->bytes = volume.bytes;
	event->skbs = volume.skbs;
	event->segments = volume.segments;
	event->tcp_flags_seen = volume.tcp_flags;
	/* No packet caused this: the flags are those of the packets it stands for. */
	event->tcp_flags = volume.tcp_flags;
	bpf_ringbuf_submit(event, BPF_RB_NO_WAKEUP);
	ht_add_shared(&counts->submitted, 1);
	ht_sweep_pair(entry, packet, is_reply);
	return true;
}

static __always_inline void ht_sweep_side(struct ht_sweep *sweep, const struct ht_conntrack_key *key,
					  struct ht_conntrack *entry, __u32 is_b)
{
	struct ht_conntrack_side *side = is_b ? &entry->side[1] : &entry->side[0];
	struct ht_packet packet;

	if (!side->skbs)
		return;
	if (sweep->mode == HT_SWEEP_ALL || sweep->now_s - side->last_report >= sweep->interval_s) {
		ht_zero(&packet, sizeof(packet));
		packet.ends.family = key->family;
		packet.ends.protocol = key->protocol;
		/* The pair of ICMP is keyed by the type of each way. */
		packet.icmp_type = (is_b != 0) == (entry->client_is_b != 0) ? key->icmp : ht_answer_type(key->protocol, key->icmp);
		if (ht_report_side(key, entry, &packet, is_b, sweep->now_s))
			sweep->reported++;
	}
	sweep->live_skbs += side->skbs;
	sweep->live_bytes += side->bytes;
}

static long ht_sweep_entry(struct bpf_map *map, struct ht_conntrack_key *key, struct ht_conntrack *entry, struct ht_sweep *sweep)
{
	struct ht_conntrack_key copy = *key;
	struct ht_counters *counters;

	ht_sweep_side(sweep, &copy, entry, 0);
	ht_sweep_side(sweep, &copy, entry, 1);
	/* An entry whose last report found the ring full stays until it is told. */
	if ((int)(sweep->now_s - entry->last_seen) >= (int)ht_timeout_s(&copy, entry) && !entry->side[0].skbs &&
	    !entry->side[1].skbs && bpf_map_delete_elem(&ht_conntrack, &copy) == 0) {
		sweep->deleted++;
		counters = ht_count();
		if (counters)
			ht_add_shared(&counters->conntrack_deleted, 1);
		return 0;
	}
	sweep->live++;
	return 0;
}

SEC("syscall")
int ht_sweep(struct ht_sweep_context *context)
{
	struct ht_config *config = ht_configuration();
	struct ht_sweep sweep;

	if (!config)
		return 1;
	ht_zero(&sweep, sizeof(sweep));
	sweep.mode = context->mode;
	sweep.now_s = context->now_s ? context->now_s : ht_read_s();
	sweep.interval_s = ht_interval_s(config);
	bpf_for_each_map_elem(&ht_conntrack, ht_sweep_entry, &sweep, 0);
	context->live = sweep.live;
	context->live_skbs = sweep.live_skbs;
	context->live_bytes = sweep.live_bytes;
	context->reported = sweep.reported;
	context->deleted = sweep.deleted;
	return 0;
}

#endif
