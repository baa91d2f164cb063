/** Text replacement that fails loudly when a package is not the version this was written for. */
export function replaceOnce(text, from, to) {
  if (!text.includes(from)) throw new Error(`build: a package has changed, no "${from}" in it`);
  return text.replace(from, to);
}
