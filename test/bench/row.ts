/** One figure of `npm run bench`; printed as one JSON line. */
export interface BenchRow {
  name: string;
  value: number;
  unit: string;
  note?: string;
}
