/** A config file as names and texts; lists become comma-separated. */
export type FlatYaml = Record<string, string>;

/** Reads the flat YAML that hubble's config file is: `name: value`, quoted or not, and lists of texts. Everything else is skipped; no YAML library for ten lines. */
export function parseFlatYaml(text: string): FlatYaml {
  const result: FlatYaml = {};
  let listName = '';
  for (const line of text.split('\n')) {
    const item = /^\s*-\s+(.*)$/.exec(line);
    if (item !== null && listName !== '') {
      const before = result[listName] ?? '';
      result[listName] = `${before}${before === '' ? '' : ','}${unquote(item[1] ?? '')}`;
      continue;
    }
    const entry = /^([A-Za-z][-\w]*):(?:\s+(.*))?$/.exec(line);
    if (entry?.[1] === undefined) continue;
    const value = (entry[2] ?? '').trim();
    listName = value === '' ? entry[1] : '';
    const flowList = /^\[(.*)\]$/.exec(value);
    if (flowList?.[1] !== undefined) result[entry[1]] = flowList[1].split(',').map((part) => unquote(part)).filter((part) => part !== '').join(',');
    else if (value !== '') result[entry[1]] = unquote(value);
  }
  return result;
}

function unquote(text: string): string {
  const trimmed = text.trim();
  const double = /^"((?:[^"\\]|\\.)*)"/.exec(trimmed);
  if (double !== null) {
    const parsed: unknown = JSON.parse(double[0]);
    return String(parsed);
  }
  const single = /^'((?:[^']|'')*)'/.exec(trimmed);
  if (single?.[1] !== undefined) return single[1].replaceAll("''", "'");
  return trimmed.replace(/\s+#.*$/, '');
}
