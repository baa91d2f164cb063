/** Where a client asks for names. */
export interface DnsChoice {
  /** Asked by turns. */
  servers: string[];
}

/** Which addresses a client uses; `both` by turns. */
export type Family = 'ipv4' | 'ipv6' | 'both';

/** What a process in a pod does. Plain data: it travels on the command line. */
export type PodRole =
  | { role: 'http-server'; port: number; responseBytes: number; upstream?: { host: string; port: number; dns: DnsChoice } }
  | { role: 'http-client'; host: string; port: number; path: string; everyMs: number; dns: DnsChoice; family: Family; isKeptAlive: boolean }
  | { role: 'dns-server'; port: number; names: Record<string, { ipv4: string; ipv6: string }> }
  /** Connects again and again; sends the payload if it gets through. */
  | { role: 'connector'; ip: string; port: number; everyMs: number; payload?: string }
  /** Sends a datagram again and again, whether anybody takes it or not. */
  | { role: 'datagrams'; ip: string; port: number; everyMs: number; payload: string }
  /** Accepts, reads once, resets. */
  | { role: 'resetting-server'; port: number };
