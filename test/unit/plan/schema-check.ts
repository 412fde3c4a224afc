import type { Schema } from '../../../audit/plan/json-schema.ts'

/** Whether a value keeps a JSON Schema, as far as a plan's schema goes: what an editor would say. */
export function keeps(schema: Schema, value: unknown): boolean {
  const known = Object.keys(schema).every((key) => key in checks || annotations.has(key))
  if (!known) throw new Error(`this check does not know ${Object.keys(schema).join(', ')}`)
  return Object.entries(checks).every(([key, check]) => !(key in schema) || check(schema, value))
}

const annotations = new Set(['$schema', 'description', 'additionalProperties', 'format'])

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const types: Readonly<Record<string, (value: unknown) => boolean>> = {
  object: isMap,
  array: Array.isArray,
  string: (value) => typeof value === 'string',
  number: (value) => typeof value === 'number',
  integer: Number.isInteger,
  boolean: (value) => typeof value === 'boolean',
  null: (value) => value === null,
}

const ofText = (check: (text: string) => boolean) => (_: Schema, value: unknown) =>
  typeof value !== 'string' || check(value)
const ofNumber = (value: unknown, check: (number: number) => boolean) => typeof value !== 'number' || check(value)
const ofList = (value: unknown, check: (list: unknown[]) => boolean) => !Array.isArray(value) || check(value)

const checks: Readonly<Record<string, (schema: Schema, value: unknown) => boolean>> = {
  type: ({ type = '' }, value) => types[type]?.(value) ?? false,
  const: (schema, value) => schema.const === value,
  enum: (schema, value) => schema.enum?.includes(value) ?? false,
  anyOf: ({ anyOf = [] }, value) => anyOf.some((one) => keeps(one, value)),
  oneOf: ({ oneOf = [] }, value) => oneOf.filter((one) => keeps(one, value)).length === 1,
  pattern: (schema, value) => ofText((text) => new RegExp(schema.pattern ?? '', 'u').test(text))(schema, value),
  minLength: (schema, value) => ofText((text) => text.length >= (schema.minLength ?? 0))(schema, value),
  maxLength: (schema, value) => ofText((text) => text.length <= (schema.maxLength ?? 0))(schema, value),
  minimum: ({ minimum = 0 }, value) => ofNumber(value, (number) => number >= minimum),
  maximum: ({ maximum = 0 }, value) => ofNumber(value, (number) => number <= maximum),
  exclusiveMinimum: ({ exclusiveMinimum = 0 }, value) => ofNumber(value, (number) => number > exclusiveMinimum),
  minItems: ({ minItems = 0 }, value) => ofList(value, (list) => list.length >= minItems),
  maxItems: ({ maxItems = 0 }, value) => ofList(value, (list) => list.length <= maxItems),
  prefixItems: ({ prefixItems = [] }, value) =>
    ofList(value, (list) => prefixItems.every((one, index) => index >= list.length || keeps(one, list[index]))),
  items: ({ items = {}, prefixItems = [] }, value) =>
    ofList(value, (list) => list.slice(prefixItems.length).every((one) => keeps(items, one))),
  required: ({ required = [] }, value) => !isMap(value) || required.every((key) => Object.hasOwn(value, key)),
  propertyNames: ({ propertyNames = {} }, value) =>
    !isMap(value) || Object.keys(value).every((key) => keeps(propertyNames, key)),
  properties: ({ properties = {}, additionalProperties = true }, value) =>
    !isMap(value) ||
    Object.entries(value).every(([key, inner]) => {
      const own = Object.hasOwn(properties, key) ? properties[key] : undefined
      if (own) return keeps(own, inner)
      return typeof additionalProperties === 'object' ? keeps(additionalProperties, inner) : additionalProperties
    }),
}
