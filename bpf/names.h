/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What resolvers told pods, for rules that name their peers. Only answers of
 * connections whose questions a policy allows and parses as DNS are copied:
 * what a pod makes somebody else's port 53 send it names nobody. A question
 * to a service's address is as one to the pods behind it, by the same port.
 */
#ifndef HUBTOP_NAMES_H
#define HUBTOP_NAMES_H

#include "addresses.h"
#include "packet.h"

#define HT_UDP_BYTES 8

/* Copies a DNS message to the agent. */
static __noinline void ht_tell_names(struct __sk_buff *skb, const struct ht_packet *packet, const struct ht_conntrack *entry)
{
	struct ht_counters *counters = ht_count();
	struct ht_dns_message *message;
	struct ht_device *device;
	__u32 offset, bytes, resolver, ifindex = skb->ingress_ifindex;

	if (!counters || !packet || !entry || packet->ends.protocol != HT_IP_UDP || packet->flags & HT_FLAG_FRAGMENT)
		return;
	offset = packet->l4 + HT_UDP_BYTES;
	if (packet->l4 > HT_MAX_OFFSET || offset >= skb->len)
		return;
	/* Another pod, or this one by way of its node, may write the resolver's address into a packet, but not come by its device. */
	device = bpf_map_lookup_elem(&ht_devices, &ifindex);
	resolver = entry->client_is_b ? entry->a_labels : entry->b_labels;
	if ((entry->client_is_b ? entry->a_flags : entry->b_flags) & HT_ADDRESS_VIRTUAL)
		resolver = ht_behind(packet->ends.source, packet->ends.family);
	if (device && device->labels != resolver) {
		counters->dns_foreign++;
		return;
	}
	message = bpf_ringbuf_reserve(&ht_dns, sizeof(*message), 0);
	if (!message) {
		counters->dns_lost++;
		return;
	}
	bytes = skb->len - offset;
	message->time_ns = bpf_ktime_get_boot_ns();
	message->ifindex = skb->ifindex;
	message->labels = entry->client_is_b ? entry->b_labels : entry->a_labels;
	message->bytes = bytes;
	message->padding = 0;
	if (bytes > HT_DNS_BYTES)
		bytes = HT_DNS_BYTES;
	/* The verifier sees a bound only where the compiler cannot take it away. */
	asm volatile("" : "+r"(bytes));
	if (bytes == 0 || bytes > HT_DNS_BYTES || bpf_skb_load_bytes(skb, offset, message->message, bytes)) {
		bpf_ringbuf_discard(message, 0);
		return;
	}
	bpf_ringbuf_submit(message, 0);
}

#endif
