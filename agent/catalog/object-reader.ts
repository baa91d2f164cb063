/** Reading values out of objects that anybody may have written: a wrong shape is an error text that names the field. */

/** A field of an object has the wrong shape. The message is for the user. */
export class ShapeError extends Error {}

/** Longest text of a field: four times a DNS name. A name goes into every flow of its pod. */
const maxTextLength = 1_024;
/** Longest list that is read: Kubernetes allows 1,000 endpoints in a slice. YAML aliases make a product of lists out of a few lines. */
const maxListLength = 1_024;
/** Labels of one object, keys and values together; etcd refuses an object of 1.5 MB, and one in flows would be a denial of service. */
const maxLabelsLength = 16_384;

/** Any mapping. */
export type Mapping = Record<string, unknown>;

/** Whether it is a mapping and not a list or null. */
export function isMapping(value: unknown): value is Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The mapping under that key, empty when absent. */
export function mappingAt(object: Mapping, key: string): Mapping {
  const value = object[key] ?? {};
  if (!isMapping(value)) throw new ShapeError(`${key} is not a mapping`);
  return value;
}

/** The list under that key, empty when absent. */
export function listAt(object: Mapping, key: string): unknown[] {
  const value = object[key] ?? [];
  if (!Array.isArray(value)) throw new ShapeError(`${key} is not a list`);
  if (value.length > maxListLength) throw new ShapeError(`${key} has more than ${maxListLength} items`);
  return value;
}

/** The mappings of the list under that key. */
export function mappingsAt(object: Mapping, key: string): Mapping[] {
  return listAt(object, key).map((item, index) => {
    if (!isMapping(item)) throw new ShapeError(`${key}[${index}] is not a mapping`);
    return item;
  });
}

/** The text under that key, empty when absent. A bare number or boolean in YAML counts as its text. */
export function textAt(object: Mapping, key: string): string {
  const value = object[key];
  if (value === undefined || value === null) return '';
  if (typeof value === 'string' && value.length > maxTextLength) throw new ShapeError(`${key} is longer than ${maxTextLength} characters`);
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new ShapeError(`${key} is not text`);
}

/** The texts of the list under that key. */
export function textsAt(object: Mapping, key: string): string[] {
  return listAt(object, key).map((item, index) => textAt({ [`${key}[${index}]`]: item }, `${key}[${index}]`));
}

/** The whole number under that key, 0 when absent. */
export function numberAt(object: Mapping, key: string): number {
  const value = object[key] ?? 0;
  if (typeof value !== 'number' || !Number.isInteger(value)) throw new ShapeError(`${key} is not a whole number`);
  return value;
}

/** The text-to-text mapping under that key, such as labels. */
export function textMapAt(object: Mapping, key: string): Map<string, string> {
  const mapping = mappingAt(object, key);
  const texts = new Map(Object.keys(mapping).map((name) => [name, textAt(mapping, name)]));
  let length = 0;
  for (const [name, text] of texts) length += name.length + text.length;
  if (length > maxLabelsLength) throw new ShapeError(`${key} is longer than ${maxLabelsLength} characters`);
  return texts;
}
