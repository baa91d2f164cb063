/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* From a decision to a record in a ring, and the ledger of events around it. */
#ifndef HUBTOP_REPORT_H
#define HUBTOP_REPORT_H

#include "fold.h"
#include "volume.h"

/* For reports deep down in calls: programs have 512 bytes of stack between all of them. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct ht_report);
} ht_reports SEC(".maps");

static __always_inline struct ht_report *ht_report_of_cpu(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&ht_reports, &zero);
}

static __always_inline struct ht_event *ht_reserve(__u8 lane)
{
	/* Two calls and not one with a pointer: the verifier wants to know the map. */
	if (lane == HT_LANE_URGENT)
		return bpf_ringbuf_reserve(&ht_urgent, sizeof(struct ht_event), 0);
	return bpf_ringbuf_reserve(&ht_bulk, sizeof(struct ht_event), 0);
}

/* What every record carries, whoever writes it. */
static __always_inline void ht_begin(struct ht_event *event, const struct ht_report *report, __u64 sequence)
{
	struct ht_device *device;

	ht_zero(event, sizeof(*event));
	event->version = HT_EVENT_VERSION;
	event->type = report->type;
	event->sub_type = report->sub_type;
	event->reason = report->reason;
	event->direction = report->direction;
	event->why = report->why;
	event->time_ns = report->time_ns ? report->time_ns : bpf_ktime_get_boot_ns();
	event->sequence = sequence;
	event->cpu = (__u16)bpf_get_smp_processor_id();
	event->lane = report->lane;
	event->ifindex = report->ifindex;
	event->source_ref = report->source_ref;
	event->source_labels = report->source_labels;
	event->destination_ref = report->destination_ref;
	event->destination_labels = report->destination_labels;
	event->policy = report->policy;
	event->service = report->service;
	event->drop_reason = report->drop_reason;
	event->line = report->line;
	event->flags = report->flags;
	device = bpf_map_lookup_elem(&ht_devices, &report->ifindex);
	if (device)
		event->endpoint_ref = device->ref;
}

static __always_inline void ht_fill_ends(struct ht_event *event, const struct ht_ends *ends)
{
	bool has_ports = ends->protocol == HT_IP_TCP || ends->protocol == HT_IP_UDP || ends->protocol == HT_IP_SCTP;

	event->protocol = ends->protocol;
	ht_copy(event->source_ip, ends->source, 16);
	ht_copy(event->destination_ip, ends->destination, 16);
	if (has_ports) {
		event->source_port = bpf_ntohs(ends->source_port);
		event->destination_port = bpf_ntohs(ends->destination_port);
	}
}

static __always_inline void ht_fill_packet(struct ht_event *event, struct __sk_buff *skb, const struct ht_packet *packet)
{
	ht_fill_ends(event, &packet->ends);
	event->flags |= packet->flags;
	event->vlan_count = packet->vlan_count;
	event->tcp_flags = packet->tcp_flags;
	event->icmp_type = packet->icmp_type;
	event->icmp_code = packet->icmp_code;
	ht_copy(event->destination_mac, packet->macs, 6);
	ht_copy(event->source_mac, packet->macs + 6, 6);
	event->hash = skb->hash;
}

/*
 * A record in the lane's ring. NULL if there was none to be had: then the event was folded, or is lost,
 * and counted as that, unless a sweep will try again. A number of the sequence goes to what is in a ring and to what is lost, so a hole is a loss.
 */
static __always_inline struct ht_event *ht_place(struct ht_counters *counters, const struct ht_report *report,
						 const struct ht_packet *packet, struct ht_conntrack_side *side, __u32 bytes,
						 __u32 segments, bool *is_folded)
{
	__u8 lane = report->lane == HT_LANE_URGENT ? HT_LANE_URGENT : HT_LANE_BULK;
	struct ht_event_counts *counts = &counters->kinds[lane][report->kind & (HT_KINDS - 1)];
	bool is_crowded = lane == HT_LANE_BULK && ht_is_crowded();
	struct ht_event *event;

	*is_folded = is_crowded && ht_fold(report, packet, side, bytes, segments);
	event = *is_folded ? NULL : ht_reserve(lane);
	if (event)
		return event;
	if (!*is_folded && !is_crowded)
		*is_folded = ht_fold(report, packet, side, bytes, segments);
	if (*is_folded) {
		ht_add_shared(&counts->folded, 1);
		return NULL;
	}
	/* What a sweep has no room for stays where it is, and the next one tries again: no event yet. */
	if (report->why == HT_WHY_SWEEP)
		return NULL;
	ht_add_shared(&counters->sequence[lane], 1);
	ht_add_shared(&counts->lost, 1);
	return NULL;
}

/*
 * Reports a packet: with the volume of its side of a connection, or, if there
 * is none (side NULL), its own, or none at all. Returns whether it is in a ring or folded. The volume is
 * taken after there is a place for it, so a loss leaves it where it is. Not
 * static: such a function is verified once by itself, and not at each call.
 */
__noinline bool ht_report_packet(struct __sk_buff *skb, const struct ht_packet *packet,
				 const struct ht_report *report, struct ht_conntrack_side *side)
{
	struct ht_counters *counters = ht_count();
	struct ht_event_counts *counts;
	struct ht_volume volume;
	struct ht_event *event;
	__u8 lane, kind;
	bool is_folded;
	__u64 sequence;

	if (!counters || !packet || !report)
		return false;
	lane = report->lane == HT_LANE_URGENT ? HT_LANE_URGENT : HT_LANE_BULK;
	kind = report->kind & (HT_KINDS - 1);
	counts = &counters->kinds[lane][kind];
	counts->happened++;
	event = ht_place(counters, report, packet, side, report->has_volume ? skb->len : 0,
			 report->has_volume ? (skb->gso_segs ? skb->gso_segs : 1) : 0, &is_folded);
	if (!event)
		return is_folded;
	/* The drop tracer shares the urgent lane but never runs inside a hook of ours between these lines. */
	sequence = counters->sequence[lane]++;
	ht_begin(event, report, sequence);
	ht_fill_packet(event, skb, packet);
	if (side) {
		ht_take(side, &volume, report->now_s);
		event->bytes = volume.bytes;
		event->skbs = volume.skbs;
		event->segments = volume.segments;
		event->tcp_flags_seen = volume.tcp_flags;
	} else if (report->has_volume) {
		event->bytes = skb->len;
		event->skbs = 1;
		event->segments = skb->gso_segs ? skb->gso_segs : 1;
		event->tcp_flags_seen = packet->tcp_flags;
	} else {
		event->tcp_flags_seen = packet->tcp_flags;
	}
	bpf_ringbuf_submit(event, BPF_RB_NO_WAKEUP);
	counts->submitted++;
	return true;
}

#endif
