import type { MessagesOut } from '../../src/rpc/binding.ts';
import { AgentEventType, type AgentEvent, type Endpoint, type IPCacheNotification } from '../../src/wire/gen/flow.ts';
import type { GetAgentEventsRequest, GetAgentEventsResponse } from '../../src/wire/gen/observer.ts';
import type { Change } from '../../src/wire/gen/hubtop.ts';
import { wirePolicy } from '../enrich/decision-words.ts';
import type { EndpointChange } from '../enrich/endpoint-change.ts';
import type { PolicyChange } from '../policy/policy-book.ts';
import { policyName, type PolicyObject } from '../policy/policy.ts';
import { timestampNs, timestampOf } from '../../src/wire/timestamp.ts';
import { WakeUp } from './wake-up.ts';

/** Events kept for those who ask later. */
const MAX_EVENTS = 1_024;
const POLL_MS = 1_000;

interface TimedEvent {
  timeNs: bigint;
  event: AgentEvent;
}

/** As Cilium tells that an address has another identity. */
function identityUpdate(ip: string, { identity, namespace, pod_name }: Endpoint, old: number): IPCacheNotification {
  return { cidr: `${ip}/${ip.includes(':') ? 128 : 32}`, identity, old_identity: { value: old }, namespace, pod_name };
}

/** As Cilium names the object that rules were made from. */
function originLabels({ kind, namespace, name }: PolicyObject): string[] {
  const prefix = 'k8s:io.cilium.k8s.policy';
  return [`${prefix}.derived-from=${kind}`, `${prefix}.name=${name}`, ...(namespace === '' ? [] : [`${prefix}.namespace=${namespace}`])];
}

/** What happened to the agent and its endpoints, for GetAgentEvents and for Telemetry. */
export class AgentEvents {
  private events: TimedEvent[] = [];
  private first = 0;
  private pending: Change[] = [];
  private readonly news = new WakeUp(() => {});

  private hasEndpoints = false;
  private hasPolicies = false;

  constructor(private readonly nodeName: string) {}

  started(timeNs: bigint): void {
    this.add({ timeNs, event: { type: AgentEventType.AGENT_STARTED, agent_start: { time: timestampOf(timeNs) } } });
    this.note({ timeNs, kind: 'agent-started', subject: this.nodeName, detail: '' });
  }

  /**
   * Endpoints that came, went or changed their identity. Those of other nodes are for their own agents to tell. Those of the
   * first call were there before: events for whoever lists endpoints, no changes.
   */
  endpoints(changes: readonly EndpointChange[]): void {
    const isFirst = !this.hasEndpoints;
    this.hasEndpoints = true;
    for (const change of changes) {
      const { ID = 0, labels, pod_name, namespace } = change.version.endpoint;
      if (change.version.nodeName !== this.nodeName || pod_name === undefined) continue;
      if (change.oldIdentity !== undefined) {
        for (const ip of change.version.ips) this.add({ timeNs: change.timeNs, event: { type: AgentEventType.IPCACHE_UPSERTED, ipcache_update: identityUpdate(ip, change.version.endpoint, change.oldIdentity) } });
      } else {
        const type = change.kind === 'endpoint-added' ? AgentEventType.ENDPOINT_CREATED : AgentEventType.ENDPOINT_DELETED;
        this.add({ timeNs: change.timeNs, event: { type, endpoint_update: { id: BigInt(ID), labels, pod_name, namespace } } });
      }
      if (isFirst) continue;
      this.note(change, change.oldIdentity === undefined ? {} : { old_identity: change.oldIdentity, new_identity: change.version.endpoint.identity });
    }
  }

  /** Policies that came, changed or went; those of the first call were there before. `revision` is that after all of them. */
  policies(timeNs: bigint, changes: readonly PolicyChange[], revisionOf: (object: PolicyObject) => number): void {
    const isFirst = !this.hasPolicies;
    this.hasPolicies = true;
    for (const { kind, object } of changes) {
      const policy = wirePolicy(object, revisionOf(object));
      const type = kind === 'policy-removed' ? AgentEventType.POLICY_DELETED : AgentEventType.POLICY_UPDATED;
      const rules = object.policies.reduce((count, one) => count + one.rules.length, 0);
      this.add({ timeNs, event: { type, policy_update: { labels: originLabels(object), revision: policy.revision, rule_count: BigInt(rules) } } });
      if (!isFirst) this.note({ timeNs, kind, subject: policyName(object), detail: kind === 'policy-removed' ? '' : `${rules} rule${rules === 1 ? '' : 's'}` }, { policy, who: kind === 'policy-removed' ? 'unknown' : object.who });
    }
  }

  /** A part of the catalog that could not be understood; the last good state stays. */
  broken(timeNs: bigint, warning: string): void {
    this.note({ timeNs, kind: 'objects-broken', subject: this.nodeName, detail: warning });
  }

  /** The changes since the call before, for a Report. */
  takeChanges(): Change[] {
    const changes = this.pending;
    this.pending = [];
    return changes;
  }

  /** GetAgentEvents: the same start rules as GetFlows, no filters. */
  async stream(request: GetAgentEventsRequest, out: MessagesOut<GetAgentEventsResponse>, signal: AbortSignal): Promise<void> {
    let position = this.startOf(request);
    const untilNs = request.until === undefined ? undefined : timestampNs(request.until);
    let left = request.follow === true || request.number === undefined || request.number === 0n ? Number.POSITIVE_INFINITY : Number(request.number);
    while (!signal.aborted) {
      for (; position < this.first + this.events.length && left > 0; position++, left--) {
        const entry = this.events[position - this.first];
        if (entry === undefined) continue;
        if (untilNs !== undefined && entry.timeNs > untilNs) return;
        if (!out.write({ agent_event: entry.event, node_name: this.nodeName, time: timestampOf(entry.timeNs) })) await out.drain();
      }
      if (request.follow !== true) return;
      await this.news.wait(POLL_MS, signal);
    }
  }

  private startOf(request: GetAgentEventsRequest): number {
    const end = this.first + this.events.length;
    if (request.since !== undefined) {
      const sinceNs = timestampNs(request.since);
      const index = this.events.findIndex((entry) => entry.timeNs >= sinceNs);
      return index < 0 ? end : this.first + index;
    }
    if (request.first === true) return this.first;
    const number = Number(request.number ?? 0n);
    if (number > 0) return Math.max(this.first, end - number);
    return request.follow === true ? end : this.first;
  }

  private add(entry: TimedEvent): void {
    this.events.push(entry);
    if (this.events.length > MAX_EVENTS) {
      this.events.shift();
      this.first++;
    }
    this.news.ring();
  }

  private note(change: { timeNs: bigint; kind: string; subject: string; detail: string }, more: Pick<Change, 'old_identity' | 'new_identity' | 'policy' | 'who'> = {}): void {
    if (this.pending.length >= MAX_EVENTS) this.pending.shift();
    const { timeNs, kind, subject, detail } = change;
    this.pending.push({ time: timestampOf(timeNs), node: this.nodeName, kind, subject, detail, who: 'unknown', ...more });
  }
}
