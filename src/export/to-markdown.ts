import type { Block, Document, Section, Table } from './document.ts';

/** A document as Markdown for a ticket. Names from outside can neither format, link nor call anybody. */
export function toMarkdown({ title, lead, facts, sections }: Document): string {
  return `${[
    `# ${prose(title)}`,
    ...lead.map(prose),
    table({ kind: 'table', head: ['', ''], rows: facts.map(([label, text]) => [label, text]) }),
    ...sections.flatMap(sectionParts),
  ].join('\n\n')}\n`;
}

function sectionParts({ title, level, blocks }: Section): string[] {
  return [`${'#'.repeat(level)} ${prose(title)}`, ...blocks.map(block)];
}

function block(part: Block): string {
  switch (part.kind) {
    case 'text': return prose(part.text);
    case 'list': return part.items.map((item) => `- ${prose(item)}`).join('\n');
    case 'code': return fenced(part.lines);
    case 'table': return table(part);
  }
}

function table({ head, rows, right = [] }: Table): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head.map(inline)), line(head.map((name) => (right.includes(name) ? '---:' : '---'))), ...rows.map((cells) => line(cells.map(inline)))].join('\n');
}

// a fence longer than any inside
function fenced(lines: readonly string[]): string {
  const text = lines.map((line) => line.replaceAll(/[\r\n]/g, ' ')).join('\n');
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}\n${text}\n${fence}`;
}

/** Text of a paragraph, a heading or an item: what would begin a list or a quote is escaped, too. */
function prose(text: string): string {
  return inline(text).replace(/^(?:>|#{1,6}(?=\s|$)|[+-](?=\s|$)|=+$|-+$)/, String.raw`\$&`).replace(/^(\d+)([.)])(?=\s|$)/, String.raw`$1\$2`);
}

// Only what means something is escaped, so that the text reads well as it is. A zero-width space keeps a forge from making
// links and from calling people.
function inline(text: string): string {
  return text.replaceAll(/\s+/g, ' ')
    .replaceAll(/[\\`*[\]<|~$]|&(?=#?\w+;)|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])/g, String.raw`\$&`)
    .replaceAll('@', '@\u200b').replaceAll('://', ':\u200b//').replaceAll(/www\./gi, '$&\u200b');
}
