/** How many rows a section of a view needs and can use. */
export interface Demand {
  least: number;
  wanted: number;
}

/**
 * Shares rows among sections: each gets its least (the last ones nothing when even that does not fit), then what it
 * wants in the order given; what is left goes to the section `rest`.
 */
export function shareRows(rows: number, demands: readonly Demand[], rest: number): number[] {
  let left = rows;
  const shares = demands.map((demand) => {
    const given = demand.least <= left ? demand.least : 0;
    left -= given;
    return given;
  });
  demands.forEach((demand, i) => {
    const more = Math.min(left, Math.max(0, demand.wanted - (shares[i] ?? 0)));
    if ((shares[i] ?? 0) === 0 && demand.least > 0) return;
    shares[i] = (shares[i] ?? 0) + more;
    left -= more;
  });
  shares[rest] = (shares[rest] ?? 0) + left;
  return shares;
}
