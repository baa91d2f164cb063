import type { ServerTls } from '../rpc/tls-files.ts';
import { UsageError } from './command.ts';
import type { Flag, FlagValues } from './flags.ts';

const group = 'Serving';

/** Flags of what listens for clients. */
export function servingFlags(port: number): readonly Flag[] {
  return [
    { name: 'listen', kind: 'list', value: 'ADDRESS', group, help: `where to serve (default :${port} with TLS or --insecure, else 127.0.0.1:${port}); none for no TCP` },
    { name: 'tls-cert-file', kind: 'text', value: 'FILE', group, help: 'certificate of this server; TLS is on when given' },
    { name: 'tls-key-file', kind: 'text', value: 'FILE', group, help: 'its key' },
    { name: 'tls-client-ca-files', kind: 'list', value: 'FILES', group, help: 'ask clients for certificates of these authorities' },
    { name: 'insecure', kind: 'bool', group, help: 'allow plaintext on addresses other machines can reach' },
  ];
}

/** Where and how to serve. */
export interface ServingChoice {
  listen: string[];
  tls?: ServerTls;
  insecure: boolean;
}

/** Reads the serving flags; throws UsageError. */
export function readServing(values: FlagValues, port: number): ServingChoice {
  const [certFile, keyFile] = [values.text('tls-cert-file'), values.text('tls-key-file')];
  if ((certFile === undefined) !== (keyFile === undefined)) throw new UsageError('--tls-cert-file and --tls-key-file go together');
  const clientCaFiles = splitList(values.list('tls-client-ca-files'));
  if (clientCaFiles.length > 0 && certFile === undefined) throw new UsageError('--tls-client-ca-files needs --tls-cert-file');
  const insecure = values.bool('insecure');
  const given = splitList(values.list('listen'));
  const listen = given.length > 0 ? given.filter((address) => address !== 'none') : [certFile !== undefined || insecure ? `:${port}` : `127.0.0.1:${port}`];
  const tls = certFile === undefined || keyFile === undefined ? undefined : { certFile, keyFile, ...(clientCaFiles.length === 0 ? {} : { clientCaFiles }) };
  return { listen, insecure, ...(tls === undefined ? {} : { tls }) };
}

/** Values of a flag that may be repeated or hold commas. */
export function splitList(values: readonly string[]): string[] {
  return values.flatMap((text) => text.split(',')).map((text) => text.trim()).filter((text) => text !== '');
}
