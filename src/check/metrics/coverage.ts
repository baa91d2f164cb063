import type { Metric } from '../metric.ts';

/** Events that were received, of those that happened. */
export const seen: Metric = {
  name: 'seen',
  help: 'share of all events that was received; a node nobody hears of counts as 0 %',
  units: { '%': 'share' },
  fields: [],
  needs: 'nothing',
  wholeName: 'events',
  needsFlows: () => false,
  read({ coverage: { happened, lost: gone, nodesHeard, nodesKnown } }) {
    const heard = nodesKnown > 0 ? nodesHeard / nodesKnown : 1;
    return { value: Math.max(0, happened - gone) * heard, perhaps: 0, whole: happened, isMet: true };
  },
};

/** Events that nobody got. */
export const lost: Metric = {
  name: 'lost',
  help: 'events that happened and nobody received, whatever the stage; %: of all events',
  units: { '/s': 'rate', '%': 'share', '': 'total' },
  fields: [],
  needs: 'nothing',
  wholeName: 'events',
  needsFlows: () => false,
  read: ({ coverage }) => ({ value: coverage.lost, perhaps: 0, whole: coverage.happened, isMet: true }),
};

/** Nodes that are heard of. */
export const nodes: Metric = {
  name: 'nodes',
  help: 'nodes that are heard of; %: of those that are known',
  units: { '': 'level', '%': 'level' },
  fields: [],
  needs: 'nothing',
  needsFlows: () => false,
  read: ({ coverage: { nodesHeard, nodesKnown } }) => ({ value: nodesKnown === 0 ? undefined : nodesHeard, perhaps: 0, whole: nodesKnown, isMet: true }),
};
