/** Drops of datapath programs by who and why, cumulative. */
export interface DatapathDrop {
  sourceLabels: number;
  destinationLabels: number;
  /** Cilium's number. */
  reason: number;
  port: number;
  protocol: number;
  skbs: number;
  bytes: number;
}
