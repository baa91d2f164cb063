/** Metadata of a call: lower-case names, text values. Binary ones (`-bin`) stay base64 as they came. */
export type Metadata = Readonly<Record<string, string>>;

/** Header in which an agent of ours tells its node's name, so that a relay that was given addresses has names at once. */
export const nodeNameHeader = 'hubtop-node-name';

/** What a proxy must not pass on: it belongs to one hop. */
const hopHeaders = new Set(['te', 'content-type', 'user-agent', 'host', 'connection', 'grpc-timeout', 'grpc-encoding',
  'grpc-accept-encoding', 'accept-encoding', 'content-length']);

/** Most of what a call may carry; grpc-go's default for a header list is 8 KiB. */
const maxMetadataBytes = 8 * 1024;

/** The caller's own metadata of a set of HTTP/2 headers. */
export function metadataFromHeaders(headers: Record<string, unknown>): Metadata {
  const metadata: Record<string, string> = {};
  let budget = maxMetadataBytes;
  for (const [name, value] of Object.entries(headers)) {
    if (name.startsWith(':') || hopHeaders.has(name) || name.startsWith('grpc-')) continue;
    const text = Array.isArray(value) ? value.join(',') : String(value);
    budget -= name.length + text.length;
    if (budget < 0) break;
    metadata[name] = text;
  }
  return metadata;
}
