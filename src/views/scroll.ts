/** First visible row of a list so that the selected one is on the page. */
export function scrollTop(selected: number, length: number, rows: number): number {
  if (length <= rows) return 0;
  return Math.max(0, Math.min(length - rows, selected - rows + 1));
}
