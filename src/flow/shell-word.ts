const BARE = /^[A-Za-z0-9_@%+=:,./-]+$/;

/** One word of a POSIX shell's command line that stands for exactly this text; single quotes, so that nothing in it is expanded. */
export function shellWord(text: string): string {
  return BARE.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
