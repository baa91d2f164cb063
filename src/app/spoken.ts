import { ARRIVAL_MS } from '../detect/rank.ts';
import type { ChangeEntry } from '../model/change-log.ts';
import { changeText, changeWord } from '../model/change-words.ts';
import type { Finding } from '../model/finding.ts';
import { clock } from '../screen/format.ts';
import { amountText } from '../views/problem-words.ts';

/** Signs of the screens as words. */
const SIGNS: readonly (readonly [RegExp, string])[] = [
  [/ → /g, ' to '], [/(?<=[a-z0-9)]):(\d{1,5})(?:\/([A-Z]+))?(?=\s|$|,)/g, ' port $1 $2'], [/≥ ?/g, 'at least '], [/≤ ?/g, 'at most '], [/(\d)×/g, '$1 times'], [/\bn=(\d+)/g, '$1 times'], [/\b1 times/g, 'once'],
  [/(\d[\d.]*[kMG]?)\/s\b/g, '$1 per second'], [/%/g, ' percent'], [/\bfl\/s\b/g, 'flows per second'], [/[█▇▆▅▄▃▂▁░▲►●…]/g, ' '], [/ {2,}/g, ' '], [/ (?=[.,])/g, ''],
];

/** A text of the screens as it is to be read aloud: no signs, no boxes, times of the day as they are. */
export function spoken(text: string): string {
  // a time of the day has colons, too
  return text.split(/(\b\d\d:\d\d:\d\dZ?)/).map((part, i) => (i % 2 === 1 ? part : SIGNS.reduce((words, [sign, word]) => words.replace(sign, word), part))).join('').trim();
}

const SEVERITIES: Readonly<Record<Finding['severity'], string>> = { crit: 'CRIT', warn: 'WARN', note: 'NOTE' };

/** A finding as one sentence; what was there when we came began before, nobody knows when. */
export function findingSentence(finding: Finding, startedMs: number): string {
  const { severity, word, subject, why, sinceMs, cause } = finding;
  const since = sinceMs >= startedMs + ARRIVAL_MS && Number.isFinite(sinceMs) ? `, since ${clock(sinceMs)}` : ', since before hubtop looked';
  const because = cause === undefined ? '' : `, ${cause.isCertain ? '' : 'likely '}${cause.text}`;
  return `${SEVERITIES[severity]} ${spoken(`${word.toLowerCase()} ${subject}, ${amountText(finding)}, ${why}${since}${because}`)}`;
}

/** A change as one sentence. */
export function changeSentence(entry: ChangeEntry): string {
  return `CHANGE ${spoken(`${changeWord(entry)} ${changeText(entry)}`)}`;
}
