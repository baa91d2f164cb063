import type { Finding } from '../model/finding.ts';

/** Findings without those that another one tells better. A finding that is claimed itself claims nothing. */
export function withoutClaimed(findings: readonly Finding[]): Finding[] {
  const claimed = new Set(findings.flatMap(({ claims = [] }) => claims));
  if (claimed.size === 0) return [...findings];
  const standing = findings.filter(({ key }) => !claimed.has(key));
  const lost = new Set(standing.flatMap(({ claims = [] }) => claims));
  return findings.filter(({ key }) => !lost.has(key));
}
