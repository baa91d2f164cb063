const ANY = '*';

/**
 * Whether a DNS name is the one, or one of those, that a rule names. A `*` stands for letters, digits, - and _ within one label, as
 * Cilium reads it, and alone for every name. Small letters on the name's side; dots at the end do not count. In time of one product of
 * lengths at most: names come from whoever answers.
 */
export function matchesName(text: string, name: string): boolean {
  const plain = text.toLowerCase().replace(/\.$/, '');
  if (plain === ANY) return name !== '';
  const [wanted, found] = [plain.split('.'), name.split('.')];
  return wanted.length === found.length && wanted.every((label, i) => matchesLabel(label, found[i] ?? ''));
}

function matchesLabel(pattern: string, label: string): boolean {
  if (!pattern.includes(ANY)) return pattern === label;
  if (!/^[-a-z0-9_]*$/.test(label)) return false;
  let [at, inLabel, star, resume] = [0, 0, -1, 0];
  while (inLabel < label.length) {
    if (pattern[at] === ANY) {
      star = at++;
      resume = inLabel;
    } else if (pattern[at] === label[inLabel]) {
      at++;
      inLabel++;
    } else if (star >= 0) {
      // the last star takes one sign more; those before it need not be tried again
      at = star + 1;
      inLabel = ++resume;
    } else {
      return false;
    }
  }
  while (pattern[at] === ANY) at++;
  return at === pattern.length;
}
