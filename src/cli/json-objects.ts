/** Parts a text with several JSON objects in a row; undefined when braces do not match. What stands between objects must be blank. */
export function splitJsonObjects(text: string): string[] | undefined {
  const objects: string[] = [];
  let depth = 0;
  let start = 0;
  let isInText = false;
  for (let i = 0; i < text.length; i += 1) {
    const character = text[i];
    if (isInText) {
      if (character === '\\') i += 1;
      else if (character === '"') isInText = false;
    } else if (character === '"') isInText = true;
    else if (character === '{') {
      if (depth === 0) start = i;
      depth += 1;
    } else if (character === '}') {
      depth -= 1;
      if (depth < 0) return undefined;
      if (depth === 0) objects.push(text.slice(start, i + 1));
    } else if (depth === 0 && character?.trim() !== '') return undefined;
  }
  return depth === 0 && !isInText ? objects : undefined;
}
