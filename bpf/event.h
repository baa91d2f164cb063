/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The record that travels from the kernel to the agent, and the keys and
 * values of the maps both sides read. Fixed widths, explicit padding that is
 * always zero, native (little) endian numbers except where a name ends in
 * _be. Nothing here includes a kernel header, so that a plain C compiler can
 * print a fixture from the same structs (test/bpf/fixture.c).
 */
#ifndef HUBTOP_EVENT_H
#define HUBTOP_EVENT_H

#ifndef HT_HAVE_INTS
typedef unsigned char __u8;
typedef unsigned short __u16;
typedef unsigned int __u32;
typedef unsigned long long __u64;
#endif

#define HT_EVENT_VERSION 2

/* type: Cilium's monitor message types where one fits (Flow.event_type.type). */
#define HT_EVENT_DROP 1        /* a datapath program of ours dropped it */
#define HT_EVENT_TRACE 4       /* sub_type = observation point, below */
#define HT_EVENT_VERDICT 5     /* result of a policy lookup */
#define HT_EVENT_SOCK 7        /* socket translation */
#define HT_EVENT_KERNEL_DROP 8 /* kfree_skb; on the wire event_type {1, 255} */

/* sub_type of a trace: observation point, BPF numbering (to-endpoint is 0). */
#define HT_POINT_TO_ENDPOINT 0
#define HT_POINT_TO_STACK 3
#define HT_POINT_FROM_ENDPOINT 5

/* reason of a trace: what conntrack said, BPF numbering. */
#define HT_TRACE_NEW 0
#define HT_TRACE_ESTABLISHED 1
#define HT_TRACE_REPLY 2
#define HT_TRACE_RELATED 3
#define HT_TRACE_UNKNOWN 5

#define HT_DIRECTION_UNKNOWN 0
#define HT_DIRECTION_INGRESS 1 /* of the connection, seen from the local endpoint */
#define HT_DIRECTION_EGRESS 2

/* why this event was reported */
#define HT_WHY_NEW 1       /* first packet of a connection */
#define HT_WHY_FLAGS 2     /* a TCP flag not seen before in this direction */
#define HT_WHY_CLOSE 3     /* FIN or RST */
#define HT_WHY_INTERVAL 4  /* report interval passed */
#define HT_WHY_SWEEP 5     /* sweeper: idle, expired or shutting down */
#define HT_WHY_UNTRACKED 6 /* no connection to account to (fragment, ICMP error, conntrack full) */
#define HT_WHY_DROP 7
#define HT_WHY_VERDICT 8   /* policies were asked */
#define HT_WHY_FOLD 9      /* stands for many: a burst that the rings had no room for */

#define HT_FLAG_IPV6 0x01
#define HT_FLAG_FRAGMENT 0x02 /* a later fragment: no ports unless the first was tracked */
#define HT_FLAG_VLAN 0x04
#define HT_FLAG_L3_DEVICE 0x08 /* no Ethernet header: MAC addresses are zero */
#define HT_FLAG_ICMP_ERROR 0x10
#define HT_FLAG_MID_STREAM 0x20 /* conntrack entry began with ACK and without SYN */
#define HT_FLAG_AUDITED 0x40 /* policies would have dropped it, and the mode lets it pass */

/* sub_type of a sock event: translation point. Such a record holds the socket's cookie where the MAC addresses
 * stand (8 bytes at source_mac) and its cgroup's id in `bytes`; it has no volume: skbs and segments are 0. */
#define HT_XLATE_PRE_FORWARD 1
#define HT_XLATE_POST_FORWARD 2
#define HT_XLATE_PRE_REVERSE 3
#define HT_XLATE_POST_REVERSE 4

/* sub_type of a verdict: how the entry matched, Cilium's policy match types. */
#define HT_MATCH_NONE 0
#define HT_MATCH_L3_ONLY 1
#define HT_MATCH_L3_L4 2
#define HT_MATCH_L4_ONLY 3
#define HT_MATCH_ALL 4
#define HT_MATCH_L3_PROTOCOL 5
#define HT_MATCH_PROTOCOL_ONLY 6

/* lanes: a storm of traces must not push out a drop */
#define HT_LANE_URGENT 0 /* drops, verdicts, opens, closes */
#define HT_LANE_BULK 1   /* everything else */
#define HT_LANES 2

/* TCP flags as in the 13th and 12th byte of the header */
#define HT_TCP_FIN 0x001
#define HT_TCP_SYN 0x002
#define HT_TCP_RST 0x004
#define HT_TCP_PSH 0x008
#define HT_TCP_ACK 0x010
#define HT_TCP_URG 0x020
#define HT_TCP_ECE 0x040
#define HT_TCP_CWR 0x080
#define HT_TCP_NS 0x100

struct ht_event {
	__u8 version;          /*   0 HT_EVENT_VERSION */
	__u8 type;             /*   1 HT_EVENT_* */
	__u8 sub_type;         /*   2 HT_POINT_* of a trace, HT_MATCH_* of a verdict, HT_XLATE_* of a sock event, else 0 */
	__u8 reason;           /*   3 HT_TRACE_* of a trace, else HT_TRACE_UNKNOWN */
	__u8 direction;        /*   4 HT_DIRECTION_* */
	__u8 why;              /*   5 HT_WHY_* */
	__u8 flags;            /*   6 HT_FLAG_* */
	__u8 protocol;         /*   7 IP protocol number after all extension headers */
	__u64 time_ns;         /*   8 CLOCK_BOOTTIME; history rows hold wall clock here */
	__u64 sequence;        /*  16 per CPU and lane, counts lost events too */
	__u16 cpu;             /*  24 */
	__u8 lane;             /*  26 HT_LANE_* */
	__u8 vlan_count;       /*  27 tags seen (0, 1, 2) */
	__u16 tcp_flags;       /*  28 HT_TCP_* of the packet that caused the report; of a sweep, as tcp_flags_seen */
	__u16 tcp_flags_seen;  /*  30 OR of all since the last report in this direction */
	__u32 ifindex;         /*  32 host side device */
	__u32 endpoint_ref;    /*  36 ref of the endpoint behind that device, 0 unknown */
	__u32 source_ref;      /*  40 version of the source endpoint (agent's number), 0 world */
	__u32 destination_ref; /*  44 */
	__u32 source_labels;   /*  48 label set of the source, 0 world */
	__u32 destination_labels; /* 52 */
	__u8 source_ip[16];    /*  56 IPv4 in the first four bytes, rest zero */
	__u8 destination_ip[16]; /* 72 */
	__u16 source_port;     /*  88 host order; 0 where there is none */
	__u16 destination_port; /* 90 */
	__u8 icmp_type;        /*  92 */
	__u8 icmp_code;        /*  93 */
	__u16 line;            /*  94 line of our source that dropped it */
	__u32 drop_reason;     /*  96 Cilium number, or the kernel's (subsystem in the high half) */
	__u32 skbs;            /* 100 since the last report in this direction, this one included */
	__u32 segments;        /* 104 wire segments: gso_segs, at least one a skb */
	__u8 source_mac[6];    /* 108 */
	__u8 destination_mac[6]; /* 114 */
	__u32 hash;            /* 120 skb hash */
	__u32 policy;          /* 124 what policies decided and by which: the agent's number, 0 none */
	__u64 bytes;           /* 128 skb lengths, link header included, since the last report */
	__u32 service;         /* 136 service the client asked for at its socket: the agent's number, 0 none */
	__u32 folded;          /* 140 events this one stands for; 0 = itself */
};                             /* 144 */

/* -------- maps (names are map names in the object) -------- */

/* ht_addresses: hash, who owns an address. Filled by the agent from the catalog. */
struct ht_address_key {
	__u8 ip[16]; /* IPv4 in the first four bytes */
	__u8 family; /* 4 or 6 */
	__u8 padding[3];
};
struct ht_address {
	__u32 ref;      /* endpoint version */
	__u32 labels;   /* label set */
	__u32 flags;    /* HT_ADDRESS_* */
};
#define HT_ADDRESS_LOCAL 1   /* a pod of this node */
#define HT_ADDRESS_VIRTUAL 2 /* of a service: who will answer is decided behind us */
#define HT_ADDRESS_BEHIND_SHIFT 8 /* above it, of a virtual one: the label set of all that stand behind it, 0 = several, or not known */
#define HT_ADDRESS_UNKNOWN 4 /* belongs to pods, and nobody told us of this one yet */

/* ht_networks: LPM trie, asked for an address that ht_addresses does not have, if ht_config says that there are any. */
struct ht_network_key {
	__u32 prefix_bits; /* family included */
	__u8 family;       /* 4 or 6 */
	__u8 ip[16];
	__u8 padding[3];
};

/* ht_policies: hash of tries, label set of an endpoint -> what policies say about its connections. */
#define HT_ANY_PEER 0xffffffff
struct ht_policy_key {
	__u32 prefix_bits; /* of what follows: at least peer and direction */
	__u32 peer;        /* label set of the other end, or HT_ANY_PEER */
	__u8 direction;    /* HT_DIRECTION_* */
	__u8 protocol;
	__u16 port_be;     /* of the server; ICMP: the type in its first byte */
};
struct ht_policy {
	__u32 policy; /* the agent's number of the decision, 0 none */
	__u8 flags;   /* HT_POLICY_* */
	__u8 bits;    /* of protocol and port that count: 0, 8, 9 to 24 */
	__u8 parser;  /* HT_PARSER_* */
	__u8 reserved;
};
#define HT_POLICY_DENY 1
#define HT_POLICY_DEFAULT 2 /* no rule said so */
#define HT_POLICY_UNKNOWN 4 /* hangs on the number of a named port that nobody knows */

/* What requests of a connection are parsed as, since rules that allow it look at them. */
#define HT_PARSER_NONE 0
#define HT_PARSER_HTTP 1
#define HT_PARSER_DNS 2
#define HT_PARSER_KAFKA 3
#define HT_PARSER_OTHER 255 /* a rule names one that has no number */

/* ht_policy_drops: per-CPU hash, what policies dropped, by who and why; values are struct ht_drop. */
struct ht_policy_drop_key {
	__u32 source_labels;
	__u32 destination_labels;
	__u32 policy;
	__u16 port;     /* of the server, host order; ICMP: type */
	__u8 protocol;
	__u8 reason;    /* Cilium's number */
	__u8 family;
	__u8 direction; /* HT_DIRECTION_* */
	__u16 padding;
};

/* ht_conntrack: LRU hash, one entry per connection and device. The two ends
 * are stored sorted, so that both directions meet in one lookup; `a` is the
 * smaller (address, port) in an order of the kernel's own. Direction 0 is a to b. */
struct ht_conntrack_key {
	__u8 a[16];
	__u8 b[16];
	__u16 a_port; /* network order, ICMP echo: the id */
	__u16 b_port;
	__u32 ifindex;
	__u8 family;
	__u8 protocol;
	__u8 icmp;    /* ICMP: type of the question, also for its answers */
	__u8 sides;   /* HT_SIDES_* */
};
/* Which way packets of one flow go is told by the hook, never by their addresses: a pod that forges what its peer
 * would have sent begins a connection of its own. */
#define HT_SIDES_POD_IS_B 1
#define HT_SIDES_ICMP_CLIENT_IS_B 2
struct ht_conntrack_side { /* one direction of packets */
	__u64 bytes;       /* not yet reported */
	__u32 skbs;
	__u32 segments;
	__u32 last_report; /* seconds of CLOCK_BOOTTIME */
	__u16 tcp_seen;    /* flags of all packets */
	__u16 tcp_fresh;   /* flags since the last report */
};
#define HT_OPENED_UNSEEN 0 /* nothing to wait for */
#define HT_OPENED_SYN 1    /* by a SYN at created_ns that nobody answered yet */
#define HT_OPENED_ACK 2    /* by an ACK of the client without SYN, not counted yet */
#define HT_OPENED_STRAY 3  /* the same, counted, that nobody answered yet */
struct ht_conntrack {
	__u64 created_ns;     /* CLOCK_BOOTTIME; whole seconds unless a SYN opened it */
	__u32 last_seen;      /* seconds of CLOCK_BOOTTIME */
	__u32 a_ref;
	__u32 b_ref;
	__u32 a_labels;
	__u32 b_labels;
	__u32 epoch;          /* of ht_config when refs and labels were looked up */
	__u8 client_is_b;     /* who sent the first packet */
	__u8 flags;           /* HT_FLAG_* */
	__u8 closing;         /* bit per side that sent FIN, 0x80 = reset */
	__u8 direction;       /* of the connection */
	__u32 policy;         /* as in ht_event, of the last lookup */
	__u32 service;        /* as in ht_event */
	__u8 verdict;         /* Hubble's number: 1 FORWARDED, 2 DROPPED, 4 AUDIT; 0 no policy was asked. What they said in `epoch` */
	__u8 drop_reason;     /* of a verdict that is not FORWARDED: Cilium's number */
	__u8 match;           /* HT_MATCH_* */
	__u8 is_graced;       /* its beginning was not seen, and could not have been */
	__u8 a_flags;         /* HT_ADDRESS_* */
	__u8 b_flags;
	__u8 opened;          /* HT_OPENED_* */
	__u8 parser;          /* HT_PARSER_*, of the last lookup */
	__u32 reserved_too;
	struct ht_conntrack_side side[2]; /* [0] a to b */
};

/* ht_services: hash, virtual address and port -> service. Filled by the agent from the catalog. */
struct ht_service_key {
	__u8 ip[16];    /* IPv4 in the first four bytes */
	__u16 port;     /* network order */
	__u8 protocol;
	__u8 family;    /* 4 or 6 */
};
struct ht_service {
	__u32 service;  /* the agent's number, as in ht_event */
	__u32 set;      /* of ht_backends; a changed service gets a new set, then the old one goes */
	__u32 backends; /* slots 0 to backends - 1 of the set */
	__u32 flags;    /* HT_SERVICE_* */
};
#define HT_SERVICE_TRANSLATE 1 /* sockets are sent to a backend; else only looked at */

/* ht_backends: hash, what stands behind services. */
struct ht_backend_key {
	__u32 set;
	__u32 slot;
};
struct ht_backend {
	__u8 ip[16];
	__u16 port;     /* network order */
	__u16 padding;
};

/* ht_pairs: per-CPU hash, the volume ledger's truth. Every packet of every
 * hook run is counted once here. Client and server as conntrack says; a packet
 * without connection counts its sender as client. */
struct ht_pair_key {
	__u32 client_labels;
	__u32 server_labels;
	__u16 port;      /* server port, host order; ICMP: type */
	__u8 protocol;
	__u8 direction;  /* HT_DIRECTION_*: which side this node saw it from */
	__u8 is_reply;   /* 1 = packets from server to client */
	__u8 verdict;    /* Hubble's Verdict number: 1 FORWARDED, 2 DROPPED, 4 AUDIT */
	__u8 family;     /* 4 or 6 */
	__u8 padding;
};
struct ht_pair {
	__u64 skbs;
	__u64 segments;
	__u64 bytes;
	__u64 connections; /* conntrack entries created */
	__u64 resets;      /* packets with RST */
	__u64 reported;    /* events handed to a ring or folded */
	__u64 allowed_by;  /* of the newest connection: seconds of CLOCK_BOOTTIME, and in the low half the decision that allowed it */
};

/* ht_folds_a, ht_folds_b: per-CPU hashes, what events of a burst have in common. One is written while the agent
 * empties the other: which one is [0] of ht_fold_state, [1] and [2] are how many rows were begun in each. */
struct ht_fold_key {
	__u32 source_labels;
	__u32 destination_labels;
	__u32 drop_reason;
	__u32 policy;
	__u32 service;
	__u32 ifindex;
	__u16 port;      /* server port, host order; ICMP: type, code in the high half */
	__u8 type;       /* these as in ht_event */
	__u8 sub_type;
	__u8 reason;
	__u8 direction;
	__u8 protocol;
	__u8 flags;      /* HT_FLAG_IPV6, _AUDITED, _FRAGMENT */
	__u8 is_coarse;  /* too many rows: any port, device and service */
	__u8 padding[3];
};
struct ht_fold {
	__u64 events;
	__u64 skbs;
	__u64 segments;
	__u64 bytes;
	__u64 last_ns;         /* CLOCK_BOOTTIME */
	__u32 source_ref;      /* of the first event */
	__u32 destination_ref;
	__u32 endpoint_ref;
	__u32 tcp_flags;       /* OR of all */
	__u32 mixed;           /* HT_FOLD_MIXED_* */
	__u32 padding;
};
#define HT_FOLD_MIXED_SOURCE 1 /* events of other endpoints with the same labels, too */
#define HT_FOLD_MIXED_DESTINATION 2

/* ht_drop_pairs: per-CPU hash, kernel drops by who and why. Own maps: the
 * tracer may run inside a tc program. So this is what its events fold into. */
struct ht_drop_key {
	__u32 source_labels;
	__u32 destination_labels;
	__u32 reason;   /* kernel's number */
	__u16 port;     /* destination port, host order */
	__u8 protocol;
	__u8 family;
};
struct ht_drop {
	__u64 skbs;
	__u64 bytes;
	__u64 folded;       /* of these, events that the ring had no room for */
	__u64 folded_bytes;
};

/* ht_tcp_pairs: hash, what TCP did between a client and a server, at one side:
 * by the stack of that side, or seen at the device of its pod. */
struct ht_tcp_key {
	__u32 client_labels;
	__u32 server_labels;
	__u16 port;     /* server port, host order */
	__u8 family;    /* 4 or 6 */
	__u8 direction; /* HT_DIRECTION_EGRESS at the client, HT_DIRECTION_INGRESS at the server */
};
#define HT_HANDSHAKE_BUCKETS 16
struct ht_tcp {
	__u64 retransmits;      /* by the stack of this side */
	__u64 handshakes;       /* SYN to first SYN-ACK, retries of the SYN included */
	__u64 handshake_ns;
	__u64 handshake_max_ns;
	__u64 handshake_buckets[HT_HANDSHAKE_BUCKETS]; /* [i]: from 2^(16+i) ns to twice that; the first from 0, the last without end */
	__u64 no_syn_attach;    /* connections that began with ACK and without SYN, soon after we came to the device */
	__u64 no_syn;           /* and later: evicted, idle since before, or dead */
	__u64 no_syn_reset;     /* of those, answered by RST alone: dead */
};

/* ht_resets: hash, RSTs that the stack of one side sent, and why. */
struct ht_reset_key {
	__u32 client_labels;
	__u32 server_labels;
	__u32 reason;   /* enum sk_rst_reason of the running kernel; 0 where it tells none */
	__u16 port;
	__u8 family;
	__u8 direction; /* as in ht_tcp_key: whose stack */
};

/* ht_drop_limits: LRU hash by ht_drop_key, how many events this second had. */
struct ht_limit {
	__u64 window; /* second in the high half, events in the low */
};

/* ht_own_drops: per-CPU array[1], the last packet that a program of ours dropped on this CPU. */
struct ht_own_drop {
	__u64 tick;     /* jiffies */
	__u32 hash;     /* of the skb */
	__u32 is_fresh; /* its kfree_skb is still to come */
};

/* ht_counters: per-CPU array[1] of this, all cumulative. */
struct ht_event_counts { /* happened = submitted + folded + lost + suppressed */
	__u64 happened;
	__u64 submitted;
	__u64 folded;
	__u64 lost;       /* no room in the ring, and none to fold it */
	__u64 suppressed; /* by noise rules or a limiter, counted only */
};
#define HT_KIND_TRACE 0
#define HT_KIND_DROP 1
#define HT_KIND_VERDICT 2
#define HT_KIND_KERNEL_DROP 3
#define HT_KIND_SOCK 4
#define HT_KINDS 8
struct ht_counters {
	struct ht_event_counts kinds[HT_LANES][HT_KINDS];
	__u64 sequence[HT_LANES];
	__u64 skbs[3];             /* by HT_DIRECTION_ of the hook: 1 to-endpoint, 2 from-endpoint */
	__u64 segments[3];
	__u64 bytes[3];
	__u64 not_ip;              /* ARP and others, in skbs above too */
	__u64 malformed;           /* truncated or impossible headers */
	__u64 fragments_unmatched; /* later fragment whose first was not seen */
	__u64 conntrack_inserted;
	__u64 conntrack_deleted;
	__u64 conntrack_failed;    /* insert refused */
	__u64 mid_stream;          /* new entry from ACK without SYN: evicted or began before us */
	__u64 pair_failed;         /* pair map full: skbs not in any pair */
	__u64 pair_failed_bytes;
	__u64 drop_pair_failed;
	__u64 foreign_drops;       /* kernel drops of other nodes' namespaces, not ours */
	__u64 untracked_lost_skbs; /* volume of untracked packets whose event was lost: in pairs, in no report */
	__u64 untracked_lost_bytes;
	__u64 policy_unknown;      /* connections that were not judged: an end, or a named port, is not known */
	__u64 policy_denied;       /* packets dropped */
	__u64 policy_audited;      /* connections that enforcing would have dropped */
	__u64 policy_drop_failed;  /* ht_policy_drops full */
	__u64 sock_translated;     /* sock events of sockets that were sent to a backend: HT_XLATE_POST_FORWARD, suppressed ones not */
	__u64 sock_refused;        /* calls to a service without backends */
	__u64 sock_reverse_failed; /* translated, but the way back was not noted: the peer shows as the backend */
	__u64 refused_unpaired;    /* packets dropped that found no room in ht_pairs: not in pair_failed, which is about what passed */
	__u64 limited_drops;        /* events of our own drops that a limiter held back, in suppressed above too */
	__u64 limited_kernel_drops;
	__u64 own_drops_matched;    /* kfree_skb of what a program of ours dropped and told of itself */
	__u64 tcp_failed;           /* no room in ht_tcp_pairs or ht_resets: what should have been counted there */
	__u64 limited_verdicts;     /* of refusals, held back with their drops */
	__u64 reserved_last[3];
	__u64 dns_foreign;          /* answers that came by the device of another pod than the resolver's: forged */
	__u64 dns_lost;             /* answers of resolvers that ht_dns had no room for */
};

/* ht_config: array[1], written by the agent. */
struct ht_config {
	__u32 epoch;           /* moves when ht_addresses changed */
	__u32 report_interval; /* seconds */
	__u64 netns_cookie;    /* of the node's own namespace */
	__u32 pressed_interval; /* seconds; holds instead of report_interval while it is longer */
	__u32 flags;           /* HT_CONFIG_* */
	__u32 mode;            /* HT_MODE_* */
	__u32 has_networks;    /* ht_networks is not empty */
	__u32 grace_until_s;   /* seconds of CLOCK_BOOTTIME: until then connections whose beginning was not seen are audited, not dropped */
	__u32 padding;
	__u64 reserved;
};
#define HT_CONFIG_NO_FOLD 1 /* what finds no room in a ring is lost */
#define HT_CONFIG_NAMES 2   /* policies name peers: answers of resolvers are copied to ht_dns */
#define HT_CONFIG_SOCKETS 4 /* programs at sockets say who asked for which service */

/* ht_dns: ring, what resolvers answered pods. */
#define HT_DNS_BYTES 1232
struct ht_dns_message {
	__u64 time_ns;  /* CLOCK_BOOTTIME */
	__u32 ifindex;  /* host side device of the pod that asked */
	__u32 labels;   /* its label set */
	__u32 bytes;    /* of the message, or more: what goes beyond HT_DNS_BYTES is left out */
	__u32 padding;
	__u8 message[HT_DNS_BYTES];
};

/* ht_devices: hash, ifindex of the host side veth -> whose it is. All devices
 * our hooks hang on: a veth that is not in it leads elsewhere, such as to
 * another node, and drops behind it are not ours. */
struct ht_device {
	__u32 ref;    /* 0 while unknown */
	__u32 labels;
	__u32 flags;  /* zero */
	__u32 attached_s; /* seconds of CLOCK_BOOTTIME; what was open before shows without SYN */
};

/* ht_noise: hash, kernel drop reason (u32) -> u8. */
#define HT_REASON_NOISE 1 /* counted, not reported */
#define HT_REASON_TC 2    /* a tc program dropped it: perhaps one of ours, which told of it */

/* Context of the program ht_sweep, in and out (BPF_PROG_TEST_RUN copies it back). */
#define HT_SWEEP_IDLE 0 /* report what was not reported for an interval, delete what expired */
#define HT_SWEEP_ALL 1  /* the same, but report everything (shutdown, tests) */
struct ht_sweep_context {
	__u32 mode;       /* HT_SWEEP_* */
	__u32 now_s;      /* seconds of CLOCK_BOOTTIME; 0 = now (others are for tests) */
	__u64 live;       /* out: entries left */
	__u64 live_skbs;  /* out: not yet reported, after this sweep */
	__u64 live_bytes;
	__u64 reported;   /* out: events handed to a ring by this sweep */
	__u64 deleted;    /* out: entries deleted by this sweep */
};

_Static_assert(sizeof(struct ht_event) == 144, "ht_event");
_Static_assert(sizeof(struct ht_address_key) == 20, "ht_address_key");
_Static_assert(sizeof(struct ht_address) == 12, "ht_address");
_Static_assert(sizeof(struct ht_network_key) == 24, "ht_network_key");
_Static_assert(sizeof(struct ht_policy_key) == 12, "ht_policy_key");
_Static_assert(sizeof(struct ht_policy) == 8, "ht_policy");
_Static_assert(sizeof(struct ht_policy_drop_key) == 20, "ht_policy_drop_key");
_Static_assert(sizeof(struct ht_conntrack_key) == 44, "ht_conntrack_key");
_Static_assert(sizeof(struct ht_conntrack_side) == 24, "ht_conntrack_side");
_Static_assert(sizeof(struct ht_conntrack) == 104, "ht_conntrack");
_Static_assert(sizeof(struct ht_service_key) == 20, "ht_service_key");
_Static_assert(sizeof(struct ht_service) == 16, "ht_service");
_Static_assert(sizeof(struct ht_backend) == 20, "ht_backend");
_Static_assert(sizeof(struct ht_pair_key) == 16, "ht_pair_key");
_Static_assert(sizeof(struct ht_pair) == 56, "ht_pair");
_Static_assert(sizeof(struct ht_fold_key) == 36, "ht_fold_key");
_Static_assert(sizeof(struct ht_fold) == 64, "ht_fold");
_Static_assert(sizeof(struct ht_drop_key) == 16, "ht_drop_key");
_Static_assert(sizeof(struct ht_drop) == 32, "ht_drop");
_Static_assert(sizeof(struct ht_tcp_key) == 12, "ht_tcp_key");
_Static_assert(sizeof(struct ht_tcp) == 184, "ht_tcp");
_Static_assert(sizeof(struct ht_reset_key) == 16, "ht_reset_key");
_Static_assert(sizeof(struct ht_limit) == 8, "ht_limit");
_Static_assert(sizeof(struct ht_own_drop) == 16, "ht_own_drop");
_Static_assert(sizeof(struct ht_event_counts) == 40, "ht_event_counts");
_Static_assert(sizeof(struct ht_counters) == 976, "ht_counters");
_Static_assert(sizeof(struct ht_sweep_context) == 48, "ht_sweep_context");
_Static_assert(sizeof(struct ht_config) == 48, "ht_config");
_Static_assert(sizeof(struct ht_dns_message) == 1256, "ht_dns_message");
_Static_assert(sizeof(struct ht_device) == 16, "ht_device");

#endif
