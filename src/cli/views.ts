import type { Command } from './command.ts';

/** `hubtop views`. */
export const views: Command = {
  usage: 'views',
  summary: 'List the views, id first',
  flags: [],
  usageExitCode: 2,
  maxPositionals: 0,
  async run(_values, _positionals, context) {
    const { VIEWS } = await import('../views/view-list.ts');
    const width = Math.max(...VIEWS.map(({ id }) => id.length)) + 3;
    await context.print(VIEWS.map(({ id, title }) => `${id.padEnd(width)}${title}\n`).join(''));
    return 0;
  },
};
