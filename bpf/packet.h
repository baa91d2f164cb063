/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* From the bytes of an skb to who sends what to whom. Reads only __sk_buff. */
#ifndef HUBTOP_PACKET_H
#define HUBTOP_PACKET_H

#include "base.h"

#define HT_MAX_VLANS 2
#define HT_MAX_EXTENSIONS 6
#define HT_MAX_OFFSET 0x3fff /* no header of interest lies behind it; bounds the verifier's sums */

/* What conntrack needs to know of a packet, or of the packet inside an ICMP error. */
struct ht_ends {
	union {
		__u8 source[16];
		__u64 source_words[2];
	};
	union {
		__u8 destination[16];
		__u64 destination_words[2];
	};
	__u16 source_port; /* network order */
	__u16 destination_port;
	__u8 family;
	__u8 protocol;
	__u8 icmp;      /* type of the question, also of an answer */
	__u8 is_answer; /* ICMP: to a question of the other side */
};

struct ht_packet {
	struct ht_ends ends;
	__u32 l4;      /* offset of the transport header, or of what follows a later fragment */
	__u32 fragment_id;
	__u16 tcp_flags;
	__u8 flags;    /* HT_FLAG_* */
	__u8 vlan_count;
	__u8 icmp_type;
	__u8 icmp_code;
	__u8 is_first_fragment;
	__u8 hides_flags; /* TCP cut into fragments before its flags */
	__u8 macs[12]; /* destination, then source, as on the wire */
	__u8 sender_is_b; /* of its connection */
	__u8 way; /* HT_WAY_* of tc.h */
	__u8 padding[2];
};

/* HT_UNREAD: what it carries lies deeper than we look, though not deeper than the kernel does. */
enum ht_parsed { HT_PARSED, HT_NOT_IP, HT_MALFORMED, HT_UNREAD };

/* Direct access costs 1 ns and bpf_skb_load_bytes 14, but only the latter sees
 * what is not in the linear part. */
static __always_inline bool ht_load(struct __sk_buff *skb, __u32 offset, void *to, const __u32 bytes)
{
	void *at, *end;

	if (offset > HT_MAX_OFFSET)
		return false;
	at = (void *)(long)skb->data + offset;
	end = (void *)(long)skb->data_end;
	if (ht_likely(at + bytes <= end)) {
		/* Not aligned in truth, which costs nothing on x86 and arm64; byte by byte would cost 30 ns. */
		ht_copy(to, __builtin_assume_aligned(at, 8), bytes);
		return true;
	}
	return bpf_skb_load_bytes(skb, offset, to, bytes) == 0;
}

static __always_inline bool ht_is_icmp_error(__u8 protocol, __u8 type)
{
	if (protocol == HT_IP_ICMP)
		return type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
	return protocol == HT_IP_ICMPV6 && type >= 1 && type <= 4;
}

/* ICMP echo: the identifier stands for both ports. */
static __always_inline bool ht_is_echo(__u8 protocol, __u8 type)
{
	if (protocol == HT_IP_ICMP)
		return type == 8 || type == 0;
	return protocol == HT_IP_ICMPV6 && (type == 128 || type == 129);
}

/* Of an answer the type of its question, of all others their own. */
static __always_inline __u8 ht_question_type(__u8 protocol, __u8 type)
{
	if (protocol == HT_IP_ICMP)
		return type == 0 ? 8 : type == 14 || type == 16 || type == 18 ? type - 1 : type;
	return type == 129 || type == 136 || type == 140 ? type - 1 : type;
}

static __always_inline __u8 ht_answer_type(__u8 protocol, __u8 type)
{
	if (protocol == HT_IP_ICMP)
		return type == 8 ? 0 : type == 13 || type == 15 || type == 17 ? type + 1 : type;
	return type == 128 || type == 135 || type == 139 ? type + 1 : type;
}

static __always_inline void ht_note_icmp(struct ht_ends *ends, __u8 type)
{
	ends->icmp = ht_question_type(ends->protocol, type);
	ends->is_answer = ends->icmp != type;
}

static __always_inline enum ht_parsed ht_parse_l4(struct __sk_buff *skb, struct ht_packet *packet)
{
	struct ht_ends *ends = &packet->ends;
	union {
		__u8 byte[16];
		__u16 word[8];
		__u64 aligned;
	} header;

	if (ends->protocol == HT_IP_TCP) {
		if (!ht_load(skb, packet->l4, header.byte, 14)) {
			/* Fragments of eight bytes hide the flags (RFC 1858), and Linux puts them together all the same. */
			if (!packet->is_first_fragment || !ht_load(skb, packet->l4, header.byte, 8))
				return HT_MALFORMED;
			packet->hides_flags = 1;
			header.byte[12] = 0x50;
			header.byte[13] = 0;
		}
		packet->tcp_flags = ((__u16)(header.byte[12] & 1) << 8) | header.byte[13];
		if (header.byte[12] >> 4 < 5)
			return HT_MALFORMED;
	} else if (ends->protocol == HT_IP_UDP || ends->protocol == HT_IP_SCTP) {
		if (!ht_load(skb, packet->l4, header.byte, 8))
			return HT_MALFORMED;
	} else if (ends->protocol == HT_IP_ICMP || ends->protocol == HT_IP_ICMPV6) {
		if (!ht_load(skb, packet->l4, header.byte, 4))
			return HT_MALFORMED;
		packet->icmp_type = header.byte[0];
		packet->icmp_code = header.byte[1];
		if (ht_is_icmp_error(ends->protocol, packet->icmp_type))
			packet->flags |= HT_FLAG_ICMP_ERROR;
		ht_note_icmp(ends, packet->icmp_type);
		if (!ht_is_echo(ends->protocol, packet->icmp_type))
			return HT_PARSED;
		if (!ht_load(skb, packet->l4 + 4, &ends->source_port, 2))
			return HT_MALFORMED;
		ends->destination_port = ends->source_port;
		return HT_PARSED;
	} else {
		return HT_PARSED;
	}
	ends->source_port = header.word[0];
	ends->destination_port = header.word[1];
	return HT_PARSED;
}

static __always_inline enum ht_parsed ht_parse_ipv4(struct __sk_buff *skb, struct ht_packet *packet, __u32 l3)
{
	struct ht_ends *ends = &packet->ends;
	__u32 ihl, total, fragment;
	union {
		__u8 byte[20];
		__u16 word[10];
		__u64 aligned;
	} header;

	if (!ht_load(skb, l3, header.byte, 20))
		return HT_MALFORMED;
	ihl = (header.byte[0] & 0x0f) * 4;
	total = bpf_ntohs(header.word[1]);
	if (header.byte[0] >> 4 != 4 || ihl < 20)
		return HT_MALFORMED;
	/* BIG TCP sends a total length of 0 and means skb->len. */
	if (total != 0 && (total < ihl || total > skb->len - l3))
		return HT_MALFORMED;
	ends->family = 4;
	ends->protocol = header.byte[9];
	ht_copy(ends->source, header.byte + 12, 4);
	ht_copy(ends->destination, header.byte + 16, 4);
	packet->l4 = l3 + ihl;
	fragment = bpf_ntohs(header.word[3]) & 0x3fff;
	if (ht_unlikely(fragment)) {
		packet->fragment_id = header.word[2];
		if (fragment & 0x1fff) {
			packet->flags |= HT_FLAG_FRAGMENT;
			return HT_PARSED;
		}
		packet->is_first_fragment = 1;
	}
	return ht_parse_l4(skb, packet);
}

#define HT_CUT_OFF (-1)
#define HT_TOO_MANY (-2)

/* One extension header. Returns 0 when there are no more, or no ports behind it. */
static __always_inline int ht_skip_extension(struct __sk_buff *skb, struct ht_packet *packet)
{
	struct ht_ends *ends = &packet->ends;
	union {
		__u8 byte[8];
		__u16 word[4];
		__u32 wide[2];
		__u64 aligned;
	} header;

	/* Linux 6.18 takes a helper's write to a frame without any store yet for a bug of its own. */
	header.aligned = 0;
	switch (ends->protocol) {
	case HT_IP_HOP_BY_HOP:
	case HT_IP_ROUTING:
	case HT_IP_DESTINATION:
	case HT_IP_MOBILITY:
	case HT_IP_AH:
	case HT_IP_FRAGMENT:
		break;
	default:
		return 0;
	}
	if (!ht_load(skb, packet->l4, header.byte, 8))
		return HT_CUT_OFF;
	if (ends->protocol == HT_IP_FRAGMENT) {
		__u16 fragment = bpf_ntohs(header.word[1]);

		packet->l4 += 8;
		packet->fragment_id = header.wide[1];
		ends->protocol = header.byte[0];
		if (fragment & 0xfff8) {
			packet->flags |= HT_FLAG_FRAGMENT;
			return 0;
		}
		packet->is_first_fragment = fragment & 1;
		return 1;
	}
	/* AH counts in words of four bytes, less two; the others in eight, less one. */
	packet->l4 += ends->protocol == HT_IP_AH ? (header.byte[1] + 2) * 4 : (header.byte[1] + 1) * 8;
	ends->protocol = header.byte[0];
	return 1;
}

static __noinline int ht_skip_extensions(struct __sk_buff *skb, struct ht_packet *packet)
{
	for (int i = 0; i < HT_MAX_EXTENSIONS; i++) {
		int more = ht_skip_extension(skb, packet);

		if (more <= 0)
			return more;
	}
	switch (ht_skip_extension(skb, packet)) {
	case 0:
		return 0;
	case 1:
		return HT_TOO_MANY;
	default:
		return HT_CUT_OFF;
	}
}

static __always_inline enum ht_parsed ht_parse_ipv6(struct __sk_buff *skb, struct ht_packet *packet, __u32 l3)
{
	struct ht_ends *ends = &packet->ends;
	enum ht_parsed parsed;
	int skipped;
	union {
		__u8 byte[40];
		__u16 word[20];
		__u64 aligned;
	} header;

	if (!ht_load(skb, l3, header.byte, 40))
		return HT_MALFORMED;
	/* A payload length of 0 is a jumbogram (BIG TCP). */
	if (header.byte[0] >> 4 != 6 || bpf_ntohs(header.word[2]) + 40 > skb->len - l3)
		return HT_MALFORMED;
	ends->family = 6;
	ends->protocol = header.byte[6];
	packet->flags |= HT_FLAG_IPV6;
	ht_copy(ends->source, header.byte + 8, 16);
	ht_copy(ends->destination, header.byte + 24, 16);
	packet->l4 = l3 + 40;
	if (ht_likely(ends->protocol == HT_IP_TCP || ends->protocol == HT_IP_UDP))
		return ht_parse_l4(skb, packet);
	skipped = ht_skip_extensions(skb, packet);
	/* A chain of headers that goes on in the next fragment: Linux refuses it since 5.11 only. */
	if (skipped < 0)
		return skipped == HT_TOO_MANY || packet->is_first_fragment ? HT_UNREAD : HT_MALFORMED;
	if (packet->flags & HT_FLAG_FRAGMENT)
		return HT_PARSED;
	parsed = ht_parse_l4(skb, packet);
	return parsed == HT_MALFORMED && packet->is_first_fragment ? HT_UNREAD : parsed;
}

/* Inline tags; the one the device took off is in the skb and counted by the caller. */
static __noinline int ht_skip_vlans(struct __sk_buff *skb, struct ht_packet *packet, __u32 l3)
{
	__u16 tag[2] = {}; /* the store matters, see ht_skip_extension */

	for (int i = 0; i < HT_MAX_VLANS; i++) {
		if (!ht_load(skb, l3, tag, 4))
			return HT_CUT_OFF;
		packet->vlan_count++;
		l3 += 4;
		if (tag[1] == bpf_htons(HT_ETH_IPV4) || tag[1] == bpf_htons(HT_ETH_IPV6)) {
			packet->l4 = l3;
			return bpf_ntohs(tag[1]);
		}
		if (tag[1] != bpf_htons(HT_ETH_VLAN) && tag[1] != bpf_htons(HT_ETH_QINQ))
			return 0;
	}
	/* Linux takes off as many tags of VLAN 0 as there are. */
	return HT_TOO_MANY;
}

/* Whether the network header is where the packet begins: then the last byte of the linear part is there, counted from it. */
static __noinline bool ht_begins_with_network(struct __sk_buff *skb)
{
	__u32 bytes = (__u32)((long)skb->data_end - (long)skb->data);
	__u8 last = 0;

	return bytes > 0 && bytes <= 0xffff && bpf_skb_load_bytes_relative(skb, bytes - 1, &last, 1, BPF_HDR_START_NET) == 0;
}

/*
 * Has this skb an Ethernet header? Devices without one show the IP header
 * first. The type field at 12 agrees with skb->protocol on the others. A source
 * of 8.0.x.x or x:x:86dd:: looks like that type, and a MAC address like the
 * beginning of an IP header, and both are the sender's choice: then the kernel
 * is asked.
 */
static __always_inline bool ht_has_ethernet(struct __sk_buff *skb, const __u8 *byte, const __u16 *word, __u16 protocol)
{
	__u8 version = byte[0] >> 4;

	if (word[6] != protocol)
		return false;
	if (ht_likely(version != (protocol == bpf_htons(HT_ETH_IPV4) ? 4 : 6)))
		return true;
	return !ht_begins_with_network(skb);
}

static __always_inline enum ht_parsed ht_parse(struct __sk_buff *skb, struct ht_packet *packet)
{
	__u16 protocol = (__u16)skb->protocol;
	__u32 l3 = HT_ETH_BYTES;
	union {
		__u8 byte[HT_ETH_BYTES];
		__u16 word[HT_ETH_BYTES / 2];
		__u64 aligned;
	} header;

	ht_zero(packet, sizeof(*packet));
	if (!ht_load(skb, 0, header.byte, HT_ETH_BYTES))
		return HT_MALFORMED;
	if (ht_likely(ht_has_ethernet(skb, header.byte, header.word, protocol))) {
		ht_copy(packet->macs, header.byte, 12);
	} else {
		l3 = 0;
		packet->flags |= HT_FLAG_L3_DEVICE;
	}
	packet->vlan_count = skb->vlan_present ? 1 : 0;
	if (ht_unlikely(protocol == bpf_htons(HT_ETH_VLAN) || protocol == bpf_htons(HT_ETH_QINQ))) {
		int inner = ht_skip_vlans(skb, packet, l3);

		if (inner <= 0)
			return inner == 0 ? HT_NOT_IP : inner == HT_TOO_MANY ? HT_UNREAD : HT_MALFORMED;
		l3 = packet->l4;
		protocol = bpf_htons((__u16)inner);
	}
	if (packet->vlan_count)
		packet->flags |= HT_FLAG_VLAN;
	if (ht_likely(protocol == bpf_htons(HT_ETH_IPV4)))
		return ht_parse_ipv4(skb, packet, l3);
	if (protocol == bpf_htons(HT_ETH_IPV6))
		return ht_parse_ipv6(skb, packet, l3);
	return HT_NOT_IP;
}

/*
 * The packet an ICMP error is about: its header and the first eight bytes of
 * what it carried stand behind the ICMP header.
 */
static __noinline bool ht_parse_embedded(struct __sk_buff *skb, const struct ht_packet *packet, struct ht_ends *ends)
{
	__u32 l3 = packet->l4 + 8, l4;
	union {
		__u8 byte[40];
		__u16 word[20];
		__u64 aligned;
	} header;

	header.aligned = 0; /* see ht_skip_extension */
	ht_zero(ends, sizeof(*ends));
	ends->family = packet->ends.family;
	if (ends->family == 4) {
		if (!ht_load(skb, l3, header.byte, 20) || header.byte[0] >> 4 != 4)
			return false;
		/* A later fragment has no ports. */
		if (bpf_ntohs(header.word[3]) & 0x1fff)
			return false;
		ends->protocol = header.byte[9];
		ht_copy(ends->source, header.byte + 12, 4);
		ht_copy(ends->destination, header.byte + 16, 4);
		l4 = l3 + (header.byte[0] & 0x0f) * 4;
	} else {
		if (!ht_load(skb, l3, header.byte, 40) || header.byte[0] >> 4 != 6)
			return false;
		ends->protocol = header.byte[6];
		ht_copy(ends->source, header.byte + 8, 16);
		ht_copy(ends->destination, header.byte + 24, 16);
		l4 = l3 + 40;
	}
	if (!ht_load(skb, l4, header.byte, 8))
		return false;
	if (ends->protocol == HT_IP_TCP || ends->protocol == HT_IP_UDP || ends->protocol == HT_IP_SCTP) {
		ends->source_port = header.word[0];
		ends->destination_port = header.word[1];
	} else if (ends->protocol == HT_IP_ICMP || ends->protocol == HT_IP_ICMPV6) {
		ht_note_icmp(ends, header.byte[0]);
		if (ht_is_echo(ends->protocol, header.byte[0])) {
			ends->source_port = header.word[2];
			ends->destination_port = header.word[2];
		}
	}
	return true;
}

#endif
