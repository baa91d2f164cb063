// what we use of blessed-contrib, which has no types for single files
declare module 'blessed-contrib/lib/layout/grid.js' {
  export default class Grid {
    constructor(options: { rows: number; cols: number; screen: unknown; hideBorder?: boolean; color?: string });
    set(row: number, col: number, rowSpan: number, colSpan: number, widget: unknown, options: object): unknown;
  }
}
declare module 'blessed-contrib/lib/widget/lcd.js' {
  const lcd: unknown;
  export default lcd;
}
declare module 'blessed-contrib/lib/widget/gauge.js' {
  const gauge: unknown;
  export default gauge;
}
declare module 'blessed-contrib/lib/widget/charts/line.js' {
  const line: unknown;
  export default line;
}
declare module 'blessed-contrib/lib/widget/charts/bar.js' {
  const bar: unknown;
  export default bar;
}
