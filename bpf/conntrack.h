/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Connections, one entry per device. It decides what is worth an event; it is
 * not the truth about volume (the kernel evicts entries without telling us),
 * that is ht_pairs.
 */
#ifndef HUBTOP_CONNTRACK_H
#define HUBTOP_CONNTRACK_H

#include "addresses.h"
#include "packet.h"

#define HT_CLOSING_RESET 0x80
#define HT_CLOSING_BOTH 0x03

/* Seconds without a packet after which an entry goes: Cilium's defaults, and
 * for a half closed connection twice the 60 s Linux waits in FIN_WAIT2. */
#define HT_TIMEOUT_ESTABLISHED_S 8000
#define HT_TIMEOUT_HALF_CLOSED_S 120
#define HT_TIMEOUT_OPENING_S 60
#define HT_TIMEOUT_CLOSED_S 10
#define HT_TIMEOUT_OTHER_S 60

/* First port of Linux's default range for the client's side (ip_local_port_range). */
#define HT_FIRST_EPHEMERAL_PORT 32768

/* Builds the key of what a hook of this direction sees (egress: the source is the pod); true if the sender is `b`. */
static __always_inline bool ht_sorted_key(const struct ht_ends *ends, __u32 ifindex, __u8 hook, struct ht_conntrack_key *key)
{
	bool is_swapped;

	if (ends->source_words[0] != ends->destination_words[0])
		is_swapped = ends->source_words[0] > ends->destination_words[0];
	else if (ends->source_words[1] != ends->destination_words[1])
		is_swapped = ends->source_words[1] > ends->destination_words[1];
	else
		is_swapped = ends->source_port > ends->destination_port;

	if (is_swapped) {
		ht_copy(key->a, ends->destination, 16);
		ht_copy(key->b, ends->source, 16);
		key->a_port = ends->destination_port;
		key->b_port = ends->source_port;
	} else {
		ht_copy(key->a, ends->source, 16);
		ht_copy(key->b, ends->destination, 16);
		key->a_port = ends->source_port;
		key->b_port = ends->destination_port;
	}
	key->ifindex = ifindex;
	key->family = ends->family;
	key->protocol = ends->protocol;
	key->icmp = ends->icmp;
	key->sides = is_swapped == (hook == HT_DIRECTION_EGRESS) ? HT_SIDES_POD_IS_B : 0;
	if ((ends->protocol == HT_IP_ICMP || ends->protocol == HT_IP_ICMPV6) && is_swapped != (ends->is_answer != 0))
		key->sides |= HT_SIDES_ICMP_CLIENT_IS_B;
	return is_swapped;
}

static __always_inline bool ht_is_mid_stream(const struct ht_packet *packet)
{
	return packet->ends.protocol == HT_IP_TCP && !(packet->tcp_flags & HT_TCP_SYN) &&
	       (packet->tcp_flags & HT_TCP_ACK);
}

/* A SYN, or what may be one. */
static __always_inline bool ht_is_opening(const struct ht_packet *packet)
{
	return (packet->tcp_flags & (HT_TCP_SYN | HT_TCP_ACK)) == HT_TCP_SYN || packet->hides_flags;
}

/*
 * Does this packet open its connection anew? With FIN or RST seen the ports are
 * used again. And what was guessed from a packet without SYN holds no longer:
 * whoever sends one before his SYN must not pass as the server, nor as somebody
 * whose connection is older than our watch.
 */
static __always_inline bool ht_opens_again(const struct ht_packet *packet, const struct ht_conntrack *entry)
{
	return ht_is_opening(packet) && (entry->closing || (entry->flags & HT_FLAG_MID_STREAM) ||
					 packet->sender_is_b != entry->client_is_b);
}

static __always_inline bool ht_is_server_port(const struct ht_ends *ends)
{
	return bpf_ntohs(ends->source_port) < HT_FIRST_EPHEMERAL_PORT &&
	       bpf_ntohs(ends->destination_port) >= HT_FIRST_EPHEMERAL_PORT;
}

/*
 * Who opened this connection, if its opening was not seen? A SYN+ACK and an
 * echo reply come from the server; in the middle of a stream a sender with a
 * low port talking to one with an ephemeral port is taken for the server.
 */
static __always_inline bool ht_sender_is_server(const struct ht_packet *packet)
{
	const struct ht_ends *ends = &packet->ends;

	if (ends->protocol != HT_IP_TCP)
		return ends->is_answer;
	if (ht_is_opening(packet))
		return false;
	if (packet->tcp_flags & HT_TCP_SYN)
		return true;
	return ht_is_server_port(ends);
}

static __always_inline void ht_look_up_owners(struct ht_conntrack *entry, const struct ht_conntrack_key *key, __u32 epoch)
{
	struct ht_address a = ht_owner(key->a, key->family);
	struct ht_address b = ht_owner(key->b, key->family);

	entry->a_ref = a.ref;
	entry->a_labels = a.labels;
	entry->a_flags = a.flags;
	entry->b_ref = b.ref;
	entry->b_labels = b.labels;
	entry->b_flags = b.flags;
	entry->epoch = epoch;
}

struct ht_opening {
	__u32 epoch;
	__u32 now_s;
	__u8 hook;        /* HT_DIRECTION_* */
	__u8 is_graced;
	__u8 padding[6];
};

/* Who is the client and which way the connection goes, from its first packet. */
static __always_inline void ht_open(struct ht_conntrack *entry, const struct ht_packet *packet, const struct ht_opening *opening)
{
	bool is_reply = ht_sender_is_server(packet);
	bool is_egress = (opening->hook == HT_DIRECTION_EGRESS) != is_reply;

	if (packet->ends.protocol == HT_IP_TCP && (packet->tcp_flags & (HT_TCP_SYN | HT_TCP_ACK)) == HT_TCP_SYN) {
		entry->created_ns = bpf_ktime_get_boot_ns();
		entry->opened = HT_OPENED_SYN;
	} else {
		entry->created_ns = opening->now_s * HT_NS_PER_S; /* whole seconds do: reading the clock costs 30 ns */
		entry->opened = HT_OPENED_UNSEEN;
		/* Late FINs and RSTs of what was closed begin nothing. */
		if (ht_is_mid_stream(packet) && !is_reply && !(packet->tcp_flags & (HT_TCP_FIN | HT_TCP_RST)))
			entry->opened = HT_OPENED_ACK;
	}
	entry->last_seen = opening->now_s;
	entry->client_is_b = packet->sender_is_b != is_reply;
	entry->direction = is_egress ? HT_DIRECTION_EGRESS : HT_DIRECTION_INGRESS;
	entry->closing = 0;
	entry->flags = packet->flags;
	if (ht_is_mid_stream(packet))
		entry->flags |= HT_FLAG_MID_STREAM;
}

/* Can this packet be of a connection that began before it was watched? Of those without SYN: an answer, by its ports. */
static __always_inline bool ht_may_be_older(const struct ht_packet *packet)
{
	if (packet->ends.protocol == HT_IP_TCP)
		return ht_is_mid_stream(packet) || ht_sender_is_server(packet);
	return packet->ends.is_answer || ht_is_server_port(&packet->ends);
}

/* The entry that a packet would open, not in the table yet. Of this CPU, until the next packet. */
static __noinline struct ht_conntrack *ht_draft_entry(const struct ht_packet *packet, const struct ht_conntrack_key *key,
						      const struct ht_opening *opening)
{
	__u32 zero = 0;
	struct ht_conntrack *draft = bpf_map_lookup_elem(&ht_draft, &zero);

	if (!draft || !packet || !key || !opening)
		return NULL;
	ht_zero(draft, sizeof(*draft));
	ht_open(draft, packet, opening);
	draft->is_graced = opening->is_graced && ht_may_be_older(packet);
	ht_look_up_owners(draft, key, opening->epoch);
	return draft;
}

static __noinline struct ht_conntrack *ht_insert(const struct ht_conntrack_key *key, const struct ht_conntrack *draft)
{
	struct ht_counters *counters = ht_count();

	if (!counters || !key || !draft)
		return NULL;
	/* Another CPU may have been first: then its entry is as good. */
	if (bpf_map_update_elem(&ht_conntrack, key, draft, BPF_NOEXIST) == 0) {
		counters->conntrack_inserted++;
		if (draft->flags & HT_FLAG_MID_STREAM)
			counters->mid_stream++;
	}
	return bpf_map_lookup_elem(&ht_conntrack, key);
}

/* A SYN on an entry that saw FIN or RST: the ports are used again. What its sides have not reported stays. */
static __always_inline void ht_reopen(struct ht_conntrack *entry, const struct ht_conntrack *draft)
{
	__builtin_memcpy(entry, draft, offsetof(struct ht_conntrack, side));
	entry->side[0].tcp_seen = 0;
	entry->side[1].tcp_seen = 0;
}

static __always_inline __u32 ht_timeout_s(const struct ht_conntrack_key *key, const struct ht_conntrack *entry)
{
	if (key->protocol != HT_IP_TCP)
		return HT_TIMEOUT_OTHER_S;
	if ((entry->closing & HT_CLOSING_RESET) || (entry->closing & HT_CLOSING_BOTH) == HT_CLOSING_BOTH)
		return HT_TIMEOUT_CLOSED_S;
	if (entry->closing)
		return HT_TIMEOUT_HALF_CLOSED_S;
	/* Both sides have sent something: not only a SYN. */
	if (entry->side[0].last_report && entry->side[1].last_report)
		return HT_TIMEOUT_ESTABLISHED_S;
	return entry->flags & HT_FLAG_MID_STREAM ? HT_TIMEOUT_ESTABLISHED_S : HT_TIMEOUT_OPENING_S;
}

/* skbs and segments are neighbours: one atomic operation for both. */
_Static_assert(offsetof(struct ht_conntrack_side, segments) == offsetof(struct ht_conntrack_side, skbs) + 4, "skbs, segments");
_Static_assert(offsetof(struct ht_conntrack_side, tcp_fresh) == offsetof(struct ht_conntrack_side, tcp_seen) + 2, "flags");

static __always_inline void ht_account(struct ht_conntrack_side *side, __u64 bytes, __u32 segments, __u16 flags)
{
	__sync_fetch_and_add(&side->bytes, bytes);
	__sync_fetch_and_add((__u64 *)&side->skbs, 1 | (__u64)segments << 32);
	if (flags & ~side->tcp_fresh)
		__sync_fetch_and_or((__u32 *)&side->tcp_seen, (__u32)flags << 16);
}

struct ht_volume {
	__u64 bytes;
	__u32 skbs;
	__u32 segments;
	__u16 tcp_flags;
};

/* What this side did since it was last asked. Call only when the record for it is already reserved. */
static __always_inline void ht_take(struct ht_conntrack_side *side, struct ht_volume *volume, __u32 now_s)
{
	__u64 counts = __sync_lock_test_and_set((__u64 *)&side->skbs, 0);
	__u32 flags;

	volume->bytes = __sync_lock_test_and_set(&side->bytes, 0);
	volume->skbs = (__u32)counts;
	volume->segments = counts >> 32;
	flags = __sync_fetch_and_and((__u32 *)&side->tcp_seen, 0xffff);
	volume->tcp_flags = flags >> 16;
	if (volume->tcp_flags & ~(flags & 0xffff))
		__sync_fetch_and_or((__u32 *)&side->tcp_seen, volume->tcp_flags);
	side->last_report = now_s;
}

#endif
