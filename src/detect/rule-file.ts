import { yamlText } from '../lib/yaml-text.ts';
import { clockText } from '../model/clock-text.ts';
import type { DropFigure } from '../model/figures.ts';
import { pairText, portText } from '../model/pair-text.ts';
import type { State } from '../model/state.ts';
import { allowRule } from './allow-rule.ts';
import { dropContext, type DropContext } from './drop-context.ts';
import { explainDrop } from './explain-drop.ts';

/** A file with a policy, for review. */
export interface RuleFile {
  stem: string;
  text: string;
}

/** The smallest policy that would allow a drop's pair, as a file that says what it is and from what; a sentence where there is none. */
export function ruleFile(state: State, drop: DropFigure): RuleFile | string {
  const context = dropContext(state, drop);
  const rule = allowRule(context);
  if (typeof rule === 'string') return rule;
  const [cause] = explainDrop(state, drop).causes;
  const notes = [...rule.notes, ...(cause?.kind === 'identity' ? ['an identity changed just before: a rule may allow this already, and the nodes have yet to learn the new number'] : [])];
  const header = [...headerOf(context), ...notes.map((note) => `Note: ${note}.`)];
  return { stem: rule.name, text: `${header.map(comment).join('\n')}\n${yamlText(rule.policy)}` };
}

function headerOf(context: DropContext): string[] {
  const { state, drop } = context;
  const told = explainDrop(state, drop);
  const seconds = Math.max(1, state.windowSeconds);
  return [
    `hubtop wrote this at ${new Date(context.momentMs).toISOString().slice(0, 19)}Z for somebody to review. Nobody has applied it.`,
    `It is the least that would allow ${pairText(drop.pair, '->')}${portText(drop.pair).includes('/') ? '' : protocolText(drop.pair.protocol)}: drops are no proof that it should be allowed.`,
    `Evidence: ${Math.round(drop.count)} drops in ${seconds} s up to ${clockText(context.momentMs)}, ${drop.reason}, ${told.title}.`,
    ...told.says.map((sentence) => `  ${sentence}`),
    ...told.words.map((sentence) => `  ${sentence}`),
    ...(told.before === '' ? [] : [`  before: ${told.before}`]),
    ...told.causes.map((cause) => `  ${cause.isCertain ? 'cause' : 'likely'}: ${cause.text} (${cause.reason})`),
    'A policy that selects pods refuses what no rule allows, in its direction. These pods are refused there already, so this one takes nothing away.',
  ];
}

function protocolText(protocol: number): string {
  return protocol === 6 ? '/TCP' : '';
}

// texts are scrubbed, so that none can end the line; arrows become plain
function comment(text: string): string {
  return `# ${text.replaceAll('→', '->').replaceAll(/[^\x20-\x7e]/g, '?')}`;
}
