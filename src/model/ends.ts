import { isAboutEnds, type Chip } from './chips.ts';
import { scrub } from '../lib/scrub.ts';
import type { State } from './state.ts';

/** Who talks to whom in a flow: ids of the endpoint interner and of the directory; 0 = not known. */
export interface Ends {
  client: number;
  clientParty: number;
  server: number;
  serverParty: number;
  /** The server's port. */
  port: number;
}

/**
 * Whether a flow passes the chips that are about the ends of its conversation. The relay has filtered by packet before: a
 * filter on a pod as source also lets that pod's replies as a server through, and two chips on one side make one condition.
 */
export function passesEnds(state: State, ends: Ends): boolean {
  for (const chip of state.chips) if (isAboutEnds(chip) && isAt(state, chip, ends) === chip.isNegated) return false;
  return true;
}

// an end nothing is known of passes a positive chip: the relay has looked at it
function isAt(state: State, chip: Chip, ends: Ends): boolean {
  if (chip.field === 'port') return String(ends.port) === chip.value;
  const isClient = chip.field.startsWith('from-');
  const id = isClient ? ends.client : ends.server;
  if (id === 0) return !chip.isNegated;
  if (chip.field.endsWith('-workload')) return state.directory.partyAt(isClient ? ends.clientParty : ends.serverParty).name === chip.value;
  const endpoint = state.endpoints.get(id);
  const namespace = scrub(endpoint?.namespace ?? '', 63);
  if (chip.field.endsWith('-namespace')) return namespace === chip.value;
  // a beginning is enough, as in Hubble
  return `${namespace === '' ? '' : `${namespace}/`}${scrub(endpoint?.pod_name ?? '', 120)}`.startsWith(chip.value);
}
