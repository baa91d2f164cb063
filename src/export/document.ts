/** A table; columns named in `right` hold numbers. */
export interface Table {
  kind: 'table';
  head: readonly string[];
  rows: readonly (readonly string[])[];
  right?: readonly string[];
}

/** A piece of a document. Texts may hold names from outside: whoever prints them escapes. */
export type Block =
  | { kind: 'text'; text: string }
  | { kind: 'list'; items: readonly string[] }
  /** Lines to be kept as they are: commands, charts, rows of the stream. */
  | { kind: 'code'; lines: readonly string[] }
  | Table;

/** A heading and what stands under it. */
export interface Section {
  title: string;
  /** 2 = of the document, 3 = of the section before. */
  level: 2 | 3;
  blocks: readonly Block[];
}

/** A document before it is Markdown or HTML. */
export interface Document {
  title: string;
  /** What it is about, one sentence each. */
  lead: readonly string[];
  facts: readonly (readonly [label: string, text: string])[];
  sections: readonly Section[];
}
