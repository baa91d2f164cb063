import type { HealthyRow } from './healthy-rows.ts';
import type { Scene } from './scene.ts';
import type { StoryCluster } from './story-cluster.ts';

/** Nodes of a story's cluster, and the second its incident begins: minutes of health before it are what detectors compare with. */
export const storyNodes = 6;
export const incidentSecond = 240;

/** An incident: what is different from a healthy cluster, second by second. */
export interface Story {
  /** Of its folder in snapshots/ and of `--scenario`. */
  name: string;
  /** One line for lists. */
  title: string;
  /** What the README of the recording tells; sentences. */
  telling: {
    what: string;
    who: string;
    cause: string;
    /** What a good tool says, one point a line. */
    says: readonly string[];
    /** What the recording leaves out or makes shorter. */
    notes?: string;
  };
  /** Length of the recording. */
  seconds: number;
  /** What is different from the first second on. */
  prepare?(cluster: StoryCluster): void;
  /** A row of the healthy traffic as it is in this second; undefined where it rests. */
  adjust?(row: HealthyRow, scene: Scene): HealthyRow | undefined;
  /** What happens beside the healthy traffic; asked every second. */
  act?(scene: Scene): void;
}
