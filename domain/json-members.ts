/** Where a text that `JSON.parse` takes names a member of an object again, in characters from its beginning; null when it nowhere does. */
export const repeatedMember = (text: string): number | null => {
  const objects: Set<string>[] = [];
  for (let at = 0; at < text.length; at++) {
    const sign = text[at];
    if (sign === '{') objects.push(new Set());
    else if (sign === '}') objects.pop();
    else if (sign === '"') {
      const end = endOfString(text, at);
      if (isName(text, end)) {
        const written = text.slice(at, end + 1);
        const name = written.includes('\\') ? (JSON.parse(written) as string) : written.slice(1, -1);
        const names = objects.at(-1);
        if (names?.has(name)) return at;
        names?.add(name);
      }
      at = end;
    }
  }
  return null;
};

/** The quote that ends a string: the next one behind an even number of backslashes. No pattern does this for strings of megabytes. */
const endOfString = (text: string, begin: number): number => {
  for (let end = begin; ; ) {
    end = text.indexOf('"', end + 1);
    let before = end;
    while (text[before - 1] === '\\') before--;
    if ((end - before) % 2 === 0) return end;
  }
};

/** Whether the string that ends there has a colon behind it. */
const isName = (text: string, end: number): boolean => {
  let next = end + 1;
  while (' \t\n\r'.includes(text[next] ?? ':')) next++;
  return text[next] === ':';
};
