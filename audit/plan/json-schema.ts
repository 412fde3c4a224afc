import { z } from 'zod'
import { planSchema } from './schema.ts'

/** The part of JSON Schema that a plan's schema is made of. */
export interface Schema {
  type?: string
  description?: string
  properties?: Record<string, Schema>
  required?: string[]
  additionalProperties?: boolean | Schema
  propertyNames?: Schema
  items?: Schema
  prefixItems?: Schema[]
  anyOf?: Schema[]
  oneOf?: Schema[]
  const?: unknown
  enum?: unknown[]
  pattern?: string
  minLength?: number
  maxLength?: number
  minItems?: number
  maxItems?: number
  minimum?: number
  maximum?: number
  exclusiveMinimum?: number
}

const schemaSchema: z.ZodType<Schema> = z.custom<Schema>((value) => typeof value === 'object' && value !== null)

let made: Schema | null = null

/** The published JSON Schema of a plan (draft 2020-12): what editors complete and check it by. */
export function planJsonSchema(): Schema {
  made ??= schemaSchema.parse(z.toJSONSchema(planSchema, { io: 'input' }))
  return made
}
