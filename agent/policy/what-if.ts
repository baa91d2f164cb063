import { parseLabel } from '../../src/flow/label-selector.ts';
import { parseIp } from '../../src/lib/ip-bytes.ts';
import type { Endpoint, Flow } from '../../src/wire/gen/flow.ts';
import { closestRule } from './closest-rule.ts';
import type { PolicyEnd } from './end.ts';
import { type Attempt, type Judgement, judge } from './evaluate.ts';
import { type Direction, type Policy, policyName } from './policy.ts';

/** Pairs that are kept apart; what comes beyond is counted as one. */
export const MAX_JUDGED_PAIRS = 10_000;
/** Ends whose labels are taken apart once. */
const MAX_KNOWN_ENDS = 50_000;

/** A recorded flow as the judge needs it: who opened the connection to whom, and what became of it then. */
export interface RecordedFlow {
  client: { endpoint: Endpoint | undefined; ip: string; name: string };
  server: { endpoint: Endpoint | undefined; ip: string; name: string; names: readonly string[] };
  protocol: number;
  /** Of the server; of ICMP the type. */
  port: number;
  service: Flow['destination_service'];
  /** A policy refused it then. */
  wasRefused: boolean;
}

export type Change = 'newly refused' | 'newly allowed' | 'allowed' | 'refused' | 'cannot tell';

/** What a pair's flows would come to. */
export interface JudgedPair {
  client: string;
  server: string;
  protocol: number;
  port: number;
  change: Change;
  flows: number;
  direction: Direction | '';
  /** Why, in words. */
  why: string;
}

/** Judges recorded flows by policies, the same question once. */
export class WhatIf {
  /** Flows of pairs beyond MAX_JUDGED_PAIRS. */
  beyond = 0;
  private readonly pairs = new Map<string, JudgedPair>();
  private readonly verdicts = new Map<string, { verdict: Judgement['verdict']; direction: Direction | ''; why: string }>();
  private readonly ends = new Map<string, PolicyEnd>();

  constructor(private readonly policies: readonly Policy[], private readonly portsOfIp: ReadonlyMap<string, ReadonlyMap<string, number>>) {}

  take(flow: RecordedFlow): void {
    const { verdict, direction, why } = this.verdictOf(flow);
    const { wasRefused, protocol, port, client, server } = flow;
    const change: Change = verdict === 'unknown' ? 'cannot tell' : verdict === 'denied' ? (wasRefused ? 'refused' : 'newly refused') : wasRefused ? 'newly allowed' : 'allowed';
    const key = `${change}\n${client.name}\n${server.name}\n${protocol}\n${port}`;
    const known = this.pairs.get(key);
    if (known !== undefined) known.flows++;
    else if (this.pairs.size >= MAX_JUDGED_PAIRS) this.beyond++;
    else this.pairs.set(key, { client: client.name, server: server.name, protocol, port, change, flows: 1, direction, why });
  }

  /** All pairs, those with the most flows first. */
  list(): JudgedPair[] {
    return [...this.pairs.values()].sort((one, other) => other.flows - one.flows || (`${one.client} ${one.server}` < `${other.client} ${other.server}` ? -1 : 1));
  }

  private verdictOf(flow: RecordedFlow): { verdict: Judgement['verdict']; direction: Direction | ''; why: string } {
    const { client, server, protocol, port, service } = flow;
    const key = `${endKey(client)}\n${endKey(server)} ${server.names.join(' ')}\n${protocol} ${port} ${service?.namespace ?? ''}/${service?.name ?? ''}`;
    const known = this.verdicts.get(key);
    if (known !== undefined) return known;
    const attempt: Attempt = {
      source: this.endOf(client, endKey(client)),
      destination: { ...this.endOf(server, endKey(server)), names: server.names.map((name) => name.toLowerCase().replace(/\.$/, '')), services: service?.name === undefined ? [] : [{ namespace: service.namespace ?? '', name: service.name }] },
      protocol, port,
    };
    const made = this.judgeBoth(attempt);
    if (this.verdicts.size >= MAX_KNOWN_ENDS) this.verdicts.clear();
    this.verdicts.set(key, made);
    return made;
  }

  // it passes where it may leave and where it may come in
  private judgeBoth(attempt: Attempt): { verdict: Judgement['verdict']; direction: Direction | ''; why: string } {
    const judged = (['egress', 'ingress'] as const).map((direction) => ({ direction, judgement: judge(this.policies, attempt, direction) }));
    const decisive = judged.find(({ judgement }) => judgement.verdict === 'denied') ?? judged.find(({ judgement }) => judgement.verdict === 'unknown') ?? judged.find(({ judgement }) => judgement.by.length > 0);
    if (decisive === undefined) return { verdict: 'allowed', direction: '', why: 'no policy is about it' };
    const { direction, judgement } = decisive;
    return { verdict: judgement.verdict, direction, why: whyOf(judgement, attempt, direction) };
  }

  private endOf({ endpoint, ip }: { endpoint: Endpoint | undefined; ip: string }, key: string): PolicyEnd {
    const known = this.ends.get(key);
    if (known !== undefined) return known;
    const labels = (endpoint?.labels ?? []).map(parseLabel);
    const end: PolicyEnd = { labels, ip: parseIp(ip), names: [], services: [], ports: this.portsOfIp.get(ip) };
    if (this.ends.size >= MAX_KNOWN_ENDS) this.ends.clear();
    this.ends.set(key, end);
    return end;
  }
}

function endKey({ endpoint, ip }: { endpoint: Endpoint | undefined; ip: string }): string {
  return `${ip} ${(endpoint?.labels ?? []).join(',')}`;
}

function whyOf(judgement: Judgement, attempt: Attempt, direction: Direction): string {
  const [by] = judgement.by;
  const decider = by === undefined ? '' : `${by.rule.path} of ${policyName(by.policy)}`;
  switch (judgement.form) {
    case 'no policy': return 'no policy is about it';
    case 'vital': return 'neighbours and addresses may always be found';
    case 'host': return 'its own node may always reach a pod';
    case 'rule': return `${decider} allows it${by !== undefined && by.rule.parser !== '' ? `, as far as its ${by.rule.parser} rules do` : ''}`;
    case 'named deny': return `${decider} denies it`;
    case 'named port': return `${decider} names a port, and which number that is for ${direction === 'egress' ? 'the server' : 'this pod'} is not in the objects`;
    case 'default deny': {
      const names = judgement.selecting.map(policyName);
      const closest = closestRule(judgement.selecting, attempt, direction);
      return `no rule of ${names.slice(0, 3).join(', ')}${names.length > 3 ? ` and ${names.length - 3} more` : ''} allows it${closest === undefined ? '' : `; closest is ${closest.rule.path} of ${policyName(closest.policy)}: ${closest.missing}`}`;
    }
  }
}
