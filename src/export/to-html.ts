import type { Block, Document, Section, Table } from './document.ts';

// no scripts, nothing fetched: the page says so itself, for the day an escape is forgotten
const HEAD = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width">`;

const STYLE = `<style>
:root { color-scheme: light dark; }
body { font: 15px/1.45 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.2rem; margin-top: 2rem; border-bottom: 1px solid #8886; } h3 { font-size: 1rem; }
table { border-collapse: collapse; margin: .5rem 0; font-size: .9rem; } th, td { text-align: left; padding: .15rem .7rem .15rem 0; vertical-align: top; border-bottom: 1px solid #8884; overflow-wrap: anywhere; }
.right { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
pre { overflow-x: auto; padding: .6rem .8rem; border: 1px solid #8886; border-radius: 4px; font-size: .85rem; line-height: 1.3; }
</style>`;

/** A document as one self-contained page. Names from outside are text and nothing else. */
export function toHtml({ title, lead, facts, sections }: Document): string {
  return [
    HEAD, `<title>${escaped(title)}</title>`, STYLE, '</head>', '<body>',
    `<h1>${escaped(title)}</h1>`,
    ...lead.map((text) => `<p>${escaped(text)}</p>`),
    `<table>${facts.map(([label, text]) => `\n<tr><th scope="row">${escaped(label)}</th><td>${escaped(text)}</td></tr>`).join('')}\n</table>`,
    ...sections.flatMap(sectionParts),
    '</body>', '</html>', '',
  ].join('\n');
}

function sectionParts({ title, level, blocks }: Section): string[] {
  return [`<h${level}>${escaped(title)}</h${level}>`, ...blocks.map(block)];
}

function block(part: Block): string {
  switch (part.kind) {
    case 'text': return `<p>${escaped(part.text)}</p>`;
    case 'list': return `<ul>\n${part.items.map((item) => `<li>${escaped(item)}</li>`).join('\n')}\n</ul>`;
    case 'code': return `<pre>${escaped(part.lines.join('\n'))}</pre>`;
    case 'table': return table(part);
  }
}

function table({ head, rows, right = [] }: Table): string {
  const cell = (tag: 'th' | 'td', text: string, i: number): string => `<${tag}${right.includes(head[i] ?? '') ? ' class="right"' : ''}>${escaped(text)}</${tag}>`;
  const row = (tag: 'th' | 'td', cells: readonly string[]): string => `<tr>${cells.map((text, i) => cell(tag, text, i)).join('')}</tr>`;
  return `<table>\n${[row('th', head), ...rows.map((cells) => row('td', cells))].join('\n')}\n</table>`;
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}
