const kept = new WeakMap<object, Map<string, unknown>>();

/**
 * What `make` gives, made once for each key of an owner: figures are made anew once a second, and frames come ten times a second.
 * The key must name everything else the result depends on; one key has one type.
 */
export function once<Made>(owner: object, key: string, make: () => Made): Made {
  let made = kept.get(owner);
  if (made === undefined) kept.set(owner, made = new Map());
  const known = made.get(key);
  if (known !== undefined) return known as Made;
  const value = make();
  made.set(key, value);
  return value;
}
