import type { Chip } from '../model/chips.ts';

/** A condition that lets flows with this value through. */
export function chip(field: Chip['field'], value: string): Chip {
  return { field, value, isNegated: false };
}
