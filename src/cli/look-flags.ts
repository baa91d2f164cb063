import type { DashboardLook } from '../app/dashboard.ts';
import { MOST_FRAMES_PER_SECOND, REMOTE_FRAME_MS } from '../app/frame-pace.ts';
import { COLOUR_CHOICES, type ColourChoice } from '../terminal/colour-depth.ts';
import { type Theme, themeNamed, THEMES } from '../theme/theme.ts';
import { UsageError } from './command.ts';
import type { Flag, FlagValues } from './flags.ts';

const themeNames = THEMES.map(({ name }) => name).join(', ');

/** Flags that say how the dashboard looks. */
export const lookFlags: readonly Flag[] = [
  { name: 'theme', kind: 'text', value: 'NAME', help: 'theme; a wrong name lists all (default $HUBTOP_THEME, else as the terminal is)' },
  { name: 'color', kind: 'text', value: 'DEPTH', help: `colours: ${COLOUR_CHOICES.join(', ')} (default auto; NO_COLOR is honoured)` },
  { name: 'ascii', kind: 'bool', help: 'draw with ASCII only (default: where the locale is not UTF-8)' },
  { name: 'fps', kind: 'count', value: 'N', help: `most frames a second, 1 to ${MOST_FRAMES_PER_SECOND} (default ${MOST_FRAMES_PER_SECOND}; over SSH ${1000 / REMOTE_FRAME_MS}); keys are drawn at once` },
];

/** Reads the look flags and HUBTOP_THEME; throws UsageError. */
export function readLook(values: FlagValues, env: Readonly<Record<string, string | undefined>>): DashboardLook {
  return { theme: readTheme(values, env), colour: readColour(values.text('color')), isAscii: values.has('ascii') ? values.bool('ascii') : undefined, mostFramesPerSecond: readFrames(values.count('fps')) };
}

function readTheme(values: FlagValues, env: Readonly<Record<string, string | undefined>>): Theme | undefined {
  const name = values.text('theme') ?? (env['HUBTOP_THEME'] || undefined);
  if (name === undefined) return undefined;
  const theme = themeNamed(name);
  if (theme === undefined) throw new UsageError(`unknown theme "${name}"${values.has('theme') ? '' : ' in HUBTOP_THEME'}: there is ${themeNames}`);
  return theme;
}

function readFrames(count: number | undefined): number | undefined {
  if (count === undefined) return undefined;
  if (count < 1 || count > MOST_FRAMES_PER_SECOND) throw new UsageError(`invalid argument "${count}" for "--fps" flag: expected 1 to ${MOST_FRAMES_PER_SECOND}`);
  return count;
}

function readColour(text: string | undefined): ColourChoice {
  const choice = COLOUR_CHOICES.find((candidate) => candidate === (text ?? 'auto'));
  if (choice === undefined) throw new UsageError(`invalid argument "${text}" for "--color" flag: expected ${COLOUR_CHOICES.join(', ')}`);
  return choice;
}
