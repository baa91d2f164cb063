import { dns } from './dns.ts';
import { drops } from './drops.ts';
import { flows } from './flows.ts';
import { help } from './help.ts';
import { incidents } from './incidents.ts';
import { l7 } from './l7.ts';
import { map } from './map.ts';
import { nodes } from './nodes.ts';
import { overview } from './overview.ts';
import { talkers } from './talkers.ts';
import type { View } from './view.ts';
import { wall } from './wall.ts';

/** All views, in the order of their digits. A new view is a file and a line here. */
export const VIEWS: readonly View[] = [
  overview,
  flows,
  drops,
  talkers,
  l7,
  dns,
  nodes,
  map,
  incidents,
  wall,
  help,
];

/** The view with this id; the first one for an id nobody has. */
export function viewOf(id: string): View {
  return VIEWS.find((view) => view.id === id) ?? overview;
}
