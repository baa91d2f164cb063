/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What the kernel drops, and why. The tracer sees the whole machine: a drop is
 * ours if it happened in our network namespace or in one that hangs on it by a
 * veth.
 */
#ifndef HUBTOP_DROPS_H
#define HUBTOP_DROPS_H

#include "report.h"
#include "place.h"
#include "limit.h"
#include "own-drops.h"

#define HT_NO_HEADER 0xffff
#define HT_MAX_LINK_HEADER 64

/* Reads `bytes` of the linear part; false if they are not all in it. */
static __always_inline bool ht_read_linear(const struct sk_buff *skb, __u32 offset, void *to, const __u32 bytes)
{
	if (offset + bytes > BPF_CORE_READ(skb, tail))
		return false;
	return bpf_probe_read_kernel(to, bytes, BPF_CORE_READ(skb, head) + offset) == 0;
}

/* Length with the link header, if there is one: skb->len shrinks as layer after layer takes its header off. */
static __always_inline __u32 ht_dropped_bytes(const struct sk_buff *skb)
{
	__u32 l2 = BPF_CORE_READ(skb, mac_header), l3 = BPF_CORE_READ(skb, network_header);
	__u32 start = l2 < l3 && l3 - l2 <= HT_MAX_LINK_HEADER ? l2 : l3;

	return BPF_CORE_READ(skb, tail) - start + BPF_CORE_READ(skb, data_len);
}

/* Goes past the extension headers that stand in the linear part, as ht_skip_extensions does. */
static __always_inline void ht_skip_dropped_extensions(const struct sk_buff *skb, struct ht_packet *packet)
{
	struct ht_ends *ends = &packet->ends;
	__u8 header[8];

	for (int i = 0; i < HT_MAX_EXTENSIONS; i++) {
		__u8 type = ends->protocol;

		if (type != HT_IP_HOP_BY_HOP && type != HT_IP_ROUTING && type != HT_IP_DESTINATION && type != HT_IP_MOBILITY &&
		    type != HT_IP_AH && type != HT_IP_FRAGMENT)
			return;
		if (packet->l4 > HT_MAX_OFFSET || !ht_read_linear(skb, packet->l4, header, 8))
			return;
		if (type == HT_IP_FRAGMENT && (header[2] || header[3] & 0xf8))
			packet->flags |= HT_FLAG_FRAGMENT;
		packet->l4 += type == HT_IP_FRAGMENT ? 8 : type == HT_IP_AH ? (header[1] + 2) * 4 : (header[1] + 1) * 8;
		ends->protocol = header[0];
		if (packet->flags & HT_FLAG_FRAGMENT)
			return;
	}
}

static __always_inline bool ht_read_dropped_l4(const struct sk_buff *skb, struct ht_packet *packet)
{
	struct ht_ends *ends = &packet->ends;
	union {
		__u8 byte[16];
		__u16 word[8];
	} header;

	if (packet->flags & HT_FLAG_FRAGMENT)
		return true;
	if (ends->protocol == HT_IP_TCP) {
		if (!ht_read_linear(skb, packet->l4, header.byte, 14))
			return false;
		packet->tcp_flags = ((__u16)(header.byte[12] & 1) << 8) | header.byte[13];
	} else if (ends->protocol == HT_IP_UDP || ends->protocol == HT_IP_SCTP) {
		if (!ht_read_linear(skb, packet->l4, header.byte, 8))
			return false;
	} else {
		if (ends->protocol != HT_IP_ICMP && ends->protocol != HT_IP_ICMPV6)
			return true;
		if (!ht_read_linear(skb, packet->l4, header.byte, 4))
			return false;
		packet->icmp_type = header.byte[0];
		packet->icmp_code = header.byte[1];
		if (ht_is_icmp_error(ends->protocol, packet->icmp_type))
			packet->flags |= HT_FLAG_ICMP_ERROR;
		return true;
	}
	ends->source_port = header.word[0];
	ends->destination_port = header.word[1];
	return true;
}

/* The IP header of a dropped skb. The protocol field of an skb may be stale, the version nibble is not. */
static __noinline bool ht_read_dropped(const struct sk_buff *skb, struct ht_packet *packet)
{
	__u32 l3 = BPF_CORE_READ(skb, network_header);
	struct ht_ends *ends;
	union {
		__u8 byte[40];
		__u16 word[20];
	} header;

	if (!packet)
		return false;
	ht_zero(packet, sizeof(*packet));
	ends = &packet->ends;
	if (l3 == 0 || l3 == HT_NO_HEADER || !ht_read_linear(skb, l3, header.byte, 20))
		return false;
	if (header.byte[0] >> 4 == 4 && (header.byte[0] & 0x0f) >= 5) {
		ends->family = 4;
		ends->protocol = header.byte[9];
		ht_copy(ends->source, header.byte + 12, 4);
		ht_copy(ends->destination, header.byte + 16, 4);
		packet->l4 = l3 + (header.byte[0] & 0x0f) * 4;
		if (bpf_ntohs(header.word[3]) & 0x1fff)
			packet->flags |= HT_FLAG_FRAGMENT;
	} else if (header.byte[0] >> 4 == 6 && ht_read_linear(skb, l3, header.byte, 40)) {
		ends->family = 6;
		ends->protocol = header.byte[6];
		packet->flags |= HT_FLAG_IPV6;
		ht_copy(ends->source, header.byte + 8, 16);
		ht_copy(ends->destination, header.byte + 24, 16);
		packet->l4 = l3 + 40;
		ht_skip_dropped_extensions(skb, packet);
	} else {
		return false;
	}
	/* A transport header that was cut off leaves the addresses, which are worth having. */
	ht_read_dropped_l4(skb, packet);
	return true;
}

static __always_inline void ht_drop_key_of(struct ht_drop_key *key, const struct ht_packet *packet, const struct ht_report *report)
{
	ht_zero(key, sizeof(*key));
	key->source_labels = report->source_labels;
	key->destination_labels = report->destination_labels;
	key->reason = report->drop_reason;
	key->port = bpf_ntohs(packet->ends.destination_port);
	key->protocol = packet->ends.protocol;
	key->family = packet->ends.family;
}

static __always_inline struct ht_drop *ht_count_drop(struct ht_counters *counters, const struct ht_drop_key *key, __u32 bytes)
{
	struct ht_drop *drop, fresh = {};

	drop = bpf_map_lookup_elem(&ht_drop_pairs, key);
	if (!drop) {
		bpf_map_update_elem(&ht_drop_pairs, key, &fresh, BPF_NOEXIST);
		drop = bpf_map_lookup_elem(&ht_drop_pairs, key);
	}
	if (!drop) {
		ht_add_shared(&counters->drop_pair_failed, 1);
		return NULL;
	}
	ht_add_shared(&drop->skbs, 1);
	ht_add_shared(&drop->bytes, bytes);
	return drop;
}

/* Sent or received, if one end is the pod behind the device; nothing else is certain about a drop. */
static __always_inline __u8 ht_drop_direction(const struct ht_report *report)
{
	struct ht_device *device = bpf_map_lookup_elem(&ht_devices, &report->ifindex);

	if (!device || !device->ref)
		return HT_DIRECTION_UNKNOWN;
	if (device->ref == report->source_ref)
		return HT_DIRECTION_EGRESS;
	return device->ref == report->destination_ref ? HT_DIRECTION_INGRESS : HT_DIRECTION_UNKNOWN;
}

/* Without room in the ring: the pair that counted it holds all but its address and port already. */
static __always_inline void ht_fold_drop(struct ht_counters *counters, struct ht_drop *drop, __u32 bytes)
{
	struct ht_event_counts *counts = &counters->kinds[HT_LANE_URGENT][HT_KIND_KERNEL_DROP];
	struct ht_config *config = ht_configuration();

	if (drop && config && !(config->flags & HT_CONFIG_NO_FOLD)) {
		ht_add_shared(&drop->folded, 1);
		ht_add_shared(&drop->folded_bytes, bytes);
		ht_add_shared(&counts->folded, 1);
		return;
	}
	ht_add_shared(&counters->sequence[HT_LANE_URGENT], 1);
	ht_add_shared(&counts->lost, 1);
}

static __always_inline void ht_emit_drop(struct ht_counters *counters, const struct sk_buff *skb, const struct ht_packet *packet,
					 const struct ht_report *report, struct ht_drop *drop)
{
	struct ht_event_counts *counts = &counters->kinds[HT_LANE_URGENT][HT_KIND_KERNEL_DROP];
	struct ht_event *event = ht_reserve(HT_LANE_URGENT);
	__u64 sequence;

	if (!event) {
		ht_fold_drop(counters, drop, ht_dropped_bytes(skb));
		return;
	}
	sequence = __sync_fetch_and_add(&counters->sequence[HT_LANE_URGENT], 1);
	ht_begin(event, report, sequence);
	ht_fill_ends(event, &packet->ends);
	event->flags |= packet->flags;
	event->tcp_flags = packet->tcp_flags;
	event->tcp_flags_seen = packet->tcp_flags;
	event->icmp_type = packet->icmp_type;
	event->icmp_code = packet->icmp_code;
	event->skbs = 1;
	event->segments = 1;
	event->bytes = ht_dropped_bytes(skb);
	event->hash = BPF_CORE_READ(skb, hash);
	bpf_ringbuf_submit(event, BPF_RB_NO_WAKEUP);
	ht_add_shared(&counts->submitted, 1);
}

static __always_inline void ht_drop(const struct sk_buff *skb, __u32 reason, const struct sock *receiver)
{
	struct ht_counters *counters = ht_count();
	struct ht_config *config = ht_configuration();
	struct ht_event_counts *counts;
	struct ht_address source, destination;
	struct ht_drop_key key;
	struct ht_packet packet;
	struct ht_report report;
	struct ht_place place;
	__u8 *kind;
	struct ht_drop *drop;

	if (!counters || !config || !config->netns_cookie)
		return;
	place = ht_locate(BPF_CORE_READ(skb, dev), receiver ? receiver : BPF_CORE_READ(skb, sk), config->netns_cookie);
	if (!place.is_ours) {
		ht_add_shared(&counters->foreign_drops, 1);
		return;
	}
	kind = bpf_map_lookup_elem(&ht_noise, &reason);
	if (kind && *kind == HT_REASON_TC && ht_is_own_drop(BPF_CORE_READ(skb, hash))) {
		ht_add_shared(&counters->own_drops_matched, 1);
		return;
	}
	counts = &counters->kinds[HT_LANE_URGENT][HT_KIND_KERNEL_DROP];
	ht_add_shared(&counts->happened, 1);
	if ((kind && *kind == HT_REASON_NOISE) || !ht_read_dropped(skb, &packet)) {
		ht_add_shared(&counts->suppressed, 1);
		return;
	}
	source = ht_owner(packet.ends.source, packet.ends.family);
	destination = ht_owner(packet.ends.destination, packet.ends.family);
	ht_zero(&report, sizeof(report));
	report.ifindex = place.ifindex;
	report.source_ref = source.ref;
	report.source_labels = source.labels;
	report.destination_ref = destination.ref;
	report.destination_labels = destination.labels;
	report.type = HT_EVENT_KERNEL_DROP;
	report.kind = HT_KIND_KERNEL_DROP;
	report.drop_reason = reason;
	report.lane = HT_LANE_URGENT;
	report.why = HT_WHY_DROP;
	report.reason = HT_TRACE_UNKNOWN;
	report.direction = ht_drop_direction(&report);
	ht_drop_key_of(&key, &packet, &report);
	drop = ht_count_drop(counters, &key, ht_dropped_bytes(skb));
	if (!ht_allow(&ht_drop_limits, &key, ht_read_s())) {
		ht_add_shared(&counts->suppressed, 1);
		ht_add_shared(&counters->limited_kernel_drops, 1);
		return;
	}
	ht_emit_drop(counters, skb, &packet, &report, drop);
}

/*
 * Arguments: skb, location, reason (Linux 5.17), and since 6.11 the socket that
 * was to receive it. Reading one that is not there is refused at load, so the
 * tracepoint's own record tells which there are.
 */
SEC("tp_btf/kfree_skb")
int ht_kfree_skb(__u64 *arguments)
{
	const struct sock *receiver = NULL;

	if (bpf_core_field_exists(((struct trace_event_raw_kfree_skb___socket *)0)->rx_sk))
		receiver = (const struct sock *)arguments[3];
	ht_drop((const struct sk_buff *)arguments[0], (__u32)arguments[2], receiver);
	return 0;
}

#endif
