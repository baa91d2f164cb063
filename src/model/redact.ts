/** What stands where something was hidden. */
const HIDDEN = '*';

/**
 * A text with URLs in it, such as the summary of a request, without what may be secret in them: user info, query, fragment and
 * matrix parameters. A star says that something was there.
 */
export function withoutSecrets(text: string): string {
  return text
    .replaceAll(/(:\/\/)[^/?#\s)]*@/g, `$1${HIDDEN}@`)
    // what Hubble or an export has taken out says so itself
    .replaceAll(/([?#;])(?!HUBBLE_REDACTED)[^\s)]+/g, `$1${HIDDEN}`);
}
