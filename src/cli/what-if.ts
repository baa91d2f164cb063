import type { JudgedPair, RecordedFlow, WhatIf } from '../../agent/policy/what-if.ts';
import { readRecording } from '../client/recording-reader.ts';
import { jsonText, SCHEMA } from '../export/data.ts';
import { scrub } from '../lib/scrub.ts';
import { conversationOf } from '../model/conversation.ts';
import { partyOf } from '../model/directory.ts';
import { dropClass } from '../model/drop-words.ts';
import { flowReason } from '../model/flow-words.ts';
import { grouped } from '../screen/format.ts';
import { tryDecode } from '../wire/codec.ts';
import { FRAME_PREFIX_BYTES } from '../wire/frame-splitter.ts';
import type { Flow } from '../wire/gen/flow.ts';
import { GetFlowsResponseCodec } from '../wire/gen/observer.ts';
import { type Command, CommandError, type CommandContext, UsageError } from './command.ts';

/** Pairs of a change that are printed unless all are asked for. */
const SHOWN_PAIRS = 20;
/** Reasons why objects are refused that are printed. */
const SHOWN_REFUSED = 20;
const [FORWARDED, DROPPED, AUDIT, REDIRECTED] = [1, 2, 4, 5];
const PROTOCOLS: Readonly<Record<number, string>> = { 1: 'ICMP', 6: 'TCP', 17: 'UDP', 58: 'ICMP6', 132: 'SCTP' };

/** `hubtop what-if --objects PATH FILE`. */
export const whatIf: Command = {
  usage: 'what-if --objects PATH FILE [flags]',
  summary: 'Recorded flows judged under edited policies: what would newly be refused or allowed',
  flags: [
    { name: 'objects', kind: 'list', value: 'PATH', help: 'the policies as they would be, all of them: files or folders of YAML or JSON; pods in them tell what named ports are' },
    { name: 'all', kind: 'bool', help: `every pair, those that stay as they are too (default: the first ${SHOWN_PAIRS} of each change)` },
    { name: 'output', short: 'o', kind: 'text', value: 'FORMAT', help: 'text or json (default text)' },
  ],
  details: [
    'FILE is a recording of hubtop record or hubble observe -o jsonpb, - is stdin. Replies and flows that were dropped for another reason',
    'than a policy are not judged. Exit code 0: nothing is newly refused; 1: something is; 3: nothing could be judged.',
  ].join('\n'),
  usageExitCode: 2,
  maxPositionals: 1,
  async run(values, [path], context) {
    if (path === undefined) throw new UsageError('what-if needs the FILE to judge: hubtop what-if --objects policies.yaml FILE');
    const objects = values.list('objects');
    if (objects.length === 0) throw new UsageError('what-if needs --objects PATH: the policies to judge by');
    const format = values.text('output') ?? 'text';
    if (format !== 'text' && format !== 'json') throw new UsageError(`invalid output format: ${format}: expected text or json`);
    const [{ readPolicyFiles }, { WhatIf: Judge }] = await Promise.all([import('../../agent/catalog/policy-files.ts'), import('../../agent/policy/what-if.ts')]);
    const { policies, portsOfIp, refused } = await readPolicyFiles(objects);
    // judging by the others would tell lies about what the refused one is for
    if (refused.length > 0) {
      for (const line of refused.slice(1, SHOWN_REFUSED)) context.printError(`hubtop: ${line}`);
      if (refused.length > SHOWN_REFUSED) context.printError(`hubtop: ${refused.length - SHOWN_REFUSED} more like these`);
      throw new CommandError(`nothing was judged: ${refused[0] ?? ''}`);
    }
    if (policies.length === 0) throw new CommandError(`no policy in ${objects.join(', ')}: expected NetworkPolicy, CiliumNetworkPolicy or CiliumClusterwideNetworkPolicy`);
    const judge = new Judge(policies, portsOfIp);
    const read = await judgeFile(path, judge, context);
    const notes = policies.flatMap((policy) => policy.notes.map((note) => `${policy.name}: ${note}`));
    const pairs = judge.list();
    await (format === 'json' ? printJson : printText)({ pairs, read, beyond: judge.beyond, policies: policies.length, notes, isAll: values.bool('all') }, context);
    return pairs.length === 0 ? 3 : pairs.some(({ change }) => change === 'newly refused') ? 1 : 0;
  },
};

interface Read {
  judged: number;
  /** Flows that no policy is asked about: replies, requests, drops for other reasons. */
  others: number;
}

interface Answer {
  pairs: readonly JudgedPair[];
  read: Read;
  beyond: number;
  policies: number;
  notes: readonly string[];
  isAll: boolean;
}

async function judgeFile(path: string, judge: WhatIf, context: CommandContext): Promise<Read> {
  const read: Read = { judged: 0, others: 0 };
  for await (const batch of readRecording(path, { signal: context.signal, say: (words) => context.printError(`hubtop: ${words}`) })) {
    for (const message of batch) {
      if (message.kind !== 'response') continue;
      const decoded = tryDecode(GetFlowsResponseCodec, message.frame.subarray(FRAME_PREFIX_BYTES));
      const flow = decoded.ok ? decoded.value.flow : undefined;
      const recorded = flow === undefined ? undefined : recordedFlow(flow);
      if (recorded === undefined) {
        if (flow !== undefined) read.others++;
        continue;
      }
      read.judged++;
      judge.take(recorded);
    }
  }
  return read;
}

/** What a flow says of a connection being opened; undefined where a policy would not be asked. */
function recordedFlow(flow: Flow): RecordedFlow | undefined {
  const { client, server, isReply } = conversationOf(flow);
  const isPolicy = flow.verdict === AUDIT || (flow.verdict === DROPPED && dropClass(flowReason(flow)) === 'pol');
  const protocol = protocolNumber(flow);
  if (isReply || flow.l7 !== undefined || protocol === 0 || !(isPolicy || flow.verdict === FORWARDED || flow.verdict === REDIRECTED)) return undefined;
  return {
    client: { endpoint: client.endpoint, ip: client.ip, name: partyOf(client.endpoint, client.ip).name },
    server: { endpoint: server.endpoint, ip: server.ip, name: partyOf(server.endpoint, server.ip).name, names: server.names ?? [] },
    protocol, port: protocol === 1 ? (flow.l4?.ICMPv4?.type ?? 0) : protocol === 58 ? (flow.l4?.ICMPv6?.type ?? 0) : server.port, service: flow.destination_service, wasRefused: isPolicy,
  };
}

function protocolNumber({ l4 }: Flow): number {
  if (l4?.TCP !== undefined) return 6;
  if (l4?.UDP !== undefined) return 17;
  if (l4?.SCTP !== undefined) return 132;
  if (l4?.ICMPv4 !== undefined) return 1;
  return l4?.ICMPv6 === undefined ? 0 : 58;
}

const ORDER: readonly JudgedPair['change'][] = ['newly refused', 'newly allowed', 'cannot tell', 'refused', 'allowed'];
const HEADS: Readonly<Record<JudgedPair['change'], string>> = {
  'newly refused': 'NEWLY REFUSED', 'newly allowed': 'NEWLY ALLOWED', 'cannot tell': 'CANNOT TELL', refused: 'STILL REFUSED', allowed: 'STILL ALLOWED',
};

async function printText({ pairs, read, beyond, policies, notes, isAll }: Answer, context: CommandContext): Promise<void> {
  const lines = [`${counted(read.judged, 'flow')} judged as if ${policies === 1 ? 'this policy were the only one' : `these ${policies} policies were all`}; ${grouped(read.others)} not judged (replies, requests, drops that are no policy's)`];
  for (const change of ORDER) {
    const found = pairs.filter((pair) => pair.change === change);
    const flows = found.reduce((sum, pair) => sum + pair.flows, 0);
    if (found.length === 0 && change !== 'newly refused' && change !== 'newly allowed') continue;
    lines.push('', `${HEADS[change]}   ${found.length === 0 ? 'nothing' : `${counted(flows, 'flow')} of ${counted(found.length, 'pair')}`}`);
    if ((change === 'allowed' || change === 'refused') && !isAll) continue;
    const shown = isAll ? found : found.slice(0, SHOWN_PAIRS);
    for (const pair of shown) lines.push(`  ${pairLine(pair)}  ${counted(pair.flows, 'flow')}`, `      ${pair.direction === '' ? '' : `${pair.direction}: `}${scrub(pair.why, 400)}`);
    if (shown.length < found.length) lines.push(`  and ${counted(found.length - shown.length, 'pair')} more: --all has them`);
  }
  if (beyond > 0) lines.push('', `${counted(beyond, 'flow')} of more pairs than are kept apart are not in these figures`);
  for (const note of notes) lines.push(scrub(note, 400));
  await context.print(`${lines.join('\n')}\n`);
}

function pairLine({ client, server, protocol, port }: JudgedPair): string {
  const isIcmp = protocol === 1 || protocol === 58;
  return `${client} → ${server}${isIcmp ? '' : `:${port}`}/${PROTOCOLS[protocol] ?? protocol}${isIcmp ? ` type ${port}` : ''}`;
}

function counted(count: number, what: string): string {
  return `${grouped(count)} ${what}${count === 1 ? '' : 's'}`;
}

async function printJson({ pairs, read, beyond, policies, notes }: Answer, context: CommandContext): Promise<void> {
  await context.print(`${jsonText({
    schema: SCHEMA, kind: 'what-if', policies, flows: read.judged, others: read.others, beyond, notes,
    pairs: pairs.map(({ client, server, protocol, port, change, flows, direction, why }) => ({ client, server, protocol: PROTOCOLS[protocol] ?? String(protocol), port, change, flows, direction: direction === '' ? null : direction, why: scrub(why, 400) })),
  })}\n`);
}
