// npm run ledger-schema: writes docs/ledger.schema.json, the published form of the ledger's records, from the schemas that
// the decoders use. Rules between fields stand in it as descriptions only: JSON Schema can not say them.
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { toJsonSchemaDefs } from '@valibot/to-json-schema'
import { format, resolveConfig } from 'prettier'
import type { GenericSchema } from 'valibot'
import { decimal, hash, member, room, signature } from '../src/core/ledger/fields.ts'
import { bodies, body, entry, governance } from '../src/core/ledger/schema-entry.ts'
import {
  certificate,
  seal,
  sealedHeads,
  sealStatement,
  signedHead,
  snapshot,
} from '../src/core/ledger/schema-seal.ts'

const FILE = fileURLToPath(new URL('../docs/ledger.schema.json', import.meta.url))

const definitions: Record<string, GenericSchema> = {
  entry,
  body,
  ...bodies,
  governance,
  signedHead,
  seal,
  sealStatement,
  certificate,
  snapshot,
  sealedHeads,
  member,
  room,
  hash,
  signature,
  decimal,
}

export function ledgerSchema(): object {
  const $defs = toJsonSchemaDefs(definitions, {
    target: 'draft-2020-12',
    // What comes after a second schema only narrows the type for the compiler.
    typeMode: 'input',
    ignoreActions: ['check'],
    overrideSchema: ({ valibotSchema, jsonSchema }) =>
      valibotSchema === snapshot.entries.state
        ? { description: 'Folded state of all mechanisms: objects, arrays, texts and safe integers' }
        : jsonSchema,
  })
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: 'urn:yoriai:ledger:2',
    title: 'Yoriai ledger, version 2',
    description:
      'An entry of the ledger. Its bytes are the RFC 8785 form of this object; its name is their SHA-256. Other records under $defs.',
    $ref: '#/$defs/entry',
    $defs,
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const options = await resolveConfig(FILE)
  await writeFile(FILE, await format(JSON.stringify(ledgerSchema()), { ...options, filepath: FILE }))
  console.log(`written: ${path.relative(process.cwd(), FILE)}`)
}
