/** Where a server is: a TCP address or a unix socket. */
export type Target =
  | { kind: 'tcp'; host: string; port: number; tls: boolean }
  | { kind: 'unix'; path: string; tls: false };

const defaultPort = 4245;

/**
 * Reads `host:port`, `[v6]:port`, `:port`, `tls://host:port`, `dns:///host:port`, `unix:///path` and `/path`.
 * An empty host means all addresses where one listens, this machine where one connects.
 * Throws with one line for people.
 */
export function parseTarget(text: string, portIfAbsent: number = defaultPort): Target {
  const trimmed = text.trim();
  const unixPath = /^unix:(?:\/\/)?(.+)$/.exec(trimmed)?.[1] ?? (trimmed.startsWith('/') ? trimmed : undefined);
  if (unixPath !== undefined) return { kind: 'unix', path: unixPath, tls: false };
  const tls = trimmed.startsWith('tls://');
  const address = trimmed.replace(/^(tls:\/\/|dns:\/\/\/|dns:|passthrough:\/\/\/|ipv4:|ipv6:)/, '');
  const { host, port } = splitHostPort(address, text);
  return { kind: 'tcp', host, port: port ?? portIfAbsent, tls };
}

function splitHostPort(address: string, given: string): { host: string; port: number | undefined } {
  const bracketed = /^\[([0-9a-fA-F:.%\w]+)\](?::(\d{1,5}))?$/.exec(address);
  if (bracketed) return { host: bracketed[1] ?? '', port: portOf(bracketed[2], given) };
  if (address.split(':').length > 2 && /^[0-9a-fA-F:.]+$/.test(address)) return { host: address, port: undefined };
  const plain = /^([^\s:/@[\]]*)(?::(\d{1,5}))?$/.exec(address);
  if (!plain || address === '') throw new Error(`"${given}" is not an address: give host:port, [ipv6]:port or unix:///path`);
  return { host: plain[1] ?? '', port: portOf(plain[2], given) };
}

function portOf(digits: string | undefined, given: string): number | undefined {
  if (digits === undefined) return undefined;
  const port = Number(digits);
  if (port > 65535) throw new Error(`"${given}" is not an address: port ${digits} is above 65535`);
  return port;
}

/** The target as people write it; parseTarget reads it back. */
export function formatTarget(target: Target): string {
  if (target.kind === 'unix') return `unix://${target.path}`;
  const host = target.host.includes(':') ? `[${target.host}]` : target.host;
  return `${target.tls ? 'tls://' : ''}${host}:${target.port}`;
}

/** Whether only this machine can reach it. */
export function isLocalOnly(target: Target): boolean {
  return target.kind === 'unix' || target.host === 'localhost' || target.host === '::1' || /^127(\.\d{1,3}){3}$/.test(target.host);
}
