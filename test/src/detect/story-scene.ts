import type { State } from '../../../src/model/state.ts';
import { tell } from './story-model.ts';

/** How a story reaches the dashboard. */
export interface Watching {
  /** Last second of the story that is watched, and the first. */
  seconds: number;
  from?: number;
  /** A relay of ours tells telemetry and extensions, a stock one flows alone. */
  relay: 'ours' | 'stock';
  view?: string;
}

/** A dashboard that watches a story. */
export function storyScene(name: string, { relay, ...watched }: Watching): State {
  return tell(name, { ...watched, isStock: relay === 'stock', hasExtensions: relay === 'ours' });
}
