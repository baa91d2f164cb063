/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What policies say of a connection, asked when it opens and again whenever
 * the epoch moved. The agent compiles them: for each label set that a policy
 * selects a trie of (peer, direction, protocol, port prefix). An entry for a
 * peer has taken all rules into account, those for whoever included, so the
 * first that is found decides.
 */
#ifndef HUBTOP_POLICY_H
#define HUBTOP_POLICY_H

#include "conntrack.h"

#define HT_MODE_OBSERVE 0
#define HT_MODE_AUDIT 1
#define HT_MODE_ENFORCE 2

#define HT_DROP_POLICY_DENIED 133 /* Cilium's: no rule allows it */
#define HT_DROP_POLICY_DENY 181   /* a rule denies it */

#define HT_POLICY_KEY_BITS 64  /* peer, direction, protocol, port */
#define HT_POLICY_PROTOCOL_BITS 8
#define HT_PORT_BITS_MIN 9

#define HT_PORT_DHCP_SERVER 67
#define HT_PORT_DHCP_CLIENT 68
#define HT_PORT_DHCPV6_CLIENT 546
#define HT_PORT_DHCPV6_SERVER 547
#define HT_NDP_FIRST 133
#define HT_NDP_LAST 137

static __always_inline bool ht_are_ports(const struct ht_conntrack_key *key, __u16 one, __u16 other)
{
	return (key->a_port == bpf_htons(one) && key->b_port == bpf_htons(other)) ||
	       (key->a_port == bpf_htons(other) && key->b_port == bpf_htons(one));
}

/* What a pod cannot live without: finding its neighbours and its address. Both ports count, or any service could be had at port 67. */
static __always_inline bool ht_is_vital(const struct ht_conntrack_key *key)
{
	if (key->protocol == HT_IP_ICMPV6)
		return key->icmp >= HT_NDP_FIRST && key->icmp <= HT_NDP_LAST;
	if (key->protocol != HT_IP_UDP)
		return false;
	return ht_are_ports(key, HT_PORT_DHCP_CLIENT, HT_PORT_DHCP_SERVER) ||
	       ht_are_ports(key, HT_PORT_DHCPV6_CLIENT, HT_PORT_DHCPV6_SERVER);
}

static __always_inline __u8 ht_match_type(bool is_exact, __u8 bits)
{
	if (bits >= HT_PORT_BITS_MIN)
		return is_exact ? HT_MATCH_L3_L4 : HT_MATCH_L4_ONLY;
	if (bits)
		return is_exact ? HT_MATCH_L3_PROTOCOL : HT_MATCH_PROTOCOL_ONLY;
	return is_exact ? HT_MATCH_L3_ONLY : HT_MATCH_ALL;
}

struct ht_question {
	__u32 subject;  /* label set of the endpoint whose policies are asked */
	__u32 peer;
	__u16 port;     /* of the server, host order; ICMP: type */
	__u8 direction;
	__u8 protocol;
};

struct ht_answer {
	__u32 policy;   /* as in ht_event */
	__u8 verdict;   /* Hubble's number; 0 nobody was asked, or nobody can tell */
	__u8 match;     /* HT_MATCH_* */
	__u8 drop_reason;
	__u8 parser;    /* HT_PARSER_* */
};

/* Asks the policies of an endpoint. All zero where none selects it. */
static __noinline void ht_ask(const struct ht_question *question, struct ht_answer *answer)
{
	struct ht_counters *counters = ht_count();
	struct ht_policy *found;
	struct ht_policy_key key;
	__u32 subject;
	void *trie;
	bool is_exact = true;

	if (!question || !answer || !counters)
		return;
	ht_zero(answer, sizeof(*answer));
	subject = question->subject;
	trie = bpf_map_lookup_elem(&ht_policies, &subject);
	if (!trie)
		return;
	ht_zero(&key, sizeof(key));
	key.prefix_bits = HT_POLICY_KEY_BITS;
	key.peer = question->peer;
	key.direction = question->direction;
	key.protocol = question->protocol;
	key.port_be = question->protocol == HT_IP_ICMP || question->protocol == HT_IP_ICMPV6
			      ? bpf_htons(question->port << 8)
			      : bpf_htons(question->port);
	found = bpf_map_lookup_elem(trie, &key);
	if (!found) {
		is_exact = false;
		key.peer = HT_ANY_PEER;
		found = bpf_map_lookup_elem(trie, &key);
	}
	if (!found)
		return;
	if (found->flags & HT_POLICY_UNKNOWN) {
		counters->policy_unknown++;
		return;
	}
	answer->policy = found->policy;
	/* No policy is about this direction: nothing to tell. */
	if (!found->policy && !(found->flags & HT_POLICY_DENY))
		return;
	answer->match = found->flags & HT_POLICY_DEFAULT ? HT_MATCH_NONE : ht_match_type(is_exact, found->bits);
	answer->verdict = found->flags & HT_POLICY_DENY ? HT_VERDICT_DROPPED : HT_VERDICT_FORWARDED;
	answer->parser = found->parser;
	if (answer->verdict == HT_VERDICT_DROPPED)
		answer->drop_reason = found->flags & HT_POLICY_DEFAULT ? HT_DROP_POLICY_DENIED : HT_DROP_POLICY_DENY;
}

/*
 * What the mode makes of it. Connections that began before we looked, or whose
 * entries the kernel evicted, are not cut: which side opened them is a guess.
 */
static __always_inline __u8 ht_in_mode(const struct ht_conntrack *entry, __u32 mode, __u8 verdict)
{
	if (verdict == HT_VERDICT_DROPPED && (mode != HT_MODE_ENFORCE || entry->is_graced))
		return HT_VERDICT_AUDIT;
	return verdict;
}

/*
 * Judges the connection of an entry, and keeps the answer in it. Fails open:
 * whoever is not known yet, on either side, is not judged. The subject is the
 * pod behind the device, whatever source address its packets have.
 */
static __noinline void ht_judge(struct ht_conntrack *entry, const struct ht_conntrack_key *key)
{
	struct ht_config *config = ht_configuration();
	struct ht_counters *counters = ht_count();
	struct ht_question question;
	struct ht_answer answer;
	struct ht_device *device;
	bool is_client_subject, is_peer_b, is_virtual;
	__u32 ifindex, behind = 0;
	__u8 peer_flags;

	if (!entry || !key || !config || !counters)
		return;
	entry->policy = 0;
	entry->verdict = 0;
	entry->parser = HT_PARSER_NONE;
	if (config->mode == HT_MODE_OBSERVE)
		return;
	ifindex = key->ifindex;
	device = bpf_map_lookup_elem(&ht_devices, &ifindex);
	if (!device || !device->ref) {
		counters->policy_unknown++;
		return;
	}
	is_client_subject = entry->direction == HT_DIRECTION_EGRESS;
	is_peer_b = is_client_subject != (entry->client_is_b != 0);
	peer_flags = is_peer_b ? entry->b_flags : entry->a_flags;
	is_virtual = peer_flags & HT_ADDRESS_VIRTUAL;
	if (peer_flags & (HT_ADDRESS_VIRTUAL | HT_ADDRESS_UNKNOWN)) {
		counters->policy_unknown++;
		/* Who will answer a service's address is decided elsewhere. But a resolver's answers name peers by whatever address it is asked. */
		if (!is_virtual || key->protocol != HT_IP_UDP || !(config->flags & HT_CONFIG_NAMES))
			return;
		behind = ht_behind(is_peer_b ? key->b : key->a, key->family);
		if (!behind)
			return;
	}
	ht_zero(&question, sizeof(question));
	question.subject = device->labels;
	question.peer = is_virtual ? behind : is_peer_b ? entry->b_labels : entry->a_labels;
	question.direction = entry->direction;
	question.protocol = key->protocol;
	if (key->protocol == HT_IP_ICMP || key->protocol == HT_IP_ICMPV6)
		question.port = key->icmp;
	else
		question.port = bpf_ntohs(entry->client_is_b ? key->a_port : key->b_port);
	if (ht_is_vital(key))
		return;
	ht_ask(&question, &answer);
	if (is_virtual) {
		entry->parser = answer.verdict == HT_VERDICT_FORWARDED ? answer.parser : HT_PARSER_NONE;
		return;
	}
	entry->policy = answer.policy;
	entry->verdict = ht_in_mode(entry, config->mode, answer.verdict);
	entry->match = answer.match;
	entry->drop_reason = answer.drop_reason;
	entry->parser = answer.parser;
}

#endif
