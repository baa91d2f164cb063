// one table: figures five rows high, for walls
const DIGITS: Readonly<Record<string, readonly [string, string, string, string, string]>> = {
  0: ['█████', '█   █', '█   █', '█   █', '█████'],
  1: ['  █  ', ' ██  ', '  █  ', '  █  ', '█████'],
  2: ['█████', '    █', '█████', '█    ', '█████'],
  3: ['█████', '    █', ' ████', '    █', '█████'],
  4: ['█   █', '█   █', '█████', '    █', '    █'],
  5: ['█████', '█    ', '█████', '    █', '█████'],
  6: ['█████', '█    ', '█████', '█   █', '█████'],
  7: ['█████', '    █', '   █ ', '  █  ', '  █  '],
  8: ['█████', '█   █', '█████', '█   █', '█████'],
  9: ['█████', '█   █', '█████', '    █', '█████'],
  '.': ['  ', '  ', '  ', '  ', '█ '],
  '%': ['██  █', '██ █ ', '  █  ', ' █ ██', '█  ██'],
  '-': ['     ', '     ', '█████', '     ', '     '],
  '<': ['   █ ', ' █   ', '█    ', ' █   ', '   █ '],
  '!': ['  █  ', '  █  ', '  █  ', '     ', '  █  '],
  k: ['█   █', '█  █ ', '███  ', '█  █ ', '█   █'],
  M: ['█   █', '██ ██', '█ █ █', '█   █', '█   █'],
  G: ['█████', '█    ', '█  ██', '█   █', '█████'],
  T: ['█████', '  █  ', '  █  ', '  █  ', '  █  '],
  s: ['     ', ' ████', ' ██  ', '   ██', ' ████'],
  m: ['     ', '██ █ ', '█ █ █', '█ █ █', '█ █ █'],
  h: ['█    ', '█    ', '████ ', '█   █', '█   █'],
  d: ['    █', '    █', ' ████', '█   █', ' ████'],
};

/** Rows of a big figure. */
export const BIG_ROWS = 5;

/** Text five rows high; characters without a picture are left out. */
export function bigText(text: string): string[] {
  const pictures = [...text].flatMap((character) => {
    const picture = DIGITS[character];
    return picture === undefined ? [] : [picture];
  });
  return Array.from({ length: BIG_ROWS }, (_, row) => pictures.map((picture) => picture[row] ?? '').join('  '));
}
