/** Something the model asks the world for; whoever runs the screen does it and says how it went. */
export type Effect =
  /** Text for the clipboard of whoever sits at the terminal, and `what` it is for the status line. */
  | { type: 'copy'; text: string; what: string }
  /** A new file in the current directory; `stem` and `ending` make its name. */
  | { type: 'write'; stem: string; ending: string; text: string; what: string }
  /** Write what is seen to a file from now on, or no more. */
  | { type: 'record'; isOn: boolean };

/** Effects that wait at most: keys come faster than files are written only by accident. */
export const MAX_EFFECTS = 16;
