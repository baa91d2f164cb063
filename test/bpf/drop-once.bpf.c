// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Our programs, and one that drops what goes to two UDP ports: of one it tells as a program of ours does, of the other not. */
#include "hubtop.bpf.c"

SEC("tc")
int ht_test_drop(struct __sk_buff *skb)
{
	struct ht_packet packet;

	if (ht_parse(skb, &packet) != HT_PARSED || packet.ends.protocol != HT_IP_UDP)
		return HT_NEXT;
	if (packet.ends.destination_port == bpf_htons(7001)) {
		ht_note_own_drop(skb);
		return 2; /* TC_ACT_SHOT */
	}
	return packet.ends.destination_port == bpf_htons(7002) ? 2 : HT_NEXT;
}
