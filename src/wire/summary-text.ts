const flagNames: readonly (readonly [bit: number, name: string])[] = [
  // HT_TCP_* of bpf/event.h, in the order Hubble prints them
  [0x002, 'SYN'], [0x010, 'ACK'], [0x004, 'RST'], [0x001, 'FIN'], [0x008, 'PSH'], [0x020, 'URG'], [0x040, 'ECE'], [0x080, 'CWR'], [0x100, 'NS'],
];

/** Flow.Summary of a TCP packet, from the HT_TCP_* bits of its header. */
export function tcpSummary(flags: number): string {
  return `TCP Flags: ${flagNames.filter(([bit]) => (flags & bit) !== 0).map(([, name]) => name).join(', ')}`;
}

interface IcmpType {
  name: string;
  codes?: readonly string[];
}

// names are those of gopacket, which Hubble prints; the numbers are IANA's
const icmpv4Types: Readonly<Record<number, IcmpType>> = {
  0: { name: 'EchoReply' },
  3: {
    name: 'DestinationUnreachable',
    codes: ['Net', 'Host', 'Protocol', 'Port', 'FragmentationNeeded', 'SourceRoutingFailed', 'NetUnknown', 'HostUnknown', 'SourceIsolated',
      'NetAdminProhibited', 'HostAdminProhibited', 'NetTOS', 'HostTOS', 'CommAdminProhibited', 'HostPrecedence', 'PrecedenceCutoff'],
  },
  4: { name: 'SourceQuench' },
  5: { name: 'Redirect', codes: ['Net', 'Host', 'TOS+Net', 'TOS+Host'] },
  8: { name: 'EchoRequest' },
  9: { name: 'RouterAdvertisement' },
  10: { name: 'RouterSolicitation' },
  11: { name: 'TimeExceeded', codes: ['TTLExceeded', 'FragmentReassemblyTimeExceeded'] },
  12: { name: 'ParameterProblem', codes: ['PointerIndicatesError', 'MissingOption', 'BadLength'] },
  13: { name: 'TimestampRequest' },
  14: { name: 'TimestampReply' },
  15: { name: 'InfoRequest' },
  16: { name: 'InfoReply' },
  17: { name: 'AddressMaskRequest' },
  18: { name: 'AddressMaskReply' },
};

const icmpv6Types: Readonly<Record<number, IcmpType>> = {
  1: {
    name: 'DestinationUnreachable',
    codes: ['NoRouteToDst', 'AdminProhibited', 'BeyondScopeOfSrc', 'AddressUnreachable', 'PortUnreachable', 'SrcAddressFailedPolicy', 'RejectRouteToDst'],
  },
  2: { name: 'PacketTooBig' },
  3: { name: 'TimeExceeded', codes: ['HopLimitExceeded', 'FragmentReassemblyTimeExceeded'] },
  4: { name: 'ParameterProblem', codes: ['ErroneousHeader', 'UnrecognizedNextHeader', 'UnrecognizedIPv6Option'] },
  128: { name: 'EchoRequest' },
  129: { name: 'EchoReply' },
  130: { name: 'MLDv1MulticastListenerQueryMessage' },
  131: { name: 'MLDv1MulticastListenerReportMessage' },
  132: { name: 'MLDv1MulticastListenerDoneMessage' },
  133: { name: 'RouterSolicitation' },
  134: { name: 'RouterAdvertisement' },
  135: { name: 'NeighborSolicitation' },
  136: { name: 'NeighborAdvertisement' },
  137: { name: 'Redirect' },
  143: { name: 'MLDv2MulticastListenerReportMessageV2' },
};

/** Flow.Summary of an ICMP packet. */
export function icmpSummary(version: 4 | 6, type: number, code: number): string {
  const known = (version === 4 ? icmpv4Types : icmpv6Types)[type];
  return `ICMPv${version} ${known === undefined ? `${type}(${code})` : icmpTypeText(known, code)}`;
}

function icmpTypeText({ name, codes }: IcmpType, code: number): string {
  if (codes === undefined) return code === 0 ? name : `${name}(Code: ${code})`;
  return `${name}(${codes[code] ?? `Code: ${code}`})`;
}
