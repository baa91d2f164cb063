/** What YAML text can be made of here. */
export type YamlValue = string | number | boolean | readonly YamlValue[] | { readonly [key: string]: YamlValue };

// a letter first, and no word that YAML 1.1 takes for something else
const PLAIN = /^[A-Za-z][A-Za-z0-9_./-]*$/;
const WORDS = /^(true|false|yes|no|on|off|null|y|n)$/i;

/** Block YAML of a value, with a final line break. Text that could be read as anything else is quoted as JSON, which YAML reads the same. */
export function yamlText(value: YamlValue): string {
  return `${linesOf(value).join('\n')}\n`;
}

function linesOf(value: YamlValue): string[] {
  if (typeof value !== 'object') return [scalar(value)];
  if (Array.isArray(value)) return value.length === 0 ? ['[]'] : (value as readonly YamlValue[]).flatMap((item) => underDash(linesOf(item)));
  const entries = Object.entries(value);
  return entries.length === 0 ? ['{}'] : entries.flatMap(([key, item]) => underKey(scalar(key), item));
}

function underDash(lines: readonly string[]): string[] {
  return lines.map((line, i) => `${i === 0 ? '- ' : '  '}${line}`);
}

function underKey(key: string, item: YamlValue): string[] {
  const lines = linesOf(item);
  const isInline = typeof item !== 'object' || Object.keys(item).length === 0;
  return isInline ? [`${key}: ${lines[0] ?? ''}`] : [`${key}:`, ...lines.map((line) => `  ${line}`)];
}

function scalar(value: string | number | boolean): string {
  if (typeof value !== 'string') return String(value);
  return PLAIN.test(value) && !WORDS.test(value) ? value : JSON.stringify(value).replaceAll(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
