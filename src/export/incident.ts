import type { State } from '../model/state.ts';
import { momentMs } from '../model/moment.ts';
import type { Block, Document, Section } from './document.ts';
import { incidentDocument } from './incident-document.ts';
import { incidentJson } from './incident-json.ts';
import { redactText } from './redact.ts';
import { toHtml } from './to-html.ts';
import { toMarkdown } from './to-markdown.ts';

/** Forms an incident can be taken away in. */
export const INCIDENT_FORMATS = ['md', 'html', 'json'] as const;
export type IncidentFormat = (typeof INCIDENT_FORMATS)[number];

/** A file that is still a text: the writer never writes over one that is there. */
export interface IncidentFile {
  /** Name without its ending: `hubtop-incident-20260301T120130Z`. */
  stem: string;
  /** With its dot. */
  ending: string;
  text: string;
}

/** Everything that is known of an incident as one file, from the state's moment, window and filter; query strings, user info and header values are taken out. */
export function exportIncident(state: State, format: IncidentFormat): IncidentFile {
  const stem = `hubtop-incident-${new Date(momentMs(state)).toISOString().replaceAll(/[-:]|\.\d+/g, '')}`;
  const text = format === 'json' ? incidentJson(state) : (format === 'md' ? toMarkdown : toHtml)(redacted(incidentDocument(state)));
  return { stem, ending: `.${format}`, text };
}

function redacted({ title, lead, facts, sections }: Document): Document {
  return { title: redactText(title), lead: lead.map(redactText), facts: facts.map(([label, text]) => [label, redactText(text)]), sections: sections.map(redactedSection) };
}

function redactedSection({ title, level, blocks }: Section): Section {
  return { title: redactText(title), level, blocks: blocks.map(redactedBlock) };
}

function redactedBlock(block: Block): Block {
  switch (block.kind) {
    case 'text': return { ...block, text: redactText(block.text) };
    case 'list': return { ...block, items: block.items.map(redactText) };
    case 'code': return { ...block, lines: block.lines.map(redactText) };
    case 'table': return { ...block, rows: block.rows.map((cells) => cells.map(redactText)) };
  }
}
