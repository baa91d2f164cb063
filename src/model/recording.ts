/** A file that what is seen is written to while the dashboard runs. */
export interface Recording {
  file: string;
  sinceMs: number;
  /** Flows in it so far. */
  flows: number;
}
