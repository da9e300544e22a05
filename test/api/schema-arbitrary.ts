import fc from 'fast-check';

/** A JSON Schema as the document of the API has them (2020-12). */
export type Schema = { readonly [key: string]: unknown };

/** Any text, also what no database can hold: NUL and halves of surrogate pairs. */
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({ unit: fc.constantFrom('\0', '\ud800', '\udfff', '\u202e', 'a'), maxLength: 4 }),
);

/** Values that a schema of the document takes. `root` is the document, for its references. */
export const validOf = (schema: Schema, root: Schema): fc.Arbitrary<unknown> => {
  if (typeof schema['$ref'] === 'string') return validOf(follow(schema['$ref'], root), root);
  if ('const' in schema) return fc.constant(schema['const']);
  if (Array.isArray(schema['enum'])) return fc.constantFrom(...(schema['enum'] as unknown[]));
  const either = schema['anyOf'] ?? schema['oneOf'];
  if (Array.isArray(either)) return fc.oneof(...(either as Schema[]).map((one) => validOf(one, root)));
  switch (schema['type']) {
    case 'string':
      return textOf(schema);
    case 'integer':
    case 'number':
      return numberOf(schema);
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    case 'array': {
      const least = Number(schema['minItems'] ?? 0);
      return fc.array(validOf((schema['items'] ?? {}) as Schema, root), { minLength: least, maxLength: least + 2 });
    }
    case 'object':
      return objectOf(schema, root);
    default:
      return fc.jsonValue({ maxDepth: 1 });
  }
};

const follow = (ref: string, root: Schema): Schema =>
  ref
    .slice(2)
    .split('/')
    .reduce<Schema>((node, name) => node[name.replaceAll('~1', '/').replaceAll('~0', '~')] as Schema, root);

const textOf = (schema: Schema): fc.Arbitrary<string> => {
  const [least, most] = [Number(schema['minLength'] ?? 0), Number(schema['maxLength'] ?? 200)];
  const fits = (value: string): boolean => [...value].length >= least && value.length <= most;
  if (schema['format'] === 'email') return fc.emailAddress().filter((value) => fits(value) && new RegExp(String(schema['pattern'])).test(value));
  if (typeof schema['pattern'] === 'string') return fc.stringMatching(new RegExp(schema['pattern'])).filter(fits);
  return fc.string({ unit: 'binary', minLength: least, maxLength: Math.min(most, least + 40) }).filter(fits);
};

const numberOf = ({ minimum, maximum, exclusiveMinimum }: Schema): fc.Arbitrary<number> => {
  const least = exclusiveMinimum === undefined ? Number(minimum ?? Number.MIN_SAFE_INTEGER) : Number(exclusiveMinimum) + 1;
  const most = Number(maximum ?? Number.MAX_SAFE_INTEGER);
  return fc.oneof(fc.integer({ min: Math.max(least, -1_000), max: Math.min(most, 1_000) }), fc.constantFrom(least, most));
};

const objectOf = (schema: Schema, root: Schema): fc.Arbitrary<unknown> => {
  const properties = Object.entries((schema['properties'] ?? {}) as Record<string, Schema>);
  const required = (schema['required'] ?? []) as string[];
  return fc.record(Object.fromEntries(properties.map(([name, own]) => [name, validOf(own, root)])), { requiredKeys: required });
};

/** Values that a schema refuses, or may: of another type, too long, too large, not in its form, a member left out or changed. */
export const invalidOf = (schema: Schema, root: Schema): fc.Arbitrary<unknown> => {
  if (typeof schema['$ref'] === 'string') return invalidOf(follow(schema['$ref'], root), root);
  const other = fc.constantFrom<unknown>(null, true, -1, 1.5, 1e300, '', 'x', [], [[]], {}, { x: 1 });
  if (schema['type'] === 'string') return fc.oneof(other, text, fc.constant('x'.repeat(Number(schema['maxLength'] ?? 300) + 1)));
  if (schema['type'] !== 'object') return other;
  const properties = (schema['properties'] ?? {}) as Record<string, Schema>;
  const names = Object.keys(properties);
  if (names.length === 0) return other;
  const changed = fc.constantFrom(...names).chain((name) =>
    fc.tuple(objectOf(schema, root), fc.option(invalidOf(properties[name] ?? {}, root), { nil: undefined })).map(([valid, wrong]) => {
      const { [name]: _left, ...rest } = valid as Record<string, unknown>;
      return wrong === undefined ? rest : { ...rest, [name]: wrong };
    }),
  );
  return fc.oneof({ weight: 1, arbitrary: other }, { weight: 4, arbitrary: changed });
};

/** Text that is in none of the forms of the document. */
export const anyText = text;
