// Not a test: colours as eyes see them. Contrast is WCAG 2's, simulation Machado, Oliveira and Fernandes 2009 at full
// severity, distance CIEDE2000 (Sharma, Wu and Dalal 2005).

/** Red, green, blue, 0 to 1, linear light. */
export type Linear = readonly [number, number, number];

/** Linear light of `#rrggbb`. */
export function fromHex(text: string): Linear {
  const byte = (at: number): number => toLinear(Number.parseInt(text.slice(at, at + 2), 16));
  return [byte(1), byte(3), byte(5)];
}

/** Linear light of an index of xterm's palette; only the 240 that users do not change. */
export function fromPalette(index: number): Linear {
  if (index < 16 || index > 255) throw new RangeError(`colour ${index} is the user's own`);
  if (index >= 232) return grey(8 + 10 * (index - 232));
  const level = (step: number): number => toLinear([0, 95, 135, 175, 215, 255][step % 6] ?? 0);
  const cube = index - 16;
  return [level(Math.floor(cube / 36)), level(Math.floor(cube / 6)), level(cube)];
}

function grey(byte: number): Linear {
  const light = toLinear(byte);
  return [light, light, light];
}

function toLinear(byte: number): number {
  const part = byte / 255;
  return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
}

/** WCAG contrast ratio, 1 to 21. */
export function contrast(one: Linear, other: Linear): number {
  const luminance = ([r, g, b]: Linear): number => 0.2126 * r + 0.7152 * g + 0.0722 * b;
  const [low = 0, high = 0] = [luminance(one), luminance(other)].toSorted((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}

/** Kinds of sight: usual, and without one of the three kinds of cones. */
export const SIGHTS = {
  usual: [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
  protanopia: [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
  deuteranopia: [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
  tritanopia: [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
} as const;

/** A colour as such an eye sees it. */
export function seenWith(sight: keyof typeof SIGHTS, [r, g, b]: Linear): Linear {
  const [red, green, blue] = SIGHTS[sight].map(([x, y, z]) => Math.min(1, Math.max(0, x * r + y * g + z * b)));
  return [red ?? 0, green ?? 0, blue ?? 0];
}

function toLab([r, g, b]: Linear): [number, number, number] {
  const bend = (t: number): number => (t > 216 / 24_389 ? Math.cbrt(t) : ((24_389 / 27) * t + 16) / 116);
  const x = bend((0.4124564 * r + 0.3575761 * g + 0.1804375 * b) / 0.95047);
  const y = bend(0.2126729 * r + 0.7151522 * g + 0.072175 * b);
  const z = bend((0.0193339 * r + 0.119192 * g + 0.9503041 * b) / 1.08883);
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

const radians = (degrees: number): number => (degrees * Math.PI) / 180;
const hue = (a: number, b: number): number => (a === 0 && b === 0 ? 0 : ((Math.atan2(b, a) * 180) / Math.PI + 360) % 360);

/** CIEDE2000: 1 is just visible, 20 are two colours that nobody mixes up. */
export function distance(one: Linear, other: Linear): number {
  return labDistance(toLab(one), toLab(other));
}

/** The same between two colours of CIE Lab. */
export function labDistance([l1, a1, b1]: readonly [number, number, number], [l2, a2, b2]: readonly [number, number, number]): number {
  const meanChroma = (Math.hypot(a1, b1) + Math.hypot(a2, b2)) / 2;
  const stretch = 1.5 - 0.5 * Math.sqrt(meanChroma ** 7 / (meanChroma ** 7 + 25 ** 7));
  const [c1, c2] = [Math.hypot(a1 * stretch, b1), Math.hypot(a2 * stretch, b2)];
  const [h1, h2] = [hue(a1 * stretch, b1), hue(a2 * stretch, b2)];
  const turn = c1 * c2 === 0 ? 0 : ((h2 - h1 + 540) % 360) - 180;
  const deltaHue = 2 * Math.sqrt(c1 * c2) * Math.sin(radians(turn / 2));
  const light = (l1 + l2) / 2;
  const chroma = (c1 + c2) / 2;
  const meanHue = c1 * c2 === 0 ? h1 + h2 : (h1 + turn / 2 + 360) % 360;
  const t = 1 - 0.17 * Math.cos(radians(meanHue - 30)) + 0.24 * Math.cos(radians(2 * meanHue)) + 0.32 * Math.cos(radians(3 * meanHue + 6)) - 0.2 * Math.cos(radians(4 * meanHue - 63));
  const rotation = -Math.sin(radians(60 * Math.exp(-(((meanHue - 275) / 25) ** 2)))) * 2 * Math.sqrt(chroma ** 7 / (chroma ** 7 + 25 ** 7));
  const byLight = (l2 - l1) / (1 + (0.015 * (light - 50) ** 2) / Math.sqrt(20 + (light - 50) ** 2));
  const byChroma = (c2 - c1) / (1 + 0.045 * chroma);
  const byHue = deltaHue / (1 + 0.015 * chroma * t);
  return Math.sqrt(byLight ** 2 + byChroma ** 2 + byHue ** 2 + rotation * byChroma * byHue);
}
