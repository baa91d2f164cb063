/** What esbuild's metafile says of a file's imports. */
type Inputs = Record<string, { imports: { path: string; kind: string; external?: boolean }[] }>;

/** See parts.mjs. */
export declare function packParts(text: string, inputs: Inputs, entry: string, parts: Record<string, RegExp>): Promise<string>;
