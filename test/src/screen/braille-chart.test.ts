import { describe, expect, test } from 'vitest';
import { asciiText, GLYPHS } from '../../../src/screen/ascii.ts';
import { brailleChart, type ChartShape } from '../../../src/screen/braille-chart.ts';
import type { ChartPoint } from '../../../src/screen/chart.ts';

const SHAPE: ChartShape = { cols: 12, rows: 3, min: 1, max: 100, isLog: true, isAscii: false };

function draw(values: readonly (number | undefined | 'hole')[], more: Partial<ChartShape> = {}): string[] {
  const points = values.map((value): ChartPoint => (value === undefined ? undefined : value === 'hole' ? { value: 0, isHole: true } : { value, isHole: false }));
  return brailleChart([{ points, role: 'chart' }], { ...SHAPE, ...more }).map((pieces) => pieces.map((piece) => (typeof piece === 'string' ? piece : piece[0])).join(''));
}

describe('brailleChart()', () => {
  test('is exactly as large as asked, of our glyphs alone', () => {
    const rows = draw([1, 2, 5, 10, 50, 100, 3]);
    expect(rows.map((row) => row.length)).toEqual([12, 12, 12]);
    expect([...rows.join('')].filter((cell) => cell !== ' ' && !GLYPHS.has(cell))).toEqual([]);
  });

  test('puts the smallest at the bottom, the largest at the top, and powers at equal distances', () => {
    expect(draw([1, 1])).toEqual(['            ', '            ', '⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀']);
    expect(draw([100, 100])[0]).toBe('⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉');
    expect(draw([10, 10])[1]?.trim()).not.toBe('');
    expect(draw([5_000, 5_000])[0]).toBe('⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉');
  });

  test('breaks where there was nothing, and shows a lone point', () => {
    const rows = draw([undefined, undefined, 100, undefined, undefined]);
    expect(rows.join('').replaceAll(' ', '')).toHaveLength(1);
    expect(draw([100, 100, undefined, undefined, 100])[0]).toMatch(/^⠉+⠁? +⠈$/);
  });

  test('draws what nobody observed as a hole', () => {
    expect(draw([1, 1, 'hole', 'hole', 1, 1]).every((row) => row.includes('░░░'))).toBe(true);
  });

  test('falls back to blocks of the first line, which have ASCII', () => {
    const rows = draw([1, 10, 100], { isAscii: true });
    expect(rows.map((row) => row.length)).toEqual([12, 12, 12]);
    expect(asciiText(rows.join(''))).toMatch(/^[ .:|#]+$/);
    expect(rows[0]?.trimStart().length).toBeLessThan(6);
  });

  test('gives each line its role, the first one where they meet', () => {
    const flat = (value: number): ChartPoint[] => [{ value, isHole: false }, { value, isHole: false }];
    const rows = brailleChart([{ points: flat(100), role: 'bad' }, { points: flat(1), role: 'dim' }], SHAPE);
    expect([rows[0]?.[0]?.[1], rows[2]?.[0]?.[1]]).toEqual(['bad', 'dim']);
    expect(brailleChart([{ points: flat(100), role: 'bad' }, { points: flat(100), role: 'dim' }], SHAPE)[0]?.[0]?.[1]).toBe('bad');
  });

  test('draws nothing of nothing', () => {
    expect(draw([])).toEqual(['            ', '            ', '            ']);
    expect(brailleChart([], SHAPE)).toHaveLength(3);
  });
});
