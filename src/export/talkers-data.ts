import { enumNames } from '../wire/codec.ts';
import { VerdictEnum } from '../wire/gen/flow.ts';
import type { PodName } from '../model/flow-groups.ts';
import type { State } from '../model/state.ts';
import { type Talker, talkers, type Talkers } from '../model/talkers.ts';
import { type Data, figureData, percentData } from './data.ts';
import { protocolData } from './pair-data.ts';

/** Who talks to whom by pod and verdict, the most flows first; or as the reader has it grouped. */
export function talkersData(state: State): Data {
  const all = talkers(state);
  return all.rows.toSorted((one, other) => other.counts.flows - one.counts.flows || (one.key < other.key ? -1 : 1)).map((row) => talkerData(all, row));
}

function talkerData({ group, hasVolume }: Talkers, row: Talker): Data {
  const { counts, flowGroup, errors } = row;
  const isOfPods = group === 'pod' && flowGroup !== undefined;
  return {
    group,
    source: isOfPods ? podData(flowGroup.client) : { name: row.source },
    destination: isOfPods ? podData(flowGroup.server) : { name: row.destination },
    port: row.port === '' ? null : Number(row.port.replace(':', '')), protocol: protocolData(row.protocol),
    verdict: isOfPods ? enumNames(VerdictEnum).get(flowGroup.verdict) ?? null : null,
    flows: figureData(counts.flows), connections: figureData(counts.connections), dropped: figureData(counts.dropped), resets: figureData(counts.resets),
    bytes: hasVolume ? figureData(counts.bytes) : null, error_percent: percentData(errors),
  };
}

function podData({ namespace, name, isPod }: PodName): Data {
  return { namespace, name, is_pod: isPod };
}
