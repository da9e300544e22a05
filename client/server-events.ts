/** One event of a server-sent stream. */
export interface ServerEvent {
  name: string;
  /** Null where the server gave none. */
  id: string | null;
  data: unknown;
}

/** Parses a server-sent event stream (WHATWG HTML §9.2.6) whose data is JSON. Comments and unknown fields are skipped. */
export async function* parseEvents(text: AsyncIterable<string>): AsyncGenerator<ServerEvent> {
  let rest = '';
  let name = '';
  let id: string | null = null;
  let data: string[] = [];
  for await (const part of text) {
    const lines = (rest + part).split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line === '') {
        if (data.length > 0) yield { name: name || 'message', id, data: JSON.parse(data.join('\n')) as unknown };
        name = '';
        id = null;
        data = [];
        continue;
      }
      const colon = line.indexOf(':');
      const field = colon < 0 ? line : line.slice(0, colon);
      const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
      if (field === 'event') name = value;
      else if (field === 'data') data.push(value);
      else if (field === 'id') id = value;
    }
  }
}
