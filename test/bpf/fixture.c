/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* What the compiler makes of bpf/event.h, as JSON, for the reader in TypeScript to agree with. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include "../../bpf/event.h"

#define FIELDS(X)                                                                                                        \
	X(version) X(type) X(sub_type) X(reason) X(direction) X(why) X(flags) X(protocol) X(time_ns) X(sequence) X(cpu)  \
	X(lane) X(vlan_count) X(tcp_flags) X(tcp_flags_seen) X(ifindex) X(endpoint_ref) X(source_ref)                    \
	X(destination_ref) X(source_labels) X(destination_labels) X(source_ip) X(destination_ip) X(source_port)          \
	X(destination_port) X(icmp_type) X(icmp_code) X(line) X(drop_reason) X(skbs) X(segments) X(source_mac)           \
	X(destination_mac) X(hash) X(policy) X(bytes) X(service) X(folded)

int main(void)
{
	struct ht_event event;
	const unsigned char *bytes = (const unsigned char *)&event;

	memset(&event, 0, sizeof(event));
	printf("{\"size\":%zu,\"offsets\":{", sizeof(event));
#define OFFSET(name) printf("\"%s\":%zu,", #name, offsetof(struct ht_event, name));
	FIELDS(OFFSET)
	printf("\"end\":%zu},\"sizes\":{", sizeof(event));
#define SIZE(name) printf("\"%s\":%zu,", #name, sizeof(event.name));
	FIELDS(SIZE)
	printf("\"end\":0},\"constants\":{\"version\":%d,\"drop\":%d,\"trace\":%d,\"verdict\":%d,\"sock\":%d,\"kernelDrop\":%d,"
	       "\"toEndpoint\":%d,\"toStack\":%d,\"fromEndpoint\":%d,\"new\":%d,\"established\":%d,\"reply\":%d,\"related\":%d,"
	       "\"unknown\":%d,\"ipv6\":%d,\"fragment\":%d,\"vlan\":%d,\"l3Device\":%d,\"icmpError\":%d,\"midStream\":%d,\"audited\":%d,\"lanes\":%d},",
	       HT_EVENT_VERSION, HT_EVENT_DROP, HT_EVENT_TRACE, HT_EVENT_VERDICT, HT_EVENT_SOCK, HT_EVENT_KERNEL_DROP,
	       HT_POINT_TO_ENDPOINT, HT_POINT_TO_STACK, HT_POINT_FROM_ENDPOINT, HT_TRACE_NEW, HT_TRACE_ESTABLISHED, HT_TRACE_REPLY,
	       HT_TRACE_RELATED, HT_TRACE_UNKNOWN, HT_FLAG_IPV6, HT_FLAG_FRAGMENT, HT_FLAG_VLAN, HT_FLAG_L3_DEVICE,
	       HT_FLAG_ICMP_ERROR, HT_FLAG_MID_STREAM, HT_FLAG_AUDITED, HT_LANES);
	printf("\"why\":[%d,%d,%d,%d,%d,%d,%d,%d,%d],", HT_WHY_NEW, HT_WHY_FLAGS, HT_WHY_CLOSE, HT_WHY_INTERVAL, HT_WHY_SWEEP,
	       HT_WHY_UNTRACKED, HT_WHY_DROP, HT_WHY_VERDICT, HT_WHY_FOLD);
	event.version = HT_EVENT_VERSION;
	event.type = HT_EVENT_KERNEL_DROP;
	event.time_ns = 0x01020304050600ULL;
	event.source_port = 40000;
	event.source_ip[0] = 10;
	event.source_ip[3] = 5;
	event.drop_reason = 0x20003;
	event.bytes = 0x1122334455ULL;
	printf("\"bytes\":\"");
	for (size_t i = 0; i < sizeof(event); i++)
		printf("%02x", bytes[i]);
	printf("\"}\n");
	return 0;
}
