import type { DevicePrograms } from './device-programs.ts';
import type { Finding } from './finding.ts';
import type { Way } from './netlink-tc.ts';

/** Programs and filters of ours; what comes before them on a device hides packets from us. */
const OWN_PROGRAM = 'ht_';
const OWN_FILTER = 'hubtop_';
/** The one priority that we never take. */
const FIRST_PRIORITY = 1;

/** What others run on the devices of this network namespace, and what that hides from us. */
export function neighbourFindings(devices: readonly DevicePrograms[] | undefined, hasTcx: boolean): Finding[] {
  if (devices === undefined) return [{ what: 'neighbours', standing: 'less', says: 'not looked at', advice: 'what is missing above is needed to look' }];
  const findings = devices.flatMap((found): Finding[] => [
    ...tcFindings(found, hasTcx),
    ...(found.xdp === undefined ? [] : [{ what: 'XDP', standing: 'less' as const, says: `${found.device} runs ${found.xdp}`, advice: 'what it drops or sends back is not seen here: it comes before everything else' }]),
  ]);
  return findings.length > 0 ? findings : [{ what: 'neighbours', standing: 'ok', says: 'no program of others on a device of this network namespace (tcx, tc filters, XDP)' }];
}

function tcFindings(found: DevicePrograms, hasTcx: boolean): Finding[] {
  const { device } = found;
  const ways = ([['in', 'ingress'], ['out', 'egress']] as const).flatMap(([word, way]) => {
    const all = [...found[way].filter((name) => !name.startsWith(OWN_PROGRAM)), ...foreignFilters(found, way).map(filterText)];
    return all.length === 0 ? [] : [`${word} ${all.join(', ')}`];
  });
  if (ways.length === 0) return [];
  const before = (['ingress', 'egress'] as const).flatMap((way) => firstOnes(found, way, hasTcx));
  if (before.length === 0) return [{ what: 'neighbours', standing: 'ok', says: `${device}: ${ways.join('; ')}: ours go before them and hide nothing` }];
  return [{ what: 'neighbours', standing: 'less', says: `${device}: ${ways.join('; ')}`, advice: `what ${[...new Set(before)].join(', ')} drops or sends elsewhere is not seen here: it runs before ours` }];
}

function foreignFilters({ filters }: DevicePrograms, way: Way): DevicePrograms['filters'] {
  return filters.filter((filter) => filter.way === way && !filter.name.startsWith(OWN_FILTER));
}

function filterText({ name, priority }: DevicePrograms['filters'][number]): string {
  return `${name} (tc priority ${priority})`;
}

/** Who runs before ours: before a program of ours that is there, or before where ours will go. */
function firstOnes(found: DevicePrograms, way: Way, hasTcx: boolean): string[] {
  const foreign = foreignFilters(found, way);
  const ownProgram = found[way].findIndex((name) => name.startsWith(OWN_PROGRAM));
  const ownFilter = found.filters.find((filter) => filter.way === way && filter.name.startsWith(OWN_FILTER));
  if (ownProgram < 0 && ownFilter === undefined) return hasTcx ? [] : foreign.filter(({ priority }) => priority <= FIRST_PRIORITY).map(filterText);
  return [...found[way].slice(0, Math.max(0, ownProgram)), ...(ownFilter === undefined ? [] : foreign.filter(({ priority }) => priority < ownFilter.priority).map(filterText))];
}
