/** A request as RFC 9421 sees it: what a signature may cover. */
export interface SignableRequest {
  method: string;
  /** The full target URI (RFC 9110, section 7.1), as the caller means it. */
  targetUri: string;
  /** The values of a header field in their order, one for each line; none when the request lacks it. The name is in lower case. */
  field(name: string): readonly string[];
}

/** What a component contributes, or why it cannot. */
type ComponentValue = { value: string } | { problem: string };

/** Scheme, authority, path and query of a target URI; its path is empty or begins with a slash. */
const URI = /^(https?):\/\/([^/?#\s]+)(\/[^?#\s]*)?(\?[^#\s]*)?$/;
const DEFAULT_PORTS: Readonly<Record<string, string>> = { http: '80', https: '443' };
/** Visible ASCII, blanks and tabs. A signature base is ASCII without line ends (RFC 9421, section 2.5). */
const PLAIN = /^[\t\x20-\x7e]*$/;
const FIELD_NAME = /^[a-z0-9!#$%&'*+.^_`|~-]+$/;

/** The value of one component of a request (RFC 9421, sections 2.1 and 2.2). Components with parameters are not known here. */
export const componentValue = (request: SignableRequest, name: string): ComponentValue => {
  const found = name.startsWith('@') ? derived(request, name) : fieldValue(request, name);
  if ('problem' in found || PLAIN.test(found.value)) return found;
  return { problem: `${name} has a character that no signature base may hold` };
};

const fieldValue = (request: SignableRequest, name: string): ComponentValue => {
  if (!FIELD_NAME.test(name)) return { problem: 'a component is no name of a header field in lower case' };
  const lines = request.field(name);
  if (lines.length === 0) return { problem: `${name} is covered and not there` };
  return { value: lines.map((line) => line.replace(/^[\t ]+|[\t ]+$/g, '')).join(', ') };
};

const derived = ({ method, targetUri }: SignableRequest, name: string): ComponentValue => {
  const [, scheme = '', authority = '', path = '/', query = '?'] = URI.exec(targetUri) ?? [];
  if (authority === '') return { problem: 'the target URI cannot be read' };
  switch (name) {
    case '@method':
      return { value: method };
    case '@target-uri':
      return { value: targetUri };
    case '@authority':
      return { value: authority.toLowerCase().replace(new RegExp(`:${DEFAULT_PORTS[scheme]}$`), '') };
    case '@scheme':
      return { value: scheme };
    case '@path':
      return { value: path };
    case '@query':
      return { value: query };
    default:
      return { problem: 'a derived component is not known here' };
  }
};
