// what we use of contrib's canvas, which has no types
declare module 'drawille-canvas-blessed-contrib' {
  /** An HTML5 canvas of dots, two by four in each cell. */
  export default class Context {
    /** Width must be even, height a multiple of four. */
    constructor(width: number, height: number);
    /** One byte a cell: the dots that are set, as in U+2800 and following. */
    readonly canvas: { readonly content: Uint8Array };
    beginPath(): void;
    moveTo(x: number, y: number): void;
    lineTo(x: number, y: number): void;
    stroke(): void;
  }
}
