import { say } from '../model/changes.ts';
import { cursorOf, selectedIndex } from '../model/cursors.ts';
import { pairChips, pairSubject } from '../model/pair-text.ts';
import { MAX_MAP_TRAIL, mermaidOf, serviceMap, type MapEdge } from '../model/service-map.ts';
import type { State } from '../model/state.ts';
import { tableOf } from '../model/tables.ts';
import { copyText } from '../model/take-away.ts';
import { exactly, middle } from '../screen/line.ts';
import { dropLead } from './drop-lead.ts';
import { mapGraph } from './map-graph.ts';
import { edgesSection, MAP_SORTS, mapEdges, mapSort, matrixSection } from './map-lists.ts';
import { rule } from './rule.ts';
import { shareRows } from './share-rows.ts';
import type { Item, View } from './view.ts';

/** The service map: callers, one focus, callees; the same as a list; namespaces as a matrix. */
export const map: View = {
  id: 'map',
  title: 'Map',
  short: 'Map',
  digit: '8',
  footer: ['enter', 'follow', 'back', 'sort', 'copy', 'source-workload', 'destination-workload', 'verdict', 'pause', 'window'],
  panels: [{ title: 'edges', items: edgeItems }],
  acts: {
    follow(state) {
      const edge = selectedEdge(state);
      if (edge === undefined) return say(state, 'no edge is selected');
      const { focus } = serviceMap(state);
      moveFocus(state, edge.pair.source.name === focus ? edge.pair.destination.name : edge.pair.source.name);
    },
    sort(state) {
      const next = MAP_SORTS[(MAP_SORTS.indexOf(mapSort(state)) + 1) % MAP_SORTS.length] ?? MAP_SORTS[0];
      Object.assign(tableOf(state, 'map'), { sort: next.id, isReversed: false });
      say(state, `edges sorted by ${next.title}: r turns it round`);
    },
    reverse(state) {
      const table = tableOf(state, 'map');
      table.isReversed = !table.isReversed;
    },
    copy(state) {
      copyText(state, mermaidOf(serviceMap(state)));
    },
  },
  close(state) {
    const last = state.mapTrail.pop();
    if (last === undefined) return false;
    say(state, `focus on ${serviceMap(state).focus} again`);
    return true;
  },
  render(state, size) {
    const around = serviceMap(state);
    const { cols } = size;
    const edges = around.callers.length + around.callees.length;
    const isTall = size.rows >= 30;
    const graphWanted = Math.max(around.callers.length, around.callees.length, isTall ? 5 : 1) + 2;
    const [graph = 0, list = 0, matrix = 0] = shareRows(size.rows, [
      { least: isTall ? 9 : 7, wanted: Math.min(graphWanted, Math.floor(size.rows * 0.5)) }, { least: isTall ? 8 : 6, wanted: edges + 2 }, { least: isTall ? 6 : 5, wanted: isTall ? 9 : 5 },
    ], 2);
    const near = new Set([...around.callers, ...around.callees].flatMap(({ pair }) => [pair.source.name, pair.destination.name]));
    const shown = `${near.size} of ${around.parties} workloads`;
    const title = cols >= 110
      ? rule(cols, 'WHO TALKS TO WHOM', `focus ${around.focus}`, `${shown}   f move the focus   y copy as mermaid`)
      : rule(cols, 'FOCUS', middle(around.focus, cols - 46), `${shown}   f focus   y copy`);
    return exactly([
      ...exactly([title, ...mapGraph(around, { cols, rows: graph - 1 })], { cols, rows: graph }), ...exactly(edgesSection(state, around, { cols, rows: list }), { cols, rows: list }),
      ...matrixSection(state, around, { cols, rows: matrix }),
    ], size);
  },
};

function moveFocus(state: State, name: string): void {
  state.mapTrail.push(name);
  if (state.mapTrail.length > MAX_MAP_TRAIL) state.mapTrail.shift();
  const cursor = cursorOf(state, 'map');
  cursor.selected = [];
  cursor.index = [];
  cursor.movedMs = 0;
  say(state, `focus on ${name}: Esc goes back`);
}

function selectedEdge(state: State): MapEdge | undefined {
  const edges = mapEdges(state);
  return edges[selectedIndex(cursorOf(state, 'map'), 0, edges.map((edge) => edge.key))];
}

function edgeItems(state: State): Item[] {
  return mapEdges(state).map(({ key, id, pair }) => ({ key, subject: pairSubject(pair), target: { view: 'flows', chips: pairChips(pair) }, ...dropLead(state, [id]) }));
}
