import { DropReason, FlowType, TrafficDirection, Verdict } from '../../../src/wire/gen/flow.ts';
import type { Scene } from './scene.ts';
import { endpointSeenFrom, type StoryEnd } from './story-cluster.ts';

/** A frame that is no IP comes this often, from the first second on: nobody lost anything. */
const frameSeconds = 5;
/** A rollout replaces one pod this often; the first within the minutes of a recording. */
const rolloutSeconds = 1_800;
const firstRollout = 100;

/** What is always there in a good cluster and means nothing. */
export function tellNoise(scene: Scene): void {
  if (scene.second % frameSeconds === 2) tellForeignFrame(scene, scene.cluster.one('session-cache'));
  if (scene.second % rolloutSeconds === firstRollout) rollOut(scene);
}

function tellForeignFrame(scene: Scene, pod: StoryEnd): void {
  const reason = DropReason.UNSUPPORTED_L3_PROTOCOL;
  const server = scene.cluster.unknown;
  scene.tell({
    node: pod.node, atMs: scene.atMs + 412, kind: 'drop', weight: 1,
    flow: {
      verdict: Verdict.DROPPED, drop_reason: reason, ethernet: { source: macOf(pod.ip), destination: '33:33:00:00:00:02' },
      source: endpointSeenFrom(pod.node, pod), destination: server.endpoint, Type: FlowType.L3_L4,
      event_type: { type: 1, sub_type: reason }, traffic_direction: TrafficDirection.EGRESS, drop_reason_desc: reason, Summary: 'Ethernet',
    },
    extension: { skbs: 1, segments: 1, bytes: 74, why: 'drop' },
    counted: { pair: { client: pod, server, port: 0, protocol: 0, verdict: Verdict.DROPPED }, side: 'egress' },
  });
}

function macOf(ip: string): string {
  return `0a:58:${ip.split('.').map((part) => Number(part).toString(16).padStart(2, '0')).join(':')}`;
}

function rollOut(scene: Scene): void {
  const pods = scene.cluster.of('fraud-detector');
  const old = pods[scene.second % pods.length];
  if (old === undefined) return;
  const [stem = ''] = /^.*-/.exec(old.endpoint.pod_name ?? '') ?? [];
  tellReplacement(scene, old, scene.cluster.replace(old, { podName: `${stem}r${scene.second.toString(36)}` }));
}

/** The changes that a pod in place of another makes. */
export function tellReplacement(scene: Scene, old: StoryEnd, fresh: StoryEnd): void {
  scene.change({ node: fresh.node, atMs: scene.atMs + 200, kind: 'endpoint-added', subject: fresh.name, detail: fresh.ip, who: 'unknown' });
  scene.change({ node: old.node, atMs: scene.atMs + 900, kind: 'endpoint-removed', subject: old.name, detail: '', who: 'unknown' });
}
