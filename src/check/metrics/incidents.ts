import type { Metric } from '../metric.ts';

/** Incidents that go on. */
export const incidents: Metric = {
  name: 'incidents',
  help: 'incidents that are open, as the overview lists them',
  units: { '': 'level' },
  fields: ['severity', 'word'],
  needsFlows: () => false,
  read({ state, selectors }) {
    const open = state.incidents.list().filter((incident) => incident.isOpen).filter(({ worst }) => selectors.every(({ field, value, isNegated }) => (
      (field === 'severity' ? worst.severity === value : worst.word === value) !== isNegated)));
    return { value: open.length, perhaps: 0, whole: 0, isMet: true };
  },
};
