import { boundedLog } from './bounded-log.ts';
import { type Command, UsageError } from './command.ts';
import { type Flag, type FlagValues } from './flags.ts';
import type { ClientTls } from '../rpc/tls-files.ts';
import { readServing, servingFlags, splitList } from './serving-flags.ts';
import { untilAborted } from './wait.ts';

const relayPort = 4245;
const group = 'TLS to the nodes';

const peerTlsFlags: readonly Flag[] = [
  { name: 'peer-tls', kind: 'bool', group, help: 'connect to every node with TLS' },
  { name: 'peer-tls-allow-insecure', kind: 'bool', group, help: 'do not verify the nodes' },
  { name: 'peer-tls-ca-cert-files', kind: 'list', value: 'FILES', group, help: 'CA certificates instead of the system\'s' },
  { name: 'peer-tls-client-cert-file', kind: 'text', value: 'FILE', group, help: 'client certificate for mutual TLS' },
  { name: 'peer-tls-client-key-file', kind: 'text', value: 'FILE', group, help: 'its key' },
];

/** `hubtop relay`: joins agents. */
export const relay: Command = {
  usage: 'relay --peers A,B,… [flags]',
  summary: 'Joins agents: one address for the flows and figures of all nodes',
  flags: [
    { name: 'peers', kind: 'list', value: 'ADDRESSES', help: 'agents or relays, ADDRESS or NAME=ADDRESS, with commas' },
    { name: 'peer-service', kind: 'text', value: 'ADDRESS', help: 'server that names the nodes and says when they change' },
    { name: 'name', kind: 'text', value: 'NAME', help: 'this relay\'s own name (default the host\'s)' },
    ...servingFlags(relayPort),
    ...peerTlsFlags,
  ],
  usageExitCode: 2,
  maxPositionals: 0,
  async run(values, _positionals, context) {
    const peers = splitList(values.list('peers'));
    const peerService = values.text('peer-service');
    if (peers.length === 0 && peerService === undefined) throw new UsageError('whom to join? give --peers A,B or --peer-service ADDRESS');
    const serving = readServing(values, relayPort);
    if (serving.listen.length === 0) throw new UsageError('nowhere to serve: give --listen');
    const { startRelay } = await import('../relay/relay.ts');
    const running = await startRelay({
      ...serving, peers, peerService, name: values.text('name'), clientTls: readPeerTls(values), onLog: boundedLog(context, 'hubtop '),
    });
    try {
      await context.print(`ready ${running.addresses.join(' ')}\n`);
      await untilAborted(context.signal);
      return 0;
    } finally {
      await running.close();
    }
  },
};

function readPeerTls(values: FlagValues): ClientTls | undefined {
  const caCertFiles = splitList(values.list('peer-tls-ca-cert-files'));
  const [clientCertFile, clientKeyFile] = [values.text('peer-tls-client-cert-file'), values.text('peer-tls-client-key-file')];
  if ((clientCertFile === undefined) !== (clientKeyFile === undefined)) throw new UsageError('--peer-tls-client-cert-file and --peer-tls-client-key-file go together');
  if (!values.bool('peer-tls') && caCertFiles.length === 0 && clientCertFile === undefined) return undefined;
  return {
    allowInsecure: values.bool('peer-tls-allow-insecure'),
    ...(caCertFiles.length === 0 ? {} : { caCertFiles }),
    ...(clientCertFile === undefined || clientKeyFile === undefined ? {} : { clientCertFile, clientKeyFile }),
  };
}
