/** Names of the simulated kernel's drop reasons, index is the number: Linux 6.18's first ones. */
export const dropReasonNames: readonly string[] = [
  'NOT_DROPPED_YET', 'CONSUMED', 'NOT_SPECIFIED', 'NO_SOCKET', 'SOCKET_CLOSE', 'SOCKET_FILTER', 'SOCKET_RCVBUFF', 'UNIX_DISCONNECT',
  'UNIX_SKIP_OOB', 'PKT_TOO_SMALL', 'TCP_CSUM', 'UDP_CSUM', 'NETFILTER_DROP', 'OTHERHOST', 'IP_CSUM', 'IP_INHDR', 'IP_RPFILTER',
];
