const COLUMNS = 120;

/** A list item of Markdown in lines of at most 120 columns; text in backticks is not broken. */
export const listItem = (text: string): string => {
  const lines: string[] = [];
  let line = '-';
  for (const word of text.match(/(?:`[^`]*`|\S)+/g) ?? []) {
    if (line.length + 1 + word.length > COLUMNS) {
      lines.push(line);
      line = ' ';
    }
    line += ` ${word}`;
  }
  return [...lines, line].join('\n');
};
