import { Role } from './role.ts';
import type { BenchRow } from './row.ts';
import { scaled } from './scale.ts';

const FLOWS = 50_000_000;
const STEPS = 5;
const AIM_MB = 150;
const MB = 1_000_000;

/** Memory of a process that folds flows as a dashboard without telemetry does, 10 k of them a second by their own clock. */
export async function benchMemory(report: (row: BenchRow) => void): Promise<void> {
  const folder = new Role();
  try {
    const step = Math.ceil(scaled(FLOWS, STEPS * 10_000) / STEPS);
    for (let i = 1; i <= STEPS; i++) {
      const { rssBytes = 0, flows = 0 } = await folder.ask({ do: 'hold', flows: step });
      report({ name: `RSS after ${Math.round(flows / 100_000) / 10} M flows`, value: Math.round(rssBytes / MB), unit: 'MB', note: `pods come and go, applications talk; aim ${AIM_MB}` });
    }
  } finally {
    folder.stop();
  }
}
