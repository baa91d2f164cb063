import type { Channel } from '../rpc/channel.ts';
import { namespacesText, nodesText } from '../flow/list-text.ts';
import { NamespaceCodec, NodeCodec } from '../wire/gen/observer.ts';
import { toJson } from '../wire/json.ts';
import { ObserverService } from '../wire/services.ts';
import { type Command, type CommandContext, UsageError } from './command.ts';
import { connectionFlags, readConnection } from './connection-flags.ts';
import { openServer } from './reach-server.ts';
import { callFailure } from './server-channel.ts';

/** `hubtop list nodes|namespaces`. */
export const list: Command = {
  usage: 'list nodes|namespaces [flags]',
  summary: 'Nodes behind a relay, or namespaces seen in flows',
  flags: [{ name: 'output', short: 'o', kind: 'text', value: 'FORMAT', help: 'table (default), wide, json' }, ...connectionFlags],
  usageExitCode: 1,
  maxPositionals: 1,
  async run(values, [what = ''], context) {
    const format = values.text('output') ?? 'table';
    if (!['table', 'wide', 'json'].includes(format)) throw new UsageError(`invalid output format: ${format}`);
    const lister = listers.get(what);
    if (lister === undefined) throw new UsageError(what === '' ? 'what to list? nodes or namespaces' : `unknown command "${what}" for "hubtop list"`);
    const settings = readConnection(values, context.env);
    const server = await openServer(settings, context);
    try {
      await context.print(await lister(server.channel, format, { timeoutMs: settings.requestTimeoutMs, signal: context.signal }));
      return 0;
    } catch (error) {
      const failure = callFailure(error, `failed listing ${what}`);
      if (failure === undefined) return 0;
      throw failure;
    } finally {
      await server.close();
    }
  },
};

type Lister = (channel: Channel, format: string, options: { timeoutMs: number; signal: CommandContext['signal'] }) => Promise<string>;

const listNodes: Lister = async (channel, format, options) => {
  const { nodes = [] } = await channel.unary(ObserverService.GetNodes, {}, options);
  const sorted = nodes.toSorted((one, other) => compareText(one.name, other.name));
  return format === 'json' ? prettyArray(sorted.map((node) => toJson(NodeCodec, node))) : nodesText(sorted, format === 'wide');
};

const listNamespaces: Lister = async (channel, format, options) => {
  const { namespaces = [] } = await channel.unary(ObserverService.GetNamespaces, {}, options);
  const sorted = namespaces.toSorted((one, other) => compareText(one.cluster, other.cluster) || compareText(one.namespace, other.namespace));
  return format === 'json' ? prettyArray(sorted.map((namespace) => toJson(NamespaceCodec, namespace))) : namespacesText(sorted, format === 'wide');
};

const listers: ReadonlyMap<string, Lister> = new Map([
  ['nodes', listNodes], ['node', listNodes], ['namespaces', listNamespaces], ['namespace', listNamespaces], ['ns', listNamespaces],
]);

function compareText(one = '', other = ''): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

/** The one place where hubble's JSON is pretty. 64-bit numbers are texts already, so parsing loses nothing. */
function prettyArray(objects: readonly string[]): string {
  return `${JSON.stringify(objects.map((object): unknown => JSON.parse(object)), undefined, 2)}\n`;
}
