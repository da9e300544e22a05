import { z } from 'zod';

export type JsonSchema = { [key: string]: unknown };

const IN_DEFINITIONS = '#/$defs/';
const IN_COMPONENTS = '#/components/schemas/';

/** A reference to a schema of the components. */
export const refTo = (name: string): JsonSchema => ({ $ref: `${IN_COMPONENTS}${name}` });

/**
 * Collects the JSON Schemas (2020-12, as in OpenAPI 3.1) of zod contracts. A schema with an id becomes a component, and others
 * refer to it.
 */
export const schemaCollector = () => {
  const components: Record<string, JsonSchema> = {};
  /** `input`: what a caller sends, before defaults and transforms. `output`: what the API answers. */
  const schemaOf = (schema: z.ZodType, io: 'input' | 'output'): JsonSchema => {
    const {
      $schema: _dialect,
      $defs,
      ...own
    } = z.toJSONSchema(schema, { io, target: 'draft-2020-12', unrepresentable: 'any', override: describe }) as JsonSchema;
    for (const [id, definition] of Object.entries(($defs ?? {}) as Record<string, JsonSchema>)) components[id] = named(definition);
    return named(own);
  };
  return { components, schemaOf };
};

/** Secrets are write-only; an answer may gain members, so nothing forbids them. */
const describe = ({ jsonSchema }: { jsonSchema: JsonSchema }): void => {
  if (jsonSchema['secret'] === true) {
    delete jsonSchema['secret'];
    jsonSchema['writeOnly'] = true;
  }
  delete jsonSchema['id'];
  if (jsonSchema['additionalProperties'] === false) delete jsonSchema['additionalProperties'];
};

const named = (schema: JsonSchema): JsonSchema =>
  JSON.parse(JSON.stringify(schema), (key, value) =>
    key === '$ref' && typeof value === 'string' ? value.replace(IN_DEFINITIONS, IN_COMPONENTS) : value,
  ) as JsonSchema;
