/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* The two hooks on the host side of a pod's veth: HT_NEXT on every path but one, ht_refuse(), which needs a policy and the mode enforce. */
#ifndef HUBTOP_TC_H
#define HUBTOP_TC_H

#include "report.h"
#include "services.h"
#include "tcp-pairs.h"
#include "names.h"
#include "policy.h"
#include "limit.h"
#include "own-drops.h"

/* Reported when first seen in a direction; ECN bits come and go in the middle of a stream. */
#define HT_REPORTED_FLAGS (HT_TCP_FIN | HT_TCP_SYN | HT_TCP_RST | HT_TCP_PSH | HT_TCP_ACK | HT_TCP_URG)

static __always_inline __u8 ht_sub_type(__u8 hook)
{
	return hook == HT_DIRECTION_EGRESS ? HT_POINT_TO_STACK : HT_POINT_TO_ENDPOINT;
}

static __always_inline void ht_fragment_key(const struct ht_packet *packet, __u32 ifindex, struct ht_fragment_key *key)
{
	ht_zero(key, sizeof(*key));
	ht_copy(key->source, packet->ends.source, 16);
	ht_copy(key->destination, packet->ends.destination, 16);
	key->id = packet->fragment_id;
	key->ifindex = ifindex;
	key->family = packet->ends.family;
	key->protocol = packet->ends.family == 4 ? packet->ends.protocol : 0;
}

/* Gives a later fragment what the first one said. False if that was not seen. */
static __noinline bool ht_join_fragment(struct ht_packet *packet, __u32 ifindex)
{
	struct ht_fragment_key key;
	struct ht_fragment *first;

	if (!packet)
		return false;
	ht_fragment_key(packet, ifindex, &key);
	first = bpf_map_lookup_elem(&ht_fragments, &key);
	if (!first)
		return false;
	packet->ends.source_port = first->source_port;
	packet->ends.destination_port = first->destination_port;
	packet->ends.protocol = first->protocol;
	packet->ends.icmp = first->icmp;
	packet->ends.is_answer = first->is_answer;
	packet->icmp_type = first->icmp_type;
	return true;
}

static __noinline void ht_remember_fragment(const struct ht_packet *packet, __u32 ifindex)
{
	struct ht_fragment_key key;
	struct ht_fragment first;

	if (!packet)
		return;
	ht_fragment_key(packet, ifindex, &key);
	first.source_port = packet->ends.source_port;
	first.destination_port = packet->ends.destination_port;
	first.protocol = packet->ends.protocol;
	first.icmp = packet->ends.icmp;
	first.is_answer = packet->ends.is_answer;
	first.icmp_type = packet->icmp_type;
	bpf_map_update_elem(&ht_fragments, &key, &first, BPF_ANY);
}

static __always_inline void ht_add_to_pair(struct ht_pair *pair, struct __sk_buff *skb, __u32 segments, __u16 tcp_flags)
{
	pair->skbs++;
	pair->segments += segments;
	pair->bytes += skb->len;
	if (tcp_flags & HT_TCP_RST)
		pair->resets++;
}

static __always_inline void ht_miss_pair(struct ht_counters *counters, struct __sk_buff *skb)
{
	counters->pair_failed++;
	counters->pair_failed_bytes += skb->len;
}

/* Is the packet inside this ICMP error one of a connection that passed here? It went the other way. */
static __noinline bool ht_is_related(struct __sk_buff *skb, const struct ht_packet *packet, __u32 ifindex, __u8 hook)
{
	struct ht_conntrack_key key;
	struct ht_ends ends;

	if (!packet || !ht_parse_embedded(skb, packet, &ends))
		return false;
	ht_sorted_key(&ends, ifindex, hook == HT_DIRECTION_EGRESS ? HT_DIRECTION_INGRESS : HT_DIRECTION_EGRESS, &key);
	return bpf_map_lookup_elem(&ht_conntrack, &key) != NULL;
}

/* A packet that belongs to no connection: counted with its sender as client, and reported by itself. */
static __noinline void ht_untracked(struct __sk_buff *skb, const struct ht_packet *packet, __u8 hook, __u8 reason)
{
	struct ht_counters *counters = ht_count();
	__u32 segments = skb->gso_segs ? skb->gso_segs : 1;
	struct ht_address source, destination;
	struct ht_report report;
	struct ht_pair_key key;
	struct ht_pair *pair;

	if (!counters || !packet)
		return;
	source = ht_owner(packet->ends.source, packet->ends.family);
	destination = ht_owner(packet->ends.destination, packet->ends.family);
	ht_zero(&key, sizeof(key));
	key.client_labels = source.labels;
	key.server_labels = destination.labels;
	key.port = packet->ends.protocol == HT_IP_ICMP || packet->ends.protocol == HT_IP_ICMPV6
			   ? packet->icmp_type
			   : bpf_ntohs(packet->ends.destination_port);
	key.protocol = packet->ends.protocol;
	key.direction = hook;
	key.verdict = HT_VERDICT_FORWARDED;
	key.family = packet->ends.family;
	pair = ht_pair(&key);
	if (pair)
		ht_add_to_pair(pair, skb, segments, packet->tcp_flags);
	else
		ht_miss_pair(counters, skb);

	ht_zero(&report, sizeof(report));
	report.ifindex = skb->ifindex;
	report.source_ref = source.ref;
	report.source_labels = source.labels;
	report.destination_ref = destination.ref;
	report.destination_labels = destination.labels;
	report.type = HT_EVENT_TRACE;
	report.kind = HT_KIND_TRACE;
	report.has_volume = 1;
	report.lane = HT_LANE_BULK;
	report.why = HT_WHY_UNTRACKED;
	report.reason = reason;
	report.direction = hook;
	report.sub_type = ht_sub_type(hook);
	if (!ht_report_packet(skb, packet, &report, NULL)) {
		counters->untracked_lost_skbs++;
		counters->untracked_lost_bytes += skb->len;
	} else if (pair) {
		pair->reported++;
	}
}

/* The port a connection goes to, host order; of ICMP its type. */
static __always_inline __u16 ht_server_port(const struct ht_packet *packet, bool is_reply)
{
	if (packet->ends.protocol == HT_IP_ICMP || packet->ends.protocol == HT_IP_ICMPV6)
		return packet->icmp_type;
	return bpf_ntohs(is_reply ? packet->ends.source_port : packet->ends.destination_port);
}

static __always_inline void ht_pair_key_of(struct ht_pair_key *key, const struct ht_packet *packet,
					   const struct ht_conntrack *entry, bool is_reply)
{
	key->client_labels = entry->client_is_b ? entry->b_labels : entry->a_labels;
	key->server_labels = entry->client_is_b ? entry->a_labels : entry->b_labels;
	key->port = ht_server_port(packet, is_reply);
	key->protocol = packet->ends.protocol;
	key->direction = entry->direction;
	key->is_reply = is_reply;
	/* A reply passes whatever became of the connection. */
	key->verdict = entry->verdict == HT_VERDICT_AUDIT ? HT_VERDICT_AUDIT
		       : entry->verdict == HT_VERDICT_DROPPED && !is_reply ? HT_VERDICT_DROPPED
									   : HT_VERDICT_FORWARDED;
	key->family = packet->ends.family;
	key->padding = 0;
}

/* Why this packet is worth an event; 0 if it is not. */
static __always_inline __u8 ht_why(const struct ht_packet *packet, const struct ht_conntrack_side *side, __u32 now_s,
				   __u32 interval_s)
{
	if (packet->tcp_flags & (HT_TCP_FIN | HT_TCP_RST))
		return HT_WHY_CLOSE;
	if (packet->tcp_flags & HT_REPORTED_FLAGS & ~side->tcp_seen)
		return HT_WHY_FLAGS;
	if (now_s - side->last_report >= interval_s)
		return HT_WHY_INTERVAL;
	return 0;
}

/* Which way a packet of a connection goes. */
#define HT_WAY_FROM_B 1
#define HT_WAY_REPLY 2
#define HT_WAY_EGRESS 4 /* the hook sees what the pod sends */
#define HT_WAY_OPENS 8
#define HT_WAY_JUDGED 16 /* policies say something new, which is still to be told */

static __always_inline void ht_fill_report(struct ht_report *report, const struct ht_conntrack *entry, __u8 way)
{
	bool is_from_b = way & HT_WAY_FROM_B;

	ht_zero(report, sizeof(*report));
	report->source_ref = is_from_b ? entry->b_ref : entry->a_ref;
	report->source_labels = is_from_b ? entry->b_labels : entry->a_labels;
	report->destination_ref = is_from_b ? entry->a_ref : entry->b_ref;
	report->destination_labels = is_from_b ? entry->a_labels : entry->b_labels;
	report->policy = entry->policy;
	report->service = entry->service;
	report->flags = entry->flags & HT_FLAG_MID_STREAM;
	report->direction = entry->direction;
	if (way & HT_WAY_OPENS && entry->opened == HT_OPENED_SYN)
		report->time_ns = entry->created_ns;
}

static __noinline bool ht_report_tracked(struct __sk_buff *skb, const struct ht_packet *packet, struct ht_conntrack *entry,
					 __u8 why, __u8 way)
{
	struct ht_report report;
	bool is_reply = way & HT_WAY_REPLY;

	if (!entry || !packet)
		return false;
	ht_fill_report(&report, entry, way);
	report.ifindex = skb->ifindex;
	report.now_s = ht_now_s();
	report.type = HT_EVENT_TRACE;
	report.kind = HT_KIND_TRACE;
	report.lane = why == HT_WHY_NEW || why == HT_WHY_CLOSE ? HT_LANE_URGENT : HT_LANE_BULK;
	report.why = why;
	report.reason = is_reply ? HT_TRACE_REPLY : why == HT_WHY_NEW ? HT_TRACE_NEW : HT_TRACE_ESTABLISHED;
	report.sub_type = ht_sub_type(way & HT_WAY_EGRESS ? HT_DIRECTION_EGRESS : HT_DIRECTION_INGRESS);
	return ht_report_packet(skb, packet, &report, way & HT_WAY_FROM_B ? &entry->side[1] : &entry->side[0]);
}

/* Tells what policies said of a connection: once when it opens, and again when they say something else. */
static __noinline void ht_report_verdict(struct __sk_buff *skb, const struct ht_packet *packet, const struct ht_conntrack *entry, __u8 way)
{
	struct ht_report *report = ht_report_of_cpu();

	if (!entry || !packet || !report)
		return;
	ht_fill_report(report, entry, way);
	report->ifindex = skb->ifindex;
	report->type = HT_EVENT_VERDICT;
	report->kind = HT_KIND_VERDICT;
	report->lane = HT_LANE_URGENT;
	report->why = HT_WHY_VERDICT;
	report->reason = HT_TRACE_UNKNOWN;
	report->sub_type = entry->match;
	report->drop_reason = entry->verdict == HT_VERDICT_FORWARDED ? 0 : entry->drop_reason;
	if (entry->verdict == HT_VERDICT_AUDIT)
		report->flags |= HT_FLAG_AUDITED;
	ht_report_packet(skb, packet, report, NULL);
}

static __always_inline void ht_hold_back(struct ht_counters *counters, __u8 kind)
{
	struct ht_event_counts *counts = &counters->kinds[HT_LANE_URGENT][kind];

	counts->happened++;
	counts->suppressed++;
}

/* Counts every packet; says whether this one is told as well, with what policies said of it if that is news. */
static __noinline bool ht_count_refused(struct __sk_buff *skb, const struct ht_packet *packet, const struct ht_report *report,
					bool is_judged)
{
	struct ht_counters *counters = ht_count();
	struct ht_policy_drop_key key;
	struct ht_drop *drop, fresh = {};

	if (!counters || !packet || !report)
		return false;
	counters->policy_denied++;
	ht_zero(&key, sizeof(key));
	key.source_labels = report->source_labels;
	key.destination_labels = report->destination_labels;
	key.policy = report->policy;
	key.port = ht_server_port(packet, false);
	key.protocol = packet->ends.protocol;
	key.reason = report->drop_reason;
	key.family = packet->ends.family;
	key.direction = report->direction;
	drop = bpf_map_lookup_elem(&ht_policy_drops, &key);
	if (!drop) {
		bpf_map_update_elem(&ht_policy_drops, &key, &fresh, BPF_NOEXIST);
		drop = bpf_map_lookup_elem(&ht_policy_drops, &key);
	}
	if (drop) {
		drop->skbs++;
		drop->bytes += skb->len;
	} else {
		counters->policy_drop_failed++;
	}
	if (ht_allow(&ht_policy_limits, &key, ht_now_s()))
		return true;
	ht_hold_back(counters, HT_KIND_DROP);
	counters->limited_drops++;
	if (is_judged) {
		ht_hold_back(counters, HT_KIND_VERDICT);
		counters->limited_verdicts++;
	}
	return false;
}

/* The one place that drops: policies deny the connection of this packet, and the mode enforces. */
static __noinline int ht_refuse(struct __sk_buff *skb, const struct ht_packet *packet, const struct ht_conntrack *entry, __u8 way)
{
	struct ht_report *report = ht_report_of_cpu();
	struct ht_counters *counters = ht_count();
	struct ht_pair_key key;
	struct ht_pair *pair;

	if (!entry || !packet || !report || !counters)
		return HT_NEXT;
	ht_pair_key_of(&key, packet, entry, false);
	pair = ht_pair(&key);
	if (pair)
		ht_add_to_pair(pair, skb, skb->gso_segs ? skb->gso_segs : 1, packet->tcp_flags);
	else
		counters->refused_unpaired++;
	ht_fill_report(report, entry, way);
	report->drop_reason = entry->drop_reason;
	ht_note_own_drop(skb);
	if (!ht_count_refused(skb, packet, report, way & HT_WAY_JUDGED))
		return HT_SHOT;
	if (way & HT_WAY_JUDGED)
		ht_report_verdict(skb, packet, entry, way); /* in the same place as the report of the drop */
	ht_fill_report(report, entry, way);
	report->ifindex = skb->ifindex;
	report->type = HT_EVENT_DROP;
	report->kind = HT_KIND_DROP;
	report->lane = HT_LANE_URGENT;
	report->why = HT_WHY_DROP;
	report->reason = HT_TRACE_UNKNOWN;
	report->drop_reason = entry->drop_reason;
	report->line = __LINE__;
	report->has_volume = 1;
	if (ht_report_packet(skb, packet, report, NULL) && pair)
		pair->reported++;
	return HT_SHOT;
}

/* Asks policies about an entry. Tells what they said if it is news, unless they refuse it: true then, and ht_refuse() tells. */
static __noinline bool ht_consult(struct __sk_buff *skb, const struct ht_packet *packet, struct ht_conntrack *entry,
				  const struct ht_conntrack_key *key, __u8 way)
{
	struct ht_counters *counters = ht_count();
	__u32 policy_before;
	__u8 verdict_before;

	if (!entry || !packet || !key || !counters)
		return false;
	policy_before = entry->policy;
	verdict_before = entry->verdict;
	ht_judge(entry, key);
	if (!entry->verdict || (entry->policy == policy_before && entry->verdict == verdict_before))
		return false;
	if (entry->verdict == HT_VERDICT_DROPPED)
		return true;
	if (entry->verdict == HT_VERDICT_AUDIT)
		counters->policy_audited++;
	ht_report_verdict(skb, packet, entry, way);
	return false;
}

/* As ht_consult, with who owns the addresses now. */
static __noinline bool ht_refresh(struct __sk_buff *skb, const struct ht_packet *packet, struct ht_conntrack *entry,
				  const struct ht_conntrack_key *key, const struct ht_config *config)
{
	__u8 way;

	if (!entry || !packet || !key || !config)
		return false;
	ht_look_up_owners(entry, key, config->epoch);
	way = packet->sender_is_b ? HT_WAY_FROM_B : 0;
	/* A reply does not show where the connection goes: its next packet from the client asks, if anybody is asked. */
	if ((packet->sender_is_b != 0) != (entry->client_is_b != 0) && config->mode != HT_MODE_OBSERVE) {
		entry->epoch = config->epoch - 1;
		return false;
	}
	return ht_consult(skb, packet, entry, key, way);
}

static __always_inline void ht_note_allowed(struct ht_pair *pair, const struct ht_conntrack *entry, __u32 now_s)
{
	pair->connections++;
	if (entry->policy && entry->verdict == HT_VERDICT_FORWARDED)
		pair->allowed_by = (__u64)now_s << 32 | entry->policy;
}

static __always_inline int ht_tracked(struct __sk_buff *skb, struct ht_packet *packet, struct ht_counters *counters, __u8 hook)
{
	struct ht_config *config = ht_configuration();
	struct ht_conntrack_key key;
	struct ht_conntrack_side *side;
	struct ht_conntrack *entry, *draft;
	struct ht_pair_key pair_key;
	struct ht_opening opening;
	struct ht_pair *pair;
	__u32 segments = skb->gso_segs ? skb->gso_segs : 1;
	__u32 now_s = ht_now_s();
	__u8 why = 0, way = hook == HT_DIRECTION_EGRESS ? HT_WAY_EGRESS : 0;

	if (!config)
		return HT_NEXT;
	packet->sender_is_b = ht_sorted_key(&packet->ends, skb->ifindex, hook, &key);
	if (packet->sender_is_b)
		way |= HT_WAY_FROM_B;
	entry = bpf_map_lookup_elem(&ht_conntrack, &key);
	if (ht_unlikely(!entry || ht_opens_again(packet, entry))) {
		opening.epoch = config->epoch;
		opening.now_s = now_s;
		opening.hook = hook;
		opening.is_graced = now_s < config->grace_until_s;
		why = HT_WHY_NEW;
		draft = ht_draft_entry(packet, &key, &opening);
		if (!draft)
			return HT_NEXT;
		if (packet->sender_is_b != draft->client_is_b)
			way |= HT_WAY_REPLY;
		if (hook == HT_DIRECTION_EGRESS && config->flags & HT_CONFIG_SOCKETS)
			draft->service = ht_service_asked(skb, packet);
		way |= HT_WAY_OPENS;
		if (way & HT_WAY_REPLY)
			draft->epoch = config->epoch - 1; /* see ht_refresh */
		else if (ht_consult(skb, packet, draft, &key, way))
			way |= HT_WAY_JUDGED;
		if (draft->verdict == HT_VERDICT_DROPPED && !(way & HT_WAY_REPLY))
			return ht_refuse(skb, packet, draft, way);
		if (entry)
			ht_reopen(entry, draft);
		else
			entry = ht_insert(&key, draft);
		if (!entry) {
			counters->conntrack_failed++;
			ht_untracked(skb, packet, hook, HT_TRACE_UNKNOWN);
			return HT_NEXT;
		}
	} else {
		if (ht_unlikely(entry->epoch != config->epoch) && ht_refresh(skb, packet, entry, &key, config))
			way |= HT_WAY_JUDGED;
		if (packet->sender_is_b != entry->client_is_b)
			way |= HT_WAY_REPLY;
		if (ht_unlikely(entry->verdict == HT_VERDICT_DROPPED && !(way & HT_WAY_REPLY)))
			return ht_refuse(skb, packet, entry, way);
	}

	/* By way of memory that the verifier does not follow: what comes now is the same for all of them. */
	*(volatile __u8 *)&packet->way = way;
	way = *(volatile __u8 *)&packet->way;

	if (ht_unlikely(entry->parser == HT_PARSER_DNS) && (way & HT_WAY_REPLY) && hook == HT_DIRECTION_INGRESS &&
	    config->flags & HT_CONFIG_NAMES)
		ht_tell_names(skb, packet, entry);

	ht_pair_key_of(&pair_key, packet, entry, way & HT_WAY_REPLY);
	pair = ht_pair(&pair_key);
	if (ht_likely(pair))
		ht_add_to_pair(pair, skb, segments, packet->tcp_flags);
	else
		ht_miss_pair(counters, skb);
	if (pair && why)
		ht_note_allowed(pair, entry, now_s);

	side = way & HT_WAY_FROM_B ? &entry->side[1] : &entry->side[0];
	ht_account(side, skb->len, segments, packet->tcp_flags);
	if (entry->last_seen != now_s)
		entry->last_seen = now_s;
	if (!why)
		why = ht_why(packet, side, now_s, ht_interval_s(config));
	if (packet->tcp_flags & HT_TCP_RST)
		entry->closing |= HT_CLOSING_RESET;
	else if (packet->tcp_flags & HT_TCP_FIN)
		entry->closing |= way & HT_WAY_FROM_B ? 2 : 1;
	if (!why)
		return HT_NEXT;
	if (entry->opened)
		ht_note_tcp(packet, entry, &pair_key, skb->ifindex);
	if (ht_report_tracked(skb, packet, entry, why, way) && pair)
		pair->reported++;
	return HT_NEXT;
}

/* The entry of a packet that shows nothing but the pod that sends or gets it. */
static __noinline int ht_refuse_unread(struct __sk_buff *skb, struct ht_packet *packet, __u8 hook)
{
	__u32 zero = 0, ifindex = skb->ifindex;
	struct ht_conntrack *draft = bpf_map_lookup_elem(&ht_draft, &zero);
	struct ht_device *device = bpf_map_lookup_elem(&ht_devices, &ifindex);
	bool is_egress = hook == HT_DIRECTION_EGRESS;

	if (!draft || !device || !packet)
		return HT_NEXT;
	if (!packet->ends.family)
		packet->ends.family = 4;
	draft->a_ref = is_egress ? device->ref : 0;
	draft->a_labels = is_egress ? device->labels : 0;
	draft->b_ref = is_egress ? 0 : device->ref;
	draft->b_labels = is_egress ? 0 : device->labels;
	return ht_refuse(skb, packet, draft, is_egress ? HT_WAY_EGRESS : 0);
}

/*
 * Would enforcing refuse a packet that cannot be read? As one of whoever and
 * whatever: where a default deny holds nothing allows it, since any packet
 * could be wrapped like that. The answer is in the draft.
 */
static __noinline bool ht_is_unread_refused(__u8 hook, __u32 ifindex)
{
	struct ht_config *config = ht_configuration();
	struct ht_device *device = bpf_map_lookup_elem(&ht_devices, &ifindex);
	__u32 zero = 0;
	struct ht_conntrack *draft = bpf_map_lookup_elem(&ht_draft, &zero);
	struct ht_question question;
	struct ht_answer answer;

	if (!config || config->mode != HT_MODE_ENFORCE || !device || !device->ref || !draft)
		return false;
	ht_zero(&question, sizeof(question));
	question.subject = device->labels;
	question.peer = HT_ANY_PEER;
	question.direction = hook;
	question.protocol = HT_IP_RESERVED;
	ht_ask(&question, &answer);
	ht_zero(draft, sizeof(*draft));
	draft->direction = hook;
	draft->policy = answer.policy;
	draft->verdict = answer.verdict;
	draft->drop_reason = answer.drop_reason;
	return answer.verdict == HT_VERDICT_DROPPED;
}

/*
 * The packet at hand. Not on the stack: what lies in a map the verifier does not follow, so it checks what comes
 * after the headers once, and not once for each way through them.
 */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct ht_packet);
} ht_packets SEC(".maps");

static __always_inline struct ht_packet *ht_packet_of_cpu(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&ht_packets, &zero);
}

static __always_inline int ht_handle(struct __sk_buff *skb, __u8 hook)
{
	struct ht_counters *counters = ht_count();
	struct ht_packet *packet = ht_packet_of_cpu();
	enum ht_parsed parsed;

	if (!counters || !packet)
		return HT_NEXT;
	counters->skbs[hook]++;
	counters->segments[hook] += skb->gso_segs ? skb->gso_segs : 1;
	counters->bytes[hook] += skb->len;
	parsed = ht_parse(skb, packet);
	if (ht_unlikely(parsed != HT_PARSED)) {
		if (parsed == HT_UNREAD && ht_is_unread_refused(hook, skb->ifindex))
			return ht_refuse_unread(skb, packet, hook);
		if (parsed == HT_NOT_IP)
			counters->not_ip++;
		else
			counters->malformed++;
		return HT_NEXT;
	}
	if (ht_unlikely(packet->flags & HT_FLAG_FRAGMENT)) {
		if (!ht_join_fragment(packet, skb->ifindex)) {
			counters->fragments_unmatched++;
			ht_untracked(skb, packet, hook, HT_TRACE_UNKNOWN);
			return HT_NEXT;
		}
	} else if (ht_unlikely(packet->flags & HT_FLAG_ICMP_ERROR)) {
		ht_untracked(skb, packet, hook,
			     ht_is_related(skb, packet, skb->ifindex, hook) ? HT_TRACE_RELATED : HT_TRACE_UNKNOWN);
		return HT_NEXT;
	} else if (ht_unlikely(packet->is_first_fragment)) {
		ht_remember_fragment(packet, skb->ifindex);
	}
	return ht_tracked(skb, packet, counters, hook);
}

/* Host side veth, ingress: what the pod sends. */
SEC("tc")
int ht_from_endpoint(struct __sk_buff *skb)
{
	return ht_handle(skb, HT_DIRECTION_EGRESS);
}

/* Host side veth, egress: what the pod gets. */
SEC("tc")
int ht_to_endpoint(struct __sk_buff *skb)
{
	return ht_handle(skb, HT_DIRECTION_INGRESS);
}

#endif
