import { ROLES, type ColourDepth, type Role, type Style, type Theme } from '../theme/theme.ts';
import { backgroundOf, BOLD, DEFAULT_COLOUR, foregroundOf, REVERSE, UNDERLINE } from './attribute.ts';

/** Packed attribute of a style. */
export function attributeOf(style: Style): number {
  const flags = (style.bold === true ? BOLD : 0) | (style.underline === true ? UNDERLINE : 0) | (style.reverse === true ? REVERSE : 0);
  return (flags << 18) | ((style.fg ?? DEFAULT_COLOUR) << 9) | (style.bg ?? DEFAULT_COLOUR);
}

/** Attributes of all roles, alone and on a filled row. */
export interface Palette {
  plain: Record<Role, number>;
  selected: Record<Role, number>;
  banner: Record<Role, number>;
}

/** The look of a theme at a depth. */
export function paletteOf(theme: Theme, depth: ColourDepth): Palette {
  const attribute = (role: Role): number => attributeOf(theme.roles[role][depth]);
  const each = (look: (role: Role) => number): Record<Role, number> => Object.fromEntries(ROLES.map((role) => [role, look(role)])) as Record<Role, number>;
  const selected = (role: Role): number => (role === 'banner' || role === 'selected' ? attribute(role) : onFill(attribute(role), attribute('selected'), attribute('text')));
  return { plain: each(attribute), selected: each(selected), banner: each(() => attribute('banner')) };
}

// a role keeps its colour on the selected row, and its fill when it has one; where the row is reversed, what is reversed itself turns back
function onFill(own: number, fill: number, text: number): number {
  const isFilled = backgroundOf(own) !== backgroundOf(text);
  const foreground = foregroundOf(own) === DEFAULT_COLOUR ? foregroundOf(fill) : foregroundOf(own);
  const background = isFilled || backgroundOf(fill) === DEFAULT_COLOUR ? backgroundOf(own) : backgroundOf(fill);
  const flags = (((own | fill) >> 18) & ~REVERSE) | (((own ^ fill) >> 18) & REVERSE);
  return (flags << 18) | (foreground << 9) | background;
}
