import { z } from 'zod'

/** What the recorder asks the process that reads for it, a line each. */
export const requestSchema = z.discriminatedUnion('do', [
  z.object({ do: z.literal('begin'), xz: z.string().nullable(), barred: z.array(z.string()) }),
  z.object({ do: z.literal('add'), pid: z.number() }),
  z.object({ do: z.literal('remove'), pid: z.number() }),
  /** answered by whether names may have changed */
  z.object({ do: z.literal('refresh'), id: z.number(), phaseEnds: z.boolean() }),
  /** answered by one `NameOf` for each address, hex without 0x; with `*` before it it is of data */
  z.object({ do: z.literal('name'), id: z.number(), addresses: z.array(z.string()) }),
  /** answered by advice on all processes that were added */
  z.object({ do: z.literal('advise'), id: z.number() }),
])
export type Request = z.infer<typeof requestSchema>

const text = z.string().nullable()

/** All that can be said of a user frame by its address; untrusted text. */
const nameSchema = z.tuple([
  /** symbol */ text,
  /** path of the file it lies in */ text,
  /** just-in-time compiled function */ text,
  /** whether a walk that begins there passes over a caller */ z.boolean(),
  /** function that the call before it calls */ text,
])
export type NameOf = z.infer<typeof nameSchema>

export const adviceSchema = z.object({ id: z.string(), text: z.string(), fix: text })

/** What it says, a line each. */
export const messageSchema = z.union([
  /** it is about to read this, and may never come back */
  z.object({ reading: z.object({ key: z.string(), what: z.string() }) }),
  z.object({
    id: z.number(),
    answer: z.union([z.boolean(), z.array(nameSchema), z.object({ advice: z.array(adviceSchema) })]),
    /** what was left out, safe to show */
    notes: z.array(z.string()),
  }),
])
export type Message = z.infer<typeof messageSchema>
export type Answer = Extract<Message, { id: number }>['answer']
