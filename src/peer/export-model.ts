// The model to take along, as the files that a person saves.
import { encodeModelFile } from '../core/export/model-file.ts'
import { encodeTfjsModel, TFJS_WEIGHTS_NAME } from '../core/export/tfjs.ts'
import type { ExportedFile, ModelExport } from '../ports/session.ts'
import type { Peer } from './peer.ts'

export function exportModel(peer: Peer, format: ModelExport): readonly ExportedFile[] {
  const { charter, machine, options } = peer
  const { round } = machine.window.current
  const params = peer.modelParams()
  if (format === 'safetensors') {
    const notes = { room: options.link.room, round: String(round), title: charter.title }
    const bytes = encodeModelFile({ model: charter.model, params, classes: charter.classes, notes })
    return [{ name: 'model.safetensors', mediaType: 'application/octet-stream', bytes }]
  }
  const { modelJson, weights } = encodeTfjsModel(charter.model, params)
  return [
    { name: 'model.json', mediaType: 'application/json', bytes: new TextEncoder().encode(modelJson) },
    { name: TFJS_WEIGHTS_NAME, mediaType: 'application/octet-stream', bytes: weights },
  ]
}
